"""The lock of a run folder: held while the process lives, gone with it, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nncli.console import Console
from nncli.errors import RunError
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.open_run import open_run
from nncli.run import files, lock
from nncli.run.finding import find_run
from nncli.run.folder import RunFolder
from nncli.run.listing import ListedRun, how_to_go_on, list_runs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")

HOLDER = """
import sys
from pathlib import Path
from nncli.run.folder import RunFolder
folder = RunFolder.create(Path(sys.argv[1]), sys.argv[2], kind=sys.argv[3], stamped=False)
if folder.record["kind"] == "compare":
    RunFolder.create(folder.path, "cell", kind="cell", stamped=False)
print("made", flush=True)
sys.stdin.read()
"""


def hold(runs: Path, name: str, kind: str = "train") -> subprocess.Popen:
    """A process that has a running run, until it is told to end or killed."""
    words = [sys.executable, "-c", HOLDER, str(runs), name, kind]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "made\n"
    return process


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.communicate()


def test_a_run_lives_as_long_as_its_process_and_is_dead_after_sigkill(tmp_path: Path) -> None:
    process = hold(tmp_path, "net")
    folder = RunFolder(tmp_path / "net")
    assert folder.status == "running"
    with pytest.raises(RunError, match="in use by another process"):
        folder.lock()
    kill(process)
    assert folder.record["status"] == "running"
    assert folder.status == "dead"
    assert [run.status for run in list_runs(tmp_path)] == ["dead"]


def test_the_cells_of_a_comparison_die_with_it(tmp_path: Path) -> None:
    process = hold(tmp_path, "comparison", "compare")
    cell = RunFolder(tmp_path / "comparison" / "cell")
    assert (RunFolder(tmp_path / "comparison").status, cell.status) == ("running", "running")
    kill(process)
    assert (RunFolder(tmp_path / "comparison").status, cell.status) == ("dead", "dead")
    cell.lock()  # a cell that is continued alone
    assert (RunFolder(tmp_path / "comparison").status, RunFolder(cell.path).status) == ("dead", "running")
    cell.close("finished")


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ((), "train it again"),
        ((files.CONFIG,), "train it again: nncli train {run}/config.yaml"),
        ((files.CONFIG, files.CHECKPOINT), "continue it: nncli train --resume {run}"),
    ],
)
def test_eval_and_predict_say_that_a_run_is_dead_and_how_to_continue(
    tmp_path: Path, left: tuple[str, ...], expected: str
) -> None:
    kill(hold(tmp_path, "net"))
    for name in left:
        (tmp_path / "net" / name).write_bytes(b"")
    with pytest.raises(RunError, match="its status is dead") as caught:
        open_run("net", Folders(tmp_path), Console())
    assert caught.value.hint == expected.format(run=tmp_path / "net")
    with pytest.raises(RunError, match="no finished run") as caught:
        find_run("latest", tmp_path)
    assert caught.value.hint == f"net is dead; {expected.format(run=tmp_path / 'net')}"


def test_a_dead_comparison_is_called_so_with_its_command(tmp_path: Path) -> None:
    kill(hold(tmp_path, "comparison", "compare"))
    RunFolder(tmp_path / "comparison").write_record(command=["nncli", "compare", "my net.yaml"])
    with pytest.raises(RunError, match="is a comparison; its status is dead"):
        open_run("comparison", Folders(tmp_path), Console())
    assert how_to_go_on(tmp_path / "comparison", "dead") == "start it again: nncli compare 'my net.yaml'"


def test_latest_tells_that_a_newer_run_is_dead(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, "a", stamped=False).close("finished")
    kill(hold(tmp_path, "b"))
    note = "using a; the newer run b is dead: its process ended without a word; train it again"
    assert find_run("latest", tmp_path).note == note


def test_a_process_that_was_forked_keeps_the_run_alive(tmp_path: Path) -> None:
    code = HOLDER.replace("sys.stdin.read()", "import os\nif os.fork() == 0: sys.stdin.read()")
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), "net", "train"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.wait()
    assert RunFolder(tmp_path / "net").status == "running"
    process.communicate()  # the end of its stdin ends the child; its stdout ends with it
    assert RunFolder(tmp_path / "net").status == "dead"


def test_a_run_that_ended_leaves_no_lock(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "net")
    assert folder.file(files.LOCK).exists()
    folder.close("finished")
    assert [path.name for path in folder.path.iterdir()] == [files.RECORD]
    folder.lock()
    assert lock.is_held(folder.file(files.LOCK))
    folder.unlock()
    assert not folder.file(files.LOCK).exists()


def test_without_a_lock_the_record_counts(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "net")
    folder.unlock()
    assert folder.status == "dead"
    folder.file(files.LOCK).unlink()  # as on Windows, or in a run of an earlier version
    assert folder.status == "running"


def test_a_run_that_ends_while_it_is_looked_at_is_not_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.create(tmp_path, "net")
    look = lock.is_held

    def look_late(path: Path) -> bool | None:
        folder.close("finished")
        path.touch()
        return look(path)

    monkeypatch.setattr(lock, "is_held", look_late)
    assert ListedRun.read(folder.path).status == "finished"


def test_a_file_system_without_locks_leaves_no_file_that_claims_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refuse(handle: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    folder = RunFolder.create(tmp_path, "net")
    assert not folder.file(files.LOCK).exists()
    assert RunFolder(folder.path).status == "running"


def test_those_who_look_do_not_keep_a_run_from_starting(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from nncli.run import lock
print("looking", flush=True)
while True:
    lock.is_held(Path({str(tmp_path / files.LOCK)!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    try:
        for _ in range(50):
            handle = lock.take(tmp_path / files.LOCK)
            assert handle is not None
            os.close(handle)  # the file stays, as after a kill
    finally:
        kill(process)
