"""A run folder: its creation under a new name, its record, its status and its manifest."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nncli.errors import NncliError, RunError
from nncli.run import files, lock

# What a record can say. A run that says `running` and whose process is gone is `dead`, which no process can record.
Status = Literal["running", "finished", "failed", "interrupted"]
DEAD = "dead"
# The files a model is loaded from; the manifest has their checksums, which are verified before any file is parsed.
_SUMMED = (files.CONFIG, files.INPUTS, files.WEIGHTS, files.KERAS_MODEL, files.LITE_MODEL, files.NOVELTY)


class RunFolder:
    """The folder of one run. All files in it are written atomically; failures raise NncliError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @classmethod
    def create(cls, runs_dir: Path, name: str, *, kind: str = "train", stamped: bool = True) -> "RunFolder":
        """Creates and locks `runs_dir/20261123-021507-name`, with a numeric suffix if that exists. Raises RunError.

        A cell needs no lock: that of its comparison counts.
        """
        stem = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}" if stamped else name
        try:
            runs_dir.mkdir(parents=True, exist_ok=True)
            for attempt in range(1, 1000):
                path = runs_dir / (stem if attempt == 1 else f"{stem}-{attempt}")
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    return cls._begin(path, kind)
        except OSError as error:
            raise RunError(
                f"cannot create a run folder in {runs_dir}: {error.strerror}", hint="choose another with --runs-dir"
            ) from None
        raise RunError(f"cannot find a free name for {stem} in {runs_dir}")

    @classmethod
    def _begin(cls, path: Path, kind: str) -> "RunFolder":
        folder = cls(path)
        try:
            if kind != "cell":
                folder.lock()  # before the record says `running`, so that it is never taken for dead
            folder.write_record(kind=kind, status="running", started=now())
        except BaseException:  # Ctrl-C included: a folder without a record would stay for ever
            shutil.rmtree(path, ignore_errors=True)
            raise
        return folder

    def lock(self) -> None:
        """Locks the folder until the run is closed or this process ends. Raises RunError if another process has it."""
        if self._lock is not None:
            return
        try:
            self._lock = lock.take(self.file(files.LOCK))
        except lock.LockedError:
            raise RunError(f"{self.path} is in use by another process", hint="wait until it has ended") from None
        except OSError as error:
            raise NncliError(
                f"{self.path} cannot be locked: {error.strerror}", hint="is the folder writable?"
            ) from None

    def unlock(self) -> None:
        """Gives the lock up, if this object has it."""
        if self._lock is not None:
            # Without the file, a run whose record says `running` could not be told to be dead.
            is_dead = read_record(self.path).get("status") == "running"
            with contextlib.suppress(OSError):  # a folder that was removed or became read-only
                lock.release(self._lock, self.file(files.LOCK), keep=is_dead)
            self._lock = None

    def file(self, name: str) -> Path:
        """The path of a file of this run."""
        return self.path / name

    def write(self, name: str, content: bytes) -> None:
        """Writes a file atomically, also in a subfolder such as plots/."""
        path = self.path / name
        with _told(path):
            path.parent.mkdir(exist_ok=True)
            files.write_bytes(path, content)

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Writes a JSON object atomically."""
        path = self.path / name
        with _told(path):
            path.parent.mkdir(exist_ok=True)
            files.write_json(path, value)

    def append(self, name: str, value: Mapping[str, Any]) -> None:
        """Appends one JSON line to a file."""
        with _told(self.path / name):
            files.append_line(self.path / name, value)

    def read_json(self, name: str) -> dict[str, Any]:
        """Reads a JSON object. Raises RunError if it is missing or damaged."""
        try:
            value = json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(f"{self.path} has no {name}", hint="is it the folder of a finished run?") from None
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / name} cannot be read ({error})") from None
        if not isinstance(value, dict):
            raise RunError(f"{self.path / name} is not a JSON object")
        return value

    def read_lines(self, name: str) -> list[dict[str, Any]]:
        """The JSON lines of a file; an incomplete last line, left when the process was killed, is skipped."""
        try:
            lines = (self.path / name).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        values = []
        for line in lines:
            with contextlib.suppress(ValueError):
                values.append(json.loads(line))
        return values

    @property
    def record(self) -> dict[str, Any]:
        """The content of run.json."""
        return self.read_json(files.RECORD)

    @property
    def status(self) -> str:
        """How the run stands: what its record says, or `dead`."""
        return living_status(self.path, self.record)

    def write_record(self, **changes: Any) -> None:
        """Updates keys of run.json and keeps the others."""
        known = self.record if self.file(files.RECORD).exists() else {}
        self.write_json(files.RECORD, {**known, **changes})

    def close(self, status: Status, **changes: Any) -> None:
        """Records how the run ended, and unlocks the folder."""
        self.write_record(status=status, ended=now(), **changes)
        self.unlock()

    def write_manifest(self) -> None:
        """Writes the sha256 of the files a model is loaded from."""
        sums = {name: _sum(self.file(name)) for name in _SUMMED if self.file(name).exists()}
        self.write_json(files.MANIFEST, {"sha256": sums})

    def renew_manifest(self, *names: str) -> None:
        """Writes the sums of these files anew where there is a manifest; the others must still be what they were."""
        if self.file(files.MANIFEST).exists():
            sums = self.read_json(files.MANIFEST).get("sha256", {})
            self.write_json(files.MANIFEST, {"sha256": {**sums, **{name: _sum(self.file(name)) for name in names}}})

    def require_intact(self, *names: str) -> None:
        """Raises RunError if one of the files is missing or was changed since it was written."""
        sums = self.read_json(files.MANIFEST).get("sha256", {})
        for name in names:
            path = self.file(name)
            if name not in sums or not path.exists():
                raise RunError(f"{self.path} has no {name}", hint="train again, or name another run")
            if _sum(path) != sums[name]:
                raise RunError(
                    f"{path} is damaged: its sha256 is not the one in {files.MANIFEST}",
                    hint="its predictions could be wrong; restore the file or train again",
                )


def living_status(path: Path, record: Mapping[str, Any]) -> str:
    """The status in a run's record; `dead` for one that is `running` without a living process.

    Where nobody can tell, it stays as recorded. A cell lives as long as its comparison.
    """
    if record.get("status") != "running":
        return str(record.get("status"))
    places = [path, path.parent] if record.get("kind") == "cell" else [path]
    held = [lock.is_held(place / files.LOCK) for place in places]
    if True in held:
        return "running"
    # Read again: it may have ended in the meantime, and its lock with it.
    status = str(read_record(path).get("status"))
    return DEAD if status == "running" and False in held else status


def read_record(path: Path) -> dict[str, Any]:
    """The content of a folder's run.json, empty if there is none that can be read."""
    try:
        record = json.loads((path / files.RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turns an OSError, such as a full disk or a read-only folder, into an NncliError that names the file."""
    try:
        yield
    except OSError as error:
        raise NncliError(f"{path} cannot be written: {error.strerror}", hint="free space, or --runs-dir") from None


def now() -> str:
    """The current time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
