"""A clock that was set back, a folder that may not be written: said in a line, and nothing is lost."""

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nncli.errors import NncliError
from nncli.run import files
from nncli.run.finding import FoundRun, find_comparison, find_run, find_training
from nncli.run.folder import RunFolder


def finished(runs: Path, name: str, ended: datetime) -> RunFolder:
    made = RunFolder.create(runs, name, stamped=False)
    made.close("finished")
    made.write_record(started=ended.isoformat(timespec="seconds"), ended=ended.isoformat(timespec="seconds"))
    return made


def test_latest_tells_that_the_clock_was_set_back(tmp_path: Path) -> None:
    finished(tmp_path, "before", datetime.now(UTC))
    assert find_run("latest", tmp_path).note is None
    finished(tmp_path, "ahead", datetime.now(UTC) + timedelta(days=1))
    found = find_run("latest", tmp_path)
    assert found.folder.path.name == "ahead" and found.is_older
    assert found.note is not None and "was the clock set back" in found.note


@pytest.mark.parametrize(("kind", "find"), [("train", find_training), ("compare", find_comparison)])
def test_what_goes_on_tells_that_the_clock_was_set_back(
    tmp_path: Path, kind: str, find: Callable[[str, Path], FoundRun]
) -> None:
    for name, started in (("net-before", datetime.now(UTC)), ("net-ahead", datetime.now(UTC) + timedelta(days=1))):
        finished(tmp_path, name, started).write_record(kind=kind)
    for word in ("latest", "net"):
        found = find(word, tmp_path)
        assert found.folder.path.name == "net-ahead" and found.is_older
        assert found.note is not None and "was the clock set back" in found.note
    assert find("net-ahead", tmp_path).note is None
    found.folder.write_record(started=datetime.now(UTC).isoformat(timespec="seconds"))
    assert find("latest", tmp_path).note is None


@pytest.mark.parametrize(
    ("code", "hint"), [(errno.EACCES, "writable"), (errno.EROFS, "writable"), (errno.ENOSPC, "free space")]
)
def test_what_cannot_be_written_says_what_to_do_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, hint: str
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    run = finished(tmp_path, "run", datetime.now(UTC))
    monkeypatch.setattr(files.tempfile, "mkstemp", fail)
    with pytest.raises(NncliError, match=os.strerror(code)) as caught:
        run.write_record(status="running")
    assert hint in str(caught.value.hint) and run.record["status"] == "finished"
