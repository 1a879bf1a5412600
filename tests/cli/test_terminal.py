"""The screen of a real terminal, by a pseudo-terminal: no foreign line, nothing lost, nothing wider than the window."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are Unix's")

COMMAND = [sys.executable, "-m", "nncli"]
GRAPH = ("--set", "train.executor=graph")  # compiled in half the time
# Stands for TensorFlow: an import that takes long and writes to descriptor 2 the while, as absl's loggers do.
SLOW_IMPORT = """
import os, time
for _ in range(400):
    os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\\n")
    time.sleep(0.05)
"""


def fork_in_terminal(words: list[str], columns: int) -> tuple[int, int]:
    """The process id and the terminal's descriptor of a command in a terminal of that width and 24 lines."""
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        # readline may have put COLUMNS into the environment of C, where os.environ does not see it.
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        os.execve(COMMAND[0], [*COMMAND, *words], {**environment, "TERM": "xterm-256color"})
    return process, terminal


def run_in_terminal(words: list[str], columns: int) -> tuple[str, int]:
    """What a terminal of that width and 24 lines gets, and the exit code."""
    process, terminal = fork_in_terminal(words, columns)
    received = b""
    while select.select([terminal], [], [], 120)[0]:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # Linux's way to say that the other end was closed
            break
        if not piece:
            break
        received += piece
    return received.decode(errors="replace"), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def lines_on_screen(received: str) -> list[str]:
    """All lines that were ever written, without colours; a line that was overwritten counts as one of its own."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", received)
    return [line.rstrip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


LONG = pytest.mark.long


@pytest.mark.parametrize("columns", [pytest.param(40, marks=LONG), 80, pytest.param(120, marks=LONG)])
def test_epochs_fit_the_window_and_nothing_foreign_is_on_the_screen(columns: int, tmp_path: Path) -> None:
    received, code = run_in_terminal(["train", "--epochs", "3", *GRAPH, "--runs-dir", str(tmp_path)], columns)
    assert code == 0, received
    lines = lines_on_screen(received)
    assert not [line for line in lines if "absl" in line or re.match(r"[IWEF]\d{4} ", line)]
    epochs = [line for line in lines if re.match(r" *(epoch +loss|\d/3 )", line)]
    assert epochs[0].split()[:3] == ["epoch", "loss", "val_loss"] and len(epochs) == 4
    assert epochs[1].endswith("*"), "the first epoch is the best so far"
    bars = [line for line in lines if "elapsed" in line or "batches" in line]
    panel = [line for line in lines if line.startswith(("best      epoch ", "health    "))]
    assert bars and len(panel) >= 2 and max(map(len, [*epochs, *bars, *panel])) <= columns
    assert re.search(r"[\u2801-\u28ff]", received), "curves"
    assert len({len(line.removesuffix(" *")) for line in epochs}) == 1, "columns stand still"


def screen_of(received: str, columns: int) -> list[str]:
    """What is left on a screen of 500 lines: enough of a terminal for what rich writes, with its late line breaks."""
    lines, row, column = [""] * 500, 0, 0
    for text, code, letter in re.findall(r"([^\x1b\r\n]+|[\r\n])|\x1b\[([0-9;?]*)([A-Za-z])", received):
        if text == "\r":
            column = 0
        elif text == "\n":
            row += 1
        elif text:
            for sign in text:
                if column == columns:
                    row, column = row + 1, 0
                lines[row] = lines[row][:column].ljust(column) + sign + lines[row][column + 1 :]
                column += 1
        elif letter == "A":
            row -= int(code or 1)
        elif letter == "K":
            lines[row] = ""
    return [line.rstrip() for line in lines if line.strip()]


def test_ctrl_c_leaves_no_rubbish_and_a_terminal_that_echoes(tmp_path: Path) -> None:
    words = ["train", "--epochs", "100000", *GRAPH, "--set", "train.early_stopping=null", "--runs-dir", str(tmp_path)]
    process, terminal = fork_in_terminal(words, 80)
    received, pressed = b"", False
    while select.select([terminal], [], [], 120)[0]:
        try:
            received += os.read(terminal, 1 << 16)
        except OSError:
            break
        if not pressed and b"health" in received:
            assert not termios.tcgetattr(terminal)[3] & termios.ECHO
            pressed = bool(os.write(terminal, b"x\r\x03"))  # other keys before it move nothing either
    assert termios.tcgetattr(terminal)[3] & termios.ECHO
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 130
    text = received.decode()
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l"), "the cursor is shown again"
    left = screen_of(text, 80)
    first, *epochs = left[: left.index("* the best val_loss so far")]
    assert first.split() == ["epoch", "loss", "val_loss", "accuracy", "val_accuracy", "time"]
    assert epochs and all(re.match(r" *\d+/100000 ", line) for line in epochs)
    assert [line.split()[0] for line in left[len(epochs) + 2 :] if "/" not in line.split()[0]][-1] == "interrupted"
    assert not [line for line in left if "^C" in line or "elapsed" in line or re.search(r"[\u2801-\u28ff]", line)]


@pytest.mark.long
def test_a_comparison_says_from_the_start_how_many_trainings_are_done(tmp_path: Path) -> None:
    words = ["compare", "--epochs", "1", "--seeds", "1", "--jobs", "2", *GRAPH, "--runs-dir", str(tmp_path)]
    received, code = run_in_terminal(words, 80)
    assert code == 0, received
    lines = lines_on_screen(received)
    assert any("0 of 2 trainings done, 2 at a time" in line for line in lines)
    told = [line for line in lines if line.startswith("seed 1 ")]
    assert len(told) == 2 and max(map(len, told)) <= 80


def test_an_error_is_never_lost_while_tensorflow_is_being_imported(tmp_path: Path) -> None:
    stub = tmp_path / "stub" / "tensorflow"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text(SLOW_IMPORT)
    (tmp_path / "empty.csv").write_text("a,b\n")
    config = tmp_path / "config.yaml"
    config.write_text("data: {source: csv, path: empty.csv, target: b}\nmodel: {layers: [output]}\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(stub.parent), *sys.path])}
    command = [*COMMAND, "train", str(config), "--runs-dir", str(tmp_path / "runs")]
    for _ in range(8):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ") and "no rows" in done.stderr
        assert "absl" not in done.stderr


def test_a_crash_of_native_code_is_seen_though_descriptor_2_is_held_back(tmp_path: Path) -> None:
    stub = tmp_path / "stub" / "tensorflow"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("import os\nos.abort()\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(stub.parent), *sys.path])}
    command = [*COMMAND, "train", "--epochs", "1", "--runs-dir", str(tmp_path / "runs")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -6
    assert "Fatal Python error: Aborted" in done.stderr and str(stub) in done.stderr


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_help_names_every_option_in_full_and_no_type_for_a_flag(columns: int) -> None:
    environment = {**os.environ, "COLUMNS": str(columns)}
    done = subprocess.run([*COMMAND, "train", "--help"], env=environment, capture_output=True, text=True, check=True)
    assert {"--runs-dir", "--data-dir", "--timings"} <= set(done.stdout.split())
    assert "bool" not in done.stdout and "…" not in done.stdout
    prose = [line for line in done.stdout.splitlines() if "Example:" not in line]
    assert max(map(len, prose)) <= columns
    same = subprocess.run([*COMMAND, "help", "train"], env=environment, capture_output=True, text=True, check=True)
    assert same.stdout == done.stdout


@pytest.mark.parametrize("columns", [40, 80])
def test_the_list_of_commands_has_every_summary_in_full(columns: int) -> None:
    environment = {**os.environ, "COLUMNS": str(columns)}
    done = subprocess.run([*COMMAND, "--help"], env=environment, capture_output=True, text=True, check=True)
    assert max(map(len, done.stdout.splitlines())) <= columns
    words = " ".join(done.stdout.split())
    assert "Measure a run on its test set, and compare it with simpler models." in words
    assert "Compare gradients with finite differences in float64." in words
    same = subprocess.run([*COMMAND, "help", "-q"], env=environment, capture_output=True, text=True, check=True)
    assert same.stdout == done.stdout


def test_what_a_failing_import_writes_is_told_once(tmp_path: Path) -> None:
    stub = tmp_path / "stub" / "tensorflow"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("import os\nos.write(2, b'no such library\\n')\nraise ImportError('broken')\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(stub.parent), *sys.path])}
    command = [*COMMAND, "train", "--epochs", "1", "--runs-dir", str(tmp_path / "runs")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("no such library") == 1 and done.stderr.count("ImportError: broken") == 1


def test_sentences_of_an_answer_are_broken_at_blanks_in_a_narrow_window(tmp_path: Path) -> None:
    received, code = run_in_terminal(["train", "--epochs", "1", "--quiet", *GRAPH, "--runs-dir", str(tmp_path)], 40)
    assert code == 0, received
    lines = lines_on_screen(received)
    [start] = [index for index, line in enumerate(lines) if line.startswith("weights: ")]
    assert max(map(len, lines[start : start + 2])) <= 40
    assert " ".join(lines[start : start + 2]).startswith("weights: epoch 1 of 1; the best val_loss is that of epoch 1")


def test_a_program_that_lists_the_configs_gets_no_talk() -> None:
    done = subprocess.run([*COMMAND, "configs", "--json"], capture_output=True, text=True, check=True)
    assert done.stderr == "" and json.loads(done.stdout)["configs"]
