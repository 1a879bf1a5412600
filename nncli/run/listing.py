"""All runs of a folder with their records, each read once."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.run import files
from nncli.run.folder import DEAD, living_status, read_record

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class ListedRun:
    """A run folder and its run.json, as it was when the run was listed; `status` may be `dead`."""

    path: Path
    record: Mapping[str, Any]
    status: str

    @classmethod
    def read(cls, path: Path) -> "ListedRun":
        """The run in that folder; its record is empty if it cannot be read."""
        record = read_record(path)
        return cls(path, record, living_status(path, record) if record else UNREADABLE)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.name

    @property
    def kind(self) -> str:
        """`train`, `compare` or `cell`."""
        return str(self.record.get("kind", "train"))

    @property
    def started(self) -> str:
        """When it started, in UTC; empty if that is not known."""
        return str(self.record.get("started") or "")

    @property
    def last_time(self) -> str:
        """When it ended, or started if it has not ended."""
        return str(self.record.get("ended") or self.started)


def list_runs(folder: Path) -> list[ListedRun]:
    """The runs directly in a folder, newest first; for a comparison's folder, its cells by name."""
    runs = [ListedRun.read(path) for path in run_folders(folder)]
    if all(run.kind == "cell" for run in runs):
        return sorted(runs, key=lambda run: run.name)
    return sorted(runs, key=lambda run: (run.started, run.name), reverse=True)


def run_folders(folder: Path) -> list[Path]:
    """The folders in a folder that hold a run; hidden ones are no runs."""
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if not path.name.startswith(".") and _holds_run(path)]


def _holds_run(path: Path) -> bool:
    """Whether a folder has a run.json; also if access is denied, so that the run is listed as unreadable."""
    try:
        return (path / files.RECORD).is_file()
    except PermissionError:
        return True


def how_to_go_on(path: Path, status: str) -> str:
    """What to do about a run that has not finished, as a hint."""
    if status == "running":
        return "wait until it has finished"
    comparison = _to_continue(path)
    if comparison is not None:
        what = "continue it" if comparison == path else "continue its comparison"
        return f"{what}: nncli compare --resume {shlex.quote(str(comparison))}"
    joined = read_record(path).get("ensemble")
    if isinstance(joined, dict):
        return f"make it again: nncli ensemble {shlex.quote(str(joined.get('comparison')))}"
    if (path / files.CHECKPOINT).exists():
        return f"continue it: nncli train --resume {shlex.quote(str(path))}"
    if (path / files.CONFIG).exists():
        return f"train it again: nncli train {shlex.quote(str(path / files.CONFIG))}"
    command = read_record(path).get("command")
    return (
        f"start it again: {shlex.join(map(str, command))}"
        if isinstance(command, list) and command
        else "train it again"
    )


def _to_continue(path: Path) -> Path | None:
    """The comparison that `compare --resume` continues with: the run itself, or that of an unfinished cell."""
    record = read_record(path)
    if record.get("kind") == "cell" and not record.get("diverged"):
        path, record = path.parent, read_record(path.parent)
    can_go_on = record.get("kind") == "compare" and record.get("status") != "finished"
    return path if can_go_on and "request" in record else None


def how_it_stands(status: str) -> str:
    """A status as the end of a sentence."""
    if status == "running":
        return "is still running"
    if status == UNREADABLE:
        return f"has no {files.RECORD} that can be read"
    if status == DEAD:
        return "is dead: its process ended without a word"
    return "was interrupted" if status == "interrupted" else status
