"""A file that cannot be read at the moment is neither missing nor damaged: nothing is decided on that guess."""

import errno
import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.errors import NncliError, RunError
from nncli.pipeline.comparing.outcomes import read_outcome
from nncli.pipeline.reporting.evaluation import read_evaluation
from nncli.pipeline.runs.removing import choose_old
from nncli.pipeline.training.continuing.checkpoint import load_checkpoint
from nncli.pipeline.weights import npz_bytes
from nncli.run import files, folder, lock
from nncli.run.finding import find_run
from nncli.run.folder import RunFolder
from nncli.run.listing import list_runs
from nncli.run.removal import remove_folder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A finished run with two files of a model, and an older one beside it."""
    for name in ("20260101-000000-net", "20260102-000000-net"):
        made = RunFolder.create(tmp_path, name, stamped=False)
        parts = npz_bytes({"test": np.arange(3)})
        summary = b'{"test": {"task": "binary"}}'
        made.replace_model({files.SPLITS: parts, files.METRICS: b'{"loss": 1.0}\n', files.SUMMARY: summary})
        made.write_record(data={"fingerprint": "f"}, started=name[:8])
        made.close("finished")
    return made


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the files that a broken disk does not give."""
    names: set[str] = set()
    known = files.open_bytes

    def open_bytes(path: Path) -> io.BufferedIOBase:
        if path.name in names or str(path) in names:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return known(path)

    monkeypatch.setattr(files, "open_bytes", open_bytes)
    return names


@pytest.mark.parametrize("name", [files.SPLITS, files.METRICS, files.RECORD, files.MANIFEST])
def test_a_comparison_does_not_go_on_without_a_file_that_it_could_not_read(
    run: RunFolder, broken: set[str], name: str
) -> None:
    broken.add(name)
    with pytest.raises(NncliError, match="cannot be read: Input/output error") as caught:
        read_outcome(run, "net", 1)
    assert not isinstance(caught.value, RunError)


def test_rows_that_are_no_archive_are_damaged(run: RunFolder) -> None:
    run.replace_model({files.SPLITS: b"PK"})
    with pytest.raises(RunError, match=r"splits\.npz is damaged"):
        read_outcome(run, "net", 1)


def test_a_checkpoint_that_cannot_be_read_is_not_damaged(run: RunFolder, broken: set[str]) -> None:
    run.write(files.CHECKPOINT, b"state")
    with pytest.raises(RunError, match="is damaged"):
        load_checkpoint(run)
    broken.add(files.CHECKPOINT)
    with pytest.raises(NncliError, match="cannot be read"):
        load_checkpoint(run)


def test_a_page_leaves_out_what_is_missing_and_not_what_cannot_be_read(run: RunFolder, broken: set[str]) -> None:
    assert read_evaluation(run) == {}
    broken.add("metrics.json")
    with pytest.raises(NncliError, match="cannot be read"):
        read_evaluation(run)


def test_latest_tells_of_a_newer_run_that_cannot_be_read(run: RunFolder, broken: set[str]) -> None:
    assert find_run("latest", run.path.parent).note is None
    broken.add(str(run.file(files.RECORD)))
    found = find_run("latest", run.path.parent)
    assert found.folder.path.name == "20260101-000000-net" and found.is_older
    assert found.note is not None and "20260102-000000-net has no run.json that can be read" in found.note


def test_prune_spares_a_run_that_cannot_be_read_unless_it_is_asked_for(run: RunFolder, broken: set[str]) -> None:
    runs = run.path.parent
    broken.add(str(run.file(files.RECORD)))
    assert [each.name for each in choose_old(0, runs)] == ["20260101-000000-net"]
    assert choose_old(1, runs) == []
    assert [each.name for each in choose_old(0, runs, ["status=unreadable"])] == ["20260102-000000-net"]


def test_a_run_whose_record_cannot_be_read_again_is_running_or_dead(run: RunFolder, broken: set[str]) -> None:
    run.lock()
    broken.add(files.RECORD)
    assert folder.living_status(run.path, {"status": "running"}) == "running"
    run.unlock()  # the file stays, and says that nobody holds it
    assert folder.living_status(run.path, {"status": "running"}) == "dead"


def test_an_interrupted_close_loses_nothing_that_was_read(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(io.BytesIO):
        def close(self) -> None:
            super().close()
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))

    monkeypatch.setattr(files, "open_bytes", lambda path: Interrupted(b"content"))
    assert files.read_bytes(run.path) == b"content"


@pytest.mark.skipif(not hasattr(lock, "fcntl"), reason="there are no locks here")
def test_a_lock_is_only_done_without_where_there_are_none(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(code: int) -> None:
        def flock(handle: int, operation: int) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(lock.fcntl, "flock", flock)

    path = run.file(files.LOCK)
    fail(errno.EIO)
    with pytest.raises(OSError, match="Input/output error"):
        lock.take(path)
    assert path.exists()  # it may be that of another process
    fail(errno.ENOLCK)
    assert lock.take(path) is None and not path.exists()


@pytest.mark.parametrize("code", [errno.EINTR, errno.EBADF, errno.EMFILE])
def test_a_removal_goes_on_after_a_call_that_failed(run: RunFolder, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    known, calls = os.rmdir, []

    def rmdir(*arguments: object, **options: object) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise OSError(code, os.strerror(code))
        known(*arguments, **options)

    monkeypatch.setattr(os, "rmdir", rmdir)
    remove_folder(run.path)
    assert [path.name for path in run.path.parent.iterdir()] == ["20260101-000000-net"] and len(calls) > 1


def test_a_call_of_the_system_that_fails_anywhere_is_told_in_a_line(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "is_file", fail)
    outcome = typer.testing.CliRunner().invoke(app, ["runs", "show", str(run.path)])
    assert outcome.exit_code == 1
    lines = outcome.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "fix"], outcome.stderr
    assert "Permission denied" in lines[0] and "defect" not in outcome.stderr


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "not enough memory"),
        (ImportError("libtensorflow_cc.so.2: failed to map segment from shared object"), "not enough memory"),
        (RuntimeError("can't start new thread"), "no more threads can be started"),
    ],
)
def test_a_system_that_gives_no_more_is_no_defect_of_ours(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def fail(self: Path) -> bool:
        raise error

    monkeypatch.setattr(Path, "is_file", fail)
    outcome = typer.testing.CliRunner().invoke(app, ["runs", "show", str(run.path)])
    assert outcome.exit_code == 1 and outcome.stderr.startswith("error: ") and told in outcome.stderr
    assert "fix: " in outcome.stderr and "defect" not in outcome.stderr


def test_a_folder_that_nobody_lets_us_look_into_is_listed_as_unreadable(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = os.stat

    def stat(path: "os.PathLike[str]", **options: bool) -> os.stat_result:
        if Path(path).parent == run.path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return known(path, **options)

    def read(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(folder.files, "read_bytes", read)
    listed = {each.name: each.status for each in list_runs(run.path.parent)}
    assert listed[run.path.name] == "unreadable"
    with pytest.raises(RunError, match="no finished run") as caught:
        find_run("latest", run.path.parent)
    assert caught.value.hint == f"{run.path.name} has no run.json that can be read"


def test_a_run_whose_folder_is_gone_is_not_begun_again_by_its_record(run: RunFolder) -> None:
    shutil.rmtree(run.path)
    with pytest.raises(NncliError, match="No such file or directory") as caught:
        run.write_json(files.RECORD, {})
    assert caught.value.hint == "was the folder of the run removed or renamed?"
    with pytest.raises(NncliError, match="No such file or directory"):
        run.write(f"{files.PLOTS}/loss.svg", b"")
    assert not run.path.exists()
