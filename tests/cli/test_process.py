"""Signals: raised where they arrive, but not while Python is importing."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nncli.errors import StopRequest, Terminated


@pytest.fixture
def received() -> Iterator[list[int]]:
    """The signals that arrive again, in place of nncli's handler."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)
    StopRequest.raised, StopRequest._deferrals = None, 0


def frame_in(file: str) -> Any:
    return SimpleNamespace(f_code=SimpleNamespace(co_filename=file))


def test_a_signal_is_raised_at_once(received: list[int]) -> None:
    with pytest.raises(Terminated):
        StopRequest.deliver(Terminated, signal.SIGTERM, frame_in("train.py"))
    assert StopRequest.raised is Terminated and received == []


def test_a_signal_while_python_is_importing_arrives_again(received: list[int]) -> None:
    StopRequest.deliver(Terminated, signal.SIGTERM, frame_in("<frozen importlib._bootstrap>"))
    assert StopRequest.raised is None
    for _ in range(500):
        if received:
            break
        time.sleep(0.01)
    assert received == [signal.SIGTERM]


def test_a_signal_does_not_wait_for_a_long_import(received: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StopRequest, "_deferrals", 100)
    with pytest.raises(Terminated):
        StopRequest.deliver(Terminated, signal.SIGTERM, frame_in("<frozen importlib._bootstrap>"))


def has_handlers(process: subprocess.Popen) -> bool:
    """Whether it catches SIGTERM, which it does after SIGINT."""
    caught = Path(f"/proc/{process.pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> signal.SIGTERM - 1 & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells which signals a process catches")
@pytest.mark.parametrize(
    ("number", "code", "told"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
    ids=["SIGINT", "SIGTERM"],
)
def test_a_signal_before_the_commands_are_imported_is_no_traceback(number: int, code: int, told: str) -> None:
    words = [sys.executable, "-m", "nncli", "schema"]
    with subprocess.Popen(words, stdout=-3, stderr=-1, text=True, start_new_session=True) as process:
        while process.poll() is None and not has_handlers(process):
            time.sleep(0.001)
        process.send_signal(number)
        _, talk = process.communicate(timeout=60)
    assert process.returncode == code
    assert talk in (f"{told}\n", "")  # Click, once it runs, ends without a word


def shell(line: str) -> "subprocess.CompletedProcess[str]":
    """A line of sh; `nncli` in it is this interpreter's."""
    line = line.replace("nncli", f"'{sys.executable}' -m nncli", 1)
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("words", ["runs --json --runs-dir /nowhere", "--version", "explain relu"])
def test_an_answer_that_cannot_be_written_is_an_error_in_a_line(words: str) -> None:
    for where, why in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")):
        done = shell(f"nncli {words} {where}")
        assert (done.returncode, done.stderr) == (1, f"error: stdout cannot be written: {why}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="sh is needed")
def test_a_reader_that_has_seen_enough_and_a_closed_stderr_are_no_errors() -> None:
    done = shell("nncli configs | head -n 1")
    assert len(done.stdout.splitlines()) == 1 and "error" not in done.stderr and "Traceback" not in done.stderr
    done = shell("nncli configs --json 2>&-")
    assert done.returncode == 0 and done.stdout.startswith("{")


INTERRUPTED_IMPORT = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("nncli.") and name != "nncli.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from nncli.cli import main
main()
"""


@pytest.mark.parametrize(("start", "code", "told"), [("", 130, "interrupted\n"), ("exec 2>&-; ", 130, "")])
def test_ctrl_c_before_the_first_module_is_imported_is_no_traceback(start: str, code: int, told: str) -> None:
    command = ["sh", "-c", f'{start}exec "$@"', "sh", sys.executable, "-c", INTERRUPTED_IMPORT]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (code, told)
