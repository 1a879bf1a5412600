"""Workers that die or hang, here processes that train nothing."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from nncli.errors import NncliError
from nncli.pipeline.training.workers import watchdog
from nncli.pipeline.training.workers.launching import run_workers
from nncli.run import files
from nncli.run.folder import RunFolder

# Long against a pause that a busy machine makes in a healthy process.
SECONDS = 3.0
WORKER = """
import json, os, signal, sys, time
from nncli.pipeline.training.workers.line import open_line
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
line = open_line(is_chief=index == 0)
folder, behaviour = sys.argv[1:3]
line.tell({"joined": True})
if index == 0:
    line.tell({"run": folder})
(open(f"{folder}/pid{index}", "w")).write(str(os.getpid()))
while not all(os.path.exists(f"{folder}/pid{other}") for other in (0, 1)):
    time.sleep(0.01)
time.sleep(0.1)

def said(who):
    file = f"{folder}/goes{who}"
    return open(file).read().count("\\n") if os.path.exists(file) else 0
"""
THEN = {
    "ends": "sys.exit(0)",
    "sleeps": "time.sleep(300)",
    "wrong": "sys.exit(2 if index == 0 else 1)",
    "dies_once": (
        "print(line.resume, file=open(f'{folder}/goes{index}', 'a'), flush=True)\n"
        "lines = 2 if line.resume else 1\n"
        "while any(said(other) < lines for other in (0, 1)):\n"
        "    time.sleep(0.01)\n"
        "if line.resume: sys.exit(0)\n"
        "os.kill(os.getpid(), signal.SIGKILL) if index else time.sleep(300)"
    ),
    "fails_again": (
        "(open(f'{folder}/goes{index}', 'a')).write(f'{line.resume}\\n')\n"
        "sys.exit(sys.stderr.write('no such file\\n')) if index else time.sleep(300)"
    ),
    "fails": "sys.exit(sys.stderr.write('no such file')) if index else time.sleep(300)",
    "stops": "os.kill(os.getpid(), signal.SIGSTOP) if index else (line.tell({'lost': 'another'}), sys.exit(1))",
    **{
        f"{number}{who}": f"os.kill(os.getpid(), signal.{number}) if index == {who} else time.sleep(300)"
        for number in ("SIGKILL", "SIGSTOP")
        for who in (0, 1)
    },
}


def run(folder: Path, behaviour: str, restarts: int = 0) -> int:
    command = [sys.executable, "-c", WORKER + THEN[behaviour], str(folder), behaviour]
    return run_workers(command, 2, seconds=SECONDS, restarts=restarts)


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    try:  # one that has ended, and that nobody has asked for yet
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run_folder = RunFolder.create(tmp_path / "the runs", "net")
    run_folder.write(files.CONFIG, b"name: net\n")
    run_folder.write(files.CHECKPOINT, b"a state")
    run_folder.unlock()
    return run_folder.path


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ("SIGKILL1", r"worker 2 of 2 \(127\.0\.0\.1:\d+\) was killed by SIGKILL"),
        ("SIGKILL0", r"worker 1 of 2 \(127\.0\.0\.1:\d+\) was killed by SIGKILL"),
        ("SIGSTOP1", r"worker 2 of 2 \(127\.0\.0\.1:\d+\) gave no sign of life for 3 s"),
        ("stops", r"worker 2 of 2 \(127\.0\.0\.1:\d+\) gave no sign of life for 3 s"),
        ("SIGSTOP0", r"worker 1 of 2 \(127\.0\.0\.1:\d+\) gave no sign of life for 3 s"),
    ],
)
def test_one_that_dies_or_hangs_is_named_and_ends_all(folder: Path, behaviour: str, told: str) -> None:
    with pytest.raises(NncliError, match=told) as caught:
        run(folder, behaviour)
    assert caught.value.message.endswith("; the last checkpoint is kept")
    assert caught.value.hint == f"to continue: nncli train --resume '{folder}' --workers 2"
    assert all(is_gone(int((folder / f"pid{index}").read_text())) for index in (0, 1))
    record = RunFolder(folder).record
    assert record["status"] == "failed" and "worker" in record["reason"]


def test_after_a_loss_all_go_on_with_the_run_as_often_as_is_allowed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_KILLED_SECONDS", 0.1)
    assert run(folder, "dies_once", restarts=2) == 0
    assert (folder / "goes0").read_text() == (folder / "goes1").read_text() == f"None\n{folder}\n"
    [restart] = RunFolder(folder).record["restarts"]
    assert restart["reason"].startswith("worker 2 of 2") and restart["reason"].endswith("was killed by SIGKILL")
    with pytest.raises(NncliError, match="was killed by SIGKILL; the last checkpoint is kept"):
        run(folder, "SIGKILL1", restarts=1)
    assert len(RunFolder(folder).record["restarts"]) == 2


def test_an_error_that_another_worker_repeats_ends_the_restarts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_GRACE_SECONDS", 0.1)
    with pytest.raises(
        NncliError, match=r"worker 2 of 2 .* ended with code 13\n  no such file\n  as at the start before"
    ):
        run(folder, "fails_again", restarts=5)
    assert (folder / "goes1").read_text() == f"None\n{folder}\n"
    assert len(RunFolder(folder).record["restarts"]) == 1


@pytest.mark.parametrize(("gap", "is_accused"), [(100.0, False), (0.5, True)])
def test_a_stop_of_all_as_by_ctrl_z_is_no_silence_of_one(
    monkeypatch: pytest.MonkeyPatch, gap: float, is_accused: bool
) -> None:
    """The clock goes on by so many seconds between two looks, and nothing is heard in 100."""
    clock = [0.0]
    monkeypatch.setattr(watchdog, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    ours, theirs = socket.socketpair()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process, theirs:
        worker = watchdog.Worker("worker 1", process, ours, sign=0.0, messages={"joined": True})

        def go_on() -> None:
            clock[0] += gap
            if clock[0] >= 200:
                process.kill()
                process.wait()
                process.returncode = 0

        culprit = watchdog.Watchdog([worker], seconds=3.0).wait(go_on)
        assert (culprit is worker and worker.is_silent) is is_accused


def test_workers_that_end_in_order_end_with_0(folder: Path) -> None:
    assert run(folder, "ends") == 0


def test_what_the_chief_says_itself_is_not_said_again(folder: Path) -> None:
    assert run(folder, "wrong") == 2


def test_what_another_worker_says_is_shown(folder: Path) -> None:
    with pytest.raises(NncliError, match=r"worker 2 of 2 .* ended with code 12\n  no such file"):
        run(folder, "fails")


def test_a_caller_that_is_killed_leaves_no_process(folder: Path) -> None:
    """Also where a worker is stopped, on Linux."""
    script = (
        "import sys; from nncli.pipeline.training.workers.launching import run_workers\n"
        f"run_workers([sys.executable, '-c', {WORKER + THEN['sleeps']!r}, {str(folder)!r}, ''], 2, seconds=60)"
    )
    caller = subprocess.Popen([sys.executable, "-c", script])
    places = [folder / f"pid{index}" for index in (0, 1)]
    while not all(place.exists() and place.read_text() for place in places):
        assert caller.poll() is None
        time.sleep(0.02)
    processes = [int(place.read_text()) for place in places]
    if sys.platform == "linux":
        os.kill(processes[1], signal.SIGSTOP)
    caller.kill()
    caller.wait()
    while not all(is_gone(process) for process in processes):  # the limit of the test ends it if one stays
        time.sleep(0.02)
