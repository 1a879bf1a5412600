"""Run folders: never overwritten, never half-written, found by folder, name, beginning or `latest`."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nncli.errors import NncliError, RunError
from nncli.run import files
from nncli.run.finding import find_comparison, find_run
from nncli.run.folder import RunFolder


def finished(runs: Path, name: str, ended: str, kind: str = "train") -> RunFolder:
    folder = RunFolder.create(runs, name, kind=kind, stamped=False)
    folder.write_record(status="finished", ended=ended)
    return folder


def test_a_folder_is_never_used_twice(tmp_path: Path) -> None:
    paths = {RunFolder.create(tmp_path / "runs", "net").path for _ in range(3)}
    assert len(paths) == 3
    assert all(RunFolder(path).record["status"] == "running" for path in paths)


def test_processes_that_start_in_the_same_second_get_a_folder_each(tmp_path: Path) -> None:
    code = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from nncli.run import folder

class Clock(datetime):
    @classmethod
    def now(cls, zone):
        return datetime(2026, 1, 1, tzinfo=UTC)

folder.datetime = Clock
sys.stdin.readline()  # all begin at once
for _ in range(20):
    made = folder.RunFolder.create(Path(sys.argv[1]), "net")
    made.write_record(owner=sys.argv[2])
    print(made.path.name)
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(i)], stdin=-1, stdout=-1, text=True)
        for i in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    made = [process.communicate()[0].split() for process in processes]
    assert sorted(name for names in made for name in names) == sorted(path.name for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 80
    for owner, names in enumerate(made):
        assert {RunFolder(tmp_path / name).record["owner"] for name in names} == {str(owner)}


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(RunError, match="cannot create a run folder"):
        RunFolder.create(tmp_path / "runs", "net")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write_bytes(path, b"old")

    def full_disk(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_json_holds_no_nan_and_lines_are_whole(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"x": float("nan"), "y": [1.5, float("inf")]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": None, "y": [1.5, None]}
    folder = RunFolder(tmp_path)
    folder.append("m.jsonl", {"epoch": 1})
    folder.append("m.jsonl", {"epoch": 2})
    with (tmp_path / "m.jsonl").open("a") as file:
        file.write('{"epoch": 3, "lo')  # a kill in the middle of a line
    assert folder.read_lines("m.jsonl") == [{"epoch": 1}, {"epoch": 2}]


def test_a_damaged_file_is_noticed_before_it_is_read(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "net")
    folder.replace_model({files.LITE_MODEL: b"model"})
    assert folder.read_intact(files.LITE_MODEL) == b"model"
    folder.file(files.LITE_MODEL).write_bytes(b"modem")
    with pytest.raises(RunError, match="damaged"):
        folder.find_intact(files.LITE_MODEL)
    with pytest.raises(RunError, match=r"has no weights\.npz"):
        folder.read_intact(files.WEIGHTS)
    assert folder.find_intact(files.WEIGHTS) is None


def test_latest_is_the_newest_finished_training_and_no_cell_or_comparison(tmp_path: Path) -> None:
    finished(tmp_path, "b", "2026-01-02")
    expected = finished(tmp_path, "a", "2026-01-03")
    comparison = finished(tmp_path, "compare-x", "2026-01-04", kind="compare")
    finished(comparison.path, "cell", "2026-01-05")
    RunFolder.create(tmp_path, "running")
    (tmp_path / "stray").mkdir()
    assert find_run("latest", tmp_path).folder.path == expected.path


def test_a_run_is_found_by_folder_name_unique_beginning_or_its_own_name(tmp_path: Path) -> None:
    one = finished(tmp_path, "20260101-000000-digits", "1")
    two = finished(tmp_path, "20260102-000000-mnist", "2")
    assert find_run(str(one.path), Path("nowhere")).folder.path == one.path
    assert find_run("20260102-000000-mnist", tmp_path).folder.path == two.path
    assert find_run("20260101", tmp_path).folder.path == one.path
    assert find_run("mnist", tmp_path).folder.path == two.path
    found = find_run("2026", tmp_path)
    assert found.folder.path == two.path
    assert found.note == "'2026' fits 2 runs; using the newest, 20260102-000000-mnist"
    assert find_run("mnist", tmp_path).note is None
    assert find_comparison("mnist", tmp_path).folder.path == two.path, "whoever asks says that it is none"
    with pytest.raises(RunError, match="no run 'cifar'") as caught:
        find_run("cifar", tmp_path)
    assert caught.value.hint == "known: 20260101-000000-digits, 20260102-000000-mnist"
    with pytest.raises(RunError, match="not a run folder"):
        find_run(str(tmp_path), tmp_path)


def test_the_folder_that_one_stands_in_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished(tmp_path, "20260101-000000-digits", "1")
    monkeypatch.chdir(run.path)
    assert find_run(".", Path("nowhere")).folder.path.name == "20260101-000000-digits"


def test_a_newer_run_that_did_not_finish_is_named(tmp_path: Path) -> None:
    finished(tmp_path, "20260101-000000-a", "2026-01-01")
    assert find_run("latest", tmp_path).note is None
    newer = RunFolder.create(tmp_path, "b")
    newer.close("interrupted")
    found = find_run("latest", tmp_path)
    assert found.folder.path.name == "20260101-000000-a"
    assert found.note == f"using 20260101-000000-a; the newer run {newer.path.name} was interrupted"


def test_without_a_finished_run_the_interrupted_one_is_offered(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "net")
    folder.replace_model({files.LITE_MODEL: b"model"})
    folder.close("interrupted")
    with pytest.raises(RunError) as caught:
        find_run("latest", tmp_path)
    assert caught.value.hint == f"name the run that was interrupted: {folder.path.name}"


def test_without_any_run_the_next_step_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        find_run("latest", tmp_path / "none")
    assert caught.value.hint == "train one first: nncli train"


@pytest.mark.parametrize("stop", [OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), KeyboardInterrupt()])
def test_a_line_is_written_whole_in_several_calls_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    path, write, room = tmp_path / "metrics.jsonl", os.write, [100]

    def write_some(handle: int, content: bytes) -> int:
        if room[0] < 5:
            raise stop
        room[0] -= 5
        return write(handle, content[:5])

    monkeypatch.setattr(os, "write", write_some)
    files.append_line(path, {"epoch": 1})
    assert path.read_text() == '{"epoch": 1}\n'
    room[0] = 10
    with pytest.raises(type(stop)):
        files.append_line(path, {"epoch": 2})
    assert path.read_text() == '{"epoch": 1}\n'


def test_a_folder_that_cannot_be_locked_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("nncli.run.lock.take", refuse)
    with pytest.raises(NncliError, match="cannot be locked: Permission denied"):
        RunFolder(tmp_path).lock()


def test_who_takes_a_folder_clears_what_killed_processes_left_but_no_file_that_is_being_written(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from nncli.run import files
with files.replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    os._exit(9)
"""
    folder = RunFolder.create(tmp_path, "net")
    folder.close("interrupted")
    folder.write("plots/curves.png", b"whole")
    for name in ("run.json", "plots/curves.png"):
        subprocess.run([sys.executable, "-c", program, str(folder.file(name))], check=False)
    left = {path.name for path in folder.path.rglob(".*") if path.name.endswith(".tmp")}
    assert len(left) == 2
    folder.file(".notes.settings").write_text("somebody's own")
    with files.replacing(folder.file("report.html")) as file:
        file.write(b"half")
        with folder.locked():
            remaining = {path.name for path in folder.path.rglob(".*")}
            assert remaining.isdisjoint(left)
            assert len(remaining) == 3 and {files.LOCK, ".notes.settings"} < remaining
    assert folder.read("report.html") == b"half" and folder.read("plots/curves.png") == b"whole"
