"""`nncli init --samples`, and that the examples of every help and the suggestions after each command can be pasted."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from PIL import Image
from typer.main import get_command

from nncli.cli import app

COMMANDS: Any = get_command(app).commands  # type: ignore[attr-defined]


def nncli(*words: object) -> Any:
    return typer.testing.CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def suggestions(stderr: str) -> list[str]:
    """The lines from `next:` on."""
    lines = stderr.splitlines()
    [start] = [index for index, line in enumerate(lines) if line.startswith("next: ")]
    return [line.removeprefix("next:").strip() for line in lines[start:]]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with samples and a run on digits."""
    folder = tmp_path_factory.mktemp("here")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert nncli("init", "--samples", "samples").exit_code == 0
        assert nncli("train", "digits_softmax", "--epochs", 8, "--quiet").exit_code == 0
    return folder


@pytest.fixture(autouse=True)
def inside(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    monkeypatch.delenv("NNCLI_RUNS_DIR", raising=False)


def test_samples_are_the_same_each_time_and_never_replaced_unasked(here: Path) -> None:
    before = {path: path.read_bytes() for path in (here / "samples").rglob("*") if path.is_file()}
    assert len(before) == 3 + 10 + 1 + 3 * 40
    refused = nncli("init", "--samples", "samples")
    assert refused.exit_code == 2 and "--force" in refused.stderr
    assert nncli("init", "--samples", "samples", "--force").exit_code == 0
    assert {path: path.read_bytes() for path in before} == before
    with Image.open(here / "samples" / "seven.png") as image:
        assert (image.size, image.mode) == ((28, 28), "L")


def test_the_samples_of_digits_are_predicted_well() -> None:
    lines = nncli("predict", "samples/digits", "--format", "csv").stdout.splitlines()[1:]
    right = sum(Path(line.split(",")[0]).stem == line.split(",")[1] for line in lines)
    assert len(lines) == 10 and right >= 7


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_example_of_a_help_text_runs_where_the_samples_are(name: str) -> None:
    told = nncli(name, "--help").stdout
    [example] = re.findall(r"Example: nncli (.*)", told)
    words = shlex.split(example.partition(" > ")[0])
    if words[0] in ("train", "compare", "check") and "mnist" in example:
        words.append("--help")  # MNIST may not be on this machine; the options are checked all the same
    if words[0] == "compare":
        words += ["--epochs", "1", "--seeds", "1", "--jobs", "1"]
    if words[0] == "init":
        words += ["--output", "-"]
    outcome = nncli(*words)
    assert outcome.exit_code == 0, outcome.output


def test_each_suggestion_after_a_command_runs(here: Path) -> None:
    trained = nncli("train", "digits_softmax", "--epochs", 1)
    evaluated = nncli("eval")
    written = nncli("init", "samples/flowers.csv", "--target", "species", "--force")
    examined = nncli("data", "samples/flowers.csv", "--target", "species")
    compared = nncli("compare", "--epochs", 1, "--seeds", 1, "--jobs", 1)
    for outcome in (trained, evaluated, written, examined, compared):
        assert outcome.exit_code == 0, outcome.output
        for line in suggestions(outcome.stderr):
            if line.startswith("look at "):
                assert Path(line.removeprefix("look at ")).is_file(), line
                continue
            words = shlex.split(line)[1:]
            words = ["samples/digits/1.png" if word == "IMAGE" else word for word in words]
            following = nncli(*words, *(["--epochs", "1"] if words[0] == "train" else []), *_forced(words))
            assert following.exit_code == 0, f"{line}: {following.output}"


def _forced(words: list[str]) -> list[str]:
    return ["--force"] if words[0] == "init" else []


def test_a_training_on_a_table_suggests_to_predict_that_table() -> None:
    Path("flowers.yaml").unlink(missing_ok=True)
    nncli("init", "samples/flowers.csv", "--target", "species")
    outcome = nncli("train", "flowers.yaml", "--epochs", 1)
    predicting = next(line for line in suggestions(outcome.stderr) if line.startswith("nncli predict"))
    assert nncli(*shlex.split(predicting)[1:]).exit_code == 0


def test_quiet_leaves_the_answer_and_warnings_and_nothing_else() -> None:
    outcome = nncli("predict", "samples/seven.png", "--run", "digits_softmax", "--quiet")
    assert outcome.stderr == "" and "seven.png" in outcome.stdout
    warned = nncli("predict", "samples/seven.png", "nothing.png", "--run", "digits_softmax", "--quiet")
    assert "no such file" in warned.stderr and "run " not in warned.stderr.splitlines()[0]
    assert "next:" not in nncli("eval", "--quiet").stderr


def test_a_run_is_named_as_an_argument_or_by_an_option_and_only_one() -> None:
    name = next(path.name for path in Path("runs").glob("*-digits_softmax") if "compare" not in path.name)
    assert nncli("eval", name, "--quiet").stdout == nncli("eval", "--run", name, "--quiet").stdout
    assert nncli("eval", name, "--run", name).exit_code == 0
    differing = nncli("eval", name, "--run", "latest")
    assert differing.exit_code == 2 and "two runs" in differing.stderr


def test_predict_says_which_run_answers_and_takes_the_format_from_the_files_ending(tmp_path: Path) -> None:
    run = ("--run", "digits_softmax")
    outcome = nncli("predict", "samples/seven.png", *run, "--output", tmp_path / "out.csv")
    assert outcome.exit_code == 0 and re.search(r"run \S+-digits_softmax \(test accuracy 0\.\d+\)", outcome.stderr)
    assert (tmp_path / "out.csv").read_text().startswith("input,prediction,probability")
    nncli("predict", "samples/seven.png", *run, "--output", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text().startswith('{"input"')
    unknown = nncli("predict", "samples/seven.png", *run, "--output", tmp_path / "out.xyz")
    assert unknown.exit_code == 2 and ".csv" in unknown.stderr
    nncli("predict", "samples/seven.png", *run, "--output", tmp_path / "other.txt", "--format", "csv")
    assert (tmp_path / "other.txt").read_text().startswith("input,")
