"""Completion as the shells ask for it: by their own variables, and by the real shells where they are."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nncli.cli.completion import join_words

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shells are Unix's")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a program `nncli` in `bin/`, a run, a config of one's own, and bash completion installed."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "bin").mkdir()
    program = folder / "bin" / "nncli"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nncli "$@"\n')
    program.chmod(0o755)
    (folder / "runs" / "20261128-100000-iris").mkdir(parents=True)
    (folder / "runs" / "20261128-100000-iris" / "run.json").write_text("{}")
    (folder / "runs" / "20261128-110000-compare-iris").mkdir()
    (folder / "runs" / "20261128-110000-compare-iris" / "run.json").write_text('{"kind": "compare"}')
    (folder / "mine.yaml").touch()
    (folder / "our data & more").mkdir()
    (folder / "our data & more" / "own.yaml").touch()
    for shell in ("bash", "zsh", "fish"):
        subprocess.run(
            [program, "--install-completion", shell], env=environment(folder), check=True, capture_output=True
        )
    return folder


def environment(home: Path, **more: str) -> dict[str, str]:
    """That of a shell in the home; the shell is named and not looked for."""
    own = {"HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}
    own["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"
    return {name: value for name, value in os.environ.items() if name != "NNCLI_RUNS_DIR"} | own | more


def in_bash(home: Path, *words: str) -> list[str]:
    """What bash would offer for the last of the words, which are as bash splits them."""
    script = (
        'source ~/.bash_completions/nncli.sh; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_nncli_completion nncli; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = ["bash", "--norc", "-c", script, "bash", "nncli", *words]
    done = subprocess.run(command, env=environment(home), cwd=home, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gradch"], ["gradcheck"]),
        (["train", "mnist_so"], ["mnist_softmax"]),
        (["train", "mi"], ["mine.yaml"]),
        (["eval", ""], ["latest", "20261128-110000-compare-iris", "20261128-100000-iris"]),
        (["train", "--resume", ""], ["latest", "20261128-100000-iris"]),
        (["compare", "--resume", ""], ["latest", "20261128-110000-compare-iris"]),
        (["ensemble", "2"], ["20261128-110000-compare-iris"]),
        (["train", "ou"], [r"our\ data\ \&\ more/own.yaml"]),
        (["train", r"our\ da"], [r"our\ data\ \&\ more/own.yaml"]),
        (["train", '"our da'], ["our data & more/own.yaml"]),
        (["train", "--resume", "lat"], ["latest"]),
        (
            ["train", "--set", "optimizer.learning_rate.dec"],
            ["optimizer.learning_rate.decay_rate=", "optimizer.learning_rate.decay_epochs="],
        ),
        (["train", "--set", "optimizer.name", "=", "rms"], ["rmsprop"]),
        (["train", "--set", "train.executor", "="], ["auto", "xla", "graph", "keras"]),
        (["train", "--set", "=", "train.health", "=", "t"], ["true"]),
        (["compare", "--vary", "model.hidden"], ["model.hidden_activation="]),
        (["help", "ini"], ["init"]),
    ],
)
def test_bash_offers_configs_runs_keys_and_values(home: Path, words: list[str], expected: list[str]) -> None:
    assert in_bash(home, *words) == expected


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_a_tab_in_bash_completes_a_key_without_a_blank_and_then_its_value(home: Path) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(home)
        os.execve(shutil.which("bash") or "", ["bash", "--norc", "-i"], environment(home, TERM="dumb", PS1="$ "))
    os.write(terminal, b"bind 'set enable-bracketed-paste off'; source ~/.bash_completions/nncli.sh; echo rea''dy\n")
    read_until(terminal, "ready\r\n")
    os.write(terminal, b"nncli train --set train.exec\t")
    assert read_until(terminal, r"utor=").replace("\x07", "").endswith("train.executor=")
    os.write(terminal, b"x\t")
    assert read_until(terminal, r"xla ").endswith("xla ")
    for typed, shown in ((b"\x15nncli check our\\ \t", r"own\.yaml "), (b'\x15nncli check "our d\t', r'own\.yaml" ')):
        os.write(terminal, typed)
        read_until(terminal, shown)
        os.write(terminal, b"--json; echo en''ded\n")
        assert "our data & more/own.yaml: is empty" in read_until(terminal, r"ended\r\n"), (
            "the file was found by the name that was completed"
        )
    os.write(terminal, b"\x15exit\n")
    read_until(terminal, None)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def read_until(terminal: int, pattern: str | None) -> str:
    """What the terminal shows up to a pattern, or up to its end."""
    shown = ""
    while not (pattern and re.search(pattern, shown)):
        assert select.select([terminal], [], [], 60)[0], f"never saw {pattern!r} in {shown!r}"
        try:
            piece = os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            break
        if not piece:
            break
        shown += piece
    return shown


def asked(home: Path, **variables: str) -> str:
    """What nncli answers to a shell that asks with these variables."""
    done = subprocess.run(
        [home / "bin" / "nncli"],
        env=environment(home, **variables),
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_zsh_gets_words_with_what_they_mean(home: Path) -> None:
    told = asked(home, _NNCLI_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="nncli train --set optimizer.name=adam")
    assert '"optimizer.name=adam"' in told and '"optimizer.name=adamw"' in told and "sgd" not in told
    assert "Convolutional layers" in asked(
        home, _NNCLI_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="nncli train mnist_c"
    )


def test_fish_gets_words_with_what_they_mean(home: Path) -> None:
    variables = {"_NNCLI_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    told = asked(home, **variables, _TYPER_COMPLETE_ARGS="nncli eval ")
    assert told.splitlines() == [
        "latest\tthe newest finished training",
        "20261128-110000-compare-iris\trun",
        "20261128-100000-iris\trun",
    ]
    assert asked(home, **variables, _TYPER_COMPLETE_ARGS="nncli train ou") == "our data & more/own.yaml\tconfig file\n"


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed; its variables are tested above")
def test_zsh_accepts_the_script(home: Path) -> None:
    script = "autoload -Uz compinit && compinit -u && source ~/.zfunc/_nncli && whence -w _nncli_completion"
    done = subprocess.run(
        ["zsh", "-f", "-c", script], env=environment(home), capture_output=True, text=True, check=True
    )
    assert "function" in done.stdout


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed; its variables are tested above")
def test_fish_completes_with_the_script(home: Path) -> None:
    command = ["fish", "--no-config", "-c", "source ~/.config/fish/completions/nncli.fish; complete -C 'nncli gradch'"]
    done = subprocess.run(command, env=environment(home), cwd=home, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("gradcheck")


@pytest.mark.parametrize(
    ("words", "expected", "before"),
    [
        (["nncli", "train", "--set", "a.b", "=", "c"], ["nncli", "train", "--set", "c"], "a.b="),
        (["nncli", "train", "--set", "a.b", "="], ["nncli", "train", "--set", ""], "a.b="),
        (["nncli", "train", "--set", "=", "a.b", "=", "c"], ["nncli", "train", "--set", "c"], "a.b="),
        (["nncli", "train", "--resume", "=", "la"], ["nncli", "train", "--resume", "la"], ""),
        (["nncli", "train", "--set", "a", "=", "1", "mn"], ["nncli", "train", "--set", "a", "=", "1", "mn"], ""),
        (["nncli", "train"], ["nncli", "train"], ""),
    ],
)
def test_words_that_bash_split_at_equal_signs_are_joined(words: list[str], expected: list[str], before: str) -> None:
    asking = {"_NNCLI_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    join_words(asking)
    assert asking["COMP_WORDS"].split("\n") == expected and asking["_NNCLI_COMPLETE_BEFORE"] == before
    assert asking["COMP_CWORD"] == str(len(expected) - 1)
    other = {"_NNCLI_COMPLETE": "complete_zsh"}
    join_words(other)
    assert other == {"_NNCLI_COMPLETE": "complete_zsh"}
