"""Files of a run that something else has taken the place of: refused in a line, and never waited for."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.testing

from nncli.cli import app
from nncli.run import files, lock
from nncli.run.folder import RunFolder

SECONDS = 60


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def endless(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def circle(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


OTHERS = [pipe, folder, endless, circle]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    made = RunFolder.create(tmp_path, "net", stamped=False)
    made.append(files.METRICS, {"epoch": 1, "loss": 1.0})
    made.write(files.CONFIG, b"data: {source: iris}\n")
    made.unlock()
    return made.path


def within_time(*words: object) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own: one that waits for a pipe cannot be stopped in this one."""
    command = [sys.executable, "-m", "nncli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(run: Path) -> None:
    for name in (files.CONFIG, files.METRICS, files.RECORD):
        kept = (run / name).read_bytes()
        pipe(run / name)
        with pytest.raises(OSError, match="it is not a file"):
            files.read_bytes(run / name)
        if name == files.CONFIG:
            outcome = within_time("train", "--resume", run)
            assert outcome.returncode == 2 and "is not a file" in outcome.stderr, outcome.stderr
        (run / name).unlink()
        (run / name).write_bytes(kept)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_the_place_of_the_lock_is_not_waited_for(tmp_path: Path) -> None:
    pipe(tmp_path / files.LOCK)
    assert lock.is_held(tmp_path / files.LOCK) in (False, None)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets only administrators make symbolic links")
@pytest.mark.parametrize("replace", OTHERS)
@pytest.mark.parametrize("name", [files.RECORD, files.METRICS, files.CHECKPOINT, files.MANIFEST])
def test_what_is_no_file_is_refused_in_a_line(run: Path, name: str, replace: Callable[[Path], None]) -> None:
    replace(run / name)
    for words in (["runs", "show", str(run)], ["runs", "--runs-dir", str(run.parent), "--json"]):
        outcome = typer.testing.CliRunner().invoke(app, words)
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
        assert outcome.exit_code in (0, 2) and "Traceback" not in outcome.output
        if words[1] == "--runs-dir":
            json.loads(outcome.stdout)
