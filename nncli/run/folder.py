"""A run folder: its creation under a new name, its record, its status and its manifest."""

import contextlib
import errno
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nncli.errors import NncliError, RunError
from nncli.run import files, lock, model_files
from nncli.run.sealing import seal, unseal

# What a record can say. A run that says `running` and whose process is gone is `dead`, which no process can record.
Status = Literal["running", "finished", "failed", "interrupted"]
DEAD = "dead"
_RESTORE = "restore the file, or train again"
_ROOM = "free space, or --runs-dir"
_HINTS = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "is the folder writable? else --runs-dir")
# No manifest has the sums of these, which change after the model is written.
_SEALED = (files.RECORD, files.COMPARISON)


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
        except BaseException:  # Ctrl-C included: a folder without a record would stay forever
            folder.unlock()  # this process may live on, as that of the workbench does
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
        files.clear_unfinished(self.path)

    def unlock(self) -> None:
        """Gives the lock up, if this object has it."""
        if self._lock is not None:
            # Without the file, a run whose record says `running` could not be told to be dead.
            is_dead = read_record(self.path).get("status", "running") == "running"  # also if it cannot be read
            with contextlib.suppress(OSError):  # a folder that was removed or became read-only
                lock.release(self._lock, self.file(files.LOCK), keep=is_dead)
            self._lock = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock for a change of a run that is not being trained. Raises RunError if another has it."""
        self.lock()
        try:
            yield
        finally:
            self.unlock()

    def file(self, name: str) -> Path:
        """The path of a file of this run."""
        return self.path / name

    def write(self, name: str, content: bytes) -> None:
        """Writes a file atomically, also in a subfolder such as plots/."""
        path = self.path / name
        with _naming_file(path):
            self._make_parent(path)
            files.write_bytes(path, content)

    def write_each(self, contents: Mapping[str, bytes]) -> None:
        """Writes files, each atomically."""
        for name, content in contents.items():
            self.write(name, content)

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Writes a JSON object atomically; run.json and comparison.json with a sum of their content."""
        path = self.path / name
        with _naming_file(path):
            self._make_parent(path)
            files.write_json(path, seal(value) if name in _SEALED else value)

    def _make_parent(self, path: Path) -> None:
        """Makes a subfolder such as plots/; never the run's own, which somebody may have removed or renamed."""
        if path.parent != self.path:
            path.parent.mkdir(exist_ok=True)

    def append(self, name: str, value: Mapping[str, Any]) -> None:
        """Appends one JSON line to a file."""
        with _naming_file(self.path / name):
            files.append_line(self.path / name, value)

    def read_json(self, name: str) -> dict[str, Any]:
        """Reads a JSON object. Raises RunError if it is missing or damaged, NncliError if it cannot be read."""
        path = self.path / name
        try:
            value = json.loads(self.read(name))
            if not isinstance(value, dict):
                raise RunError(f"{path} is not a JSON object", hint=_RESTORE)
            return unseal(value) if name in _SEALED else value
        except FileNotFoundError:
            raise RunError(f"{self.path} has no {name}", hint="is it the folder of a finished run?") from None
        except ValueError as error:
            raise RunError(f"{path} is damaged ({error})", hint=_RESTORE) from None

    def read_lines(self, name: str) -> list[dict[str, Any]]:
        """The JSON lines of a file; an incomplete last line, left when the process was killed, is skipped.

        Raises RunError for a file of a model that is not what was written, NncliError for one that cannot be read.
        """
        try:
            lines = self.read(name).decode(errors="replace").splitlines()
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
        """The status of the run: what its record says, or `dead`."""
        return living_status(self.path, self.record)

    @property
    def damaged(self) -> list[str]:
        """The files that differ from what was written; files without a recorded sum are not checked.

        Raises NncliError where one cannot be read.
        """
        found = []
        for name in (*_SEALED, files.MANIFEST, *model_files.NAMES):
            try:
                if name in _SEALED:
                    self.read_json(name)
                elif name == files.MANIFEST:
                    model_files.read_sums(self.path)
                else:
                    self.find_intact(name)
            except RunError:
                if self.file(name).exists():
                    found.append(name)
        return found

    def write_record(self, **changes: Any) -> None:
        """Updates keys of run.json and keeps the others."""
        known = self.record if self.file(files.RECORD).exists() else {}
        self.write_json(files.RECORD, {**known, **changes})

    def close(self, status: Status, **changes: Any) -> None:
        """Records how the run ended, and unlocks the folder. Raises NncliError."""
        try:
            self.write_record(status=status, ended=now(), **changes)
        except NncliError:
            if self._lock is None:
                raise
            with _naming_file(self.file(files.LOCK)):
                lock.spend_reserve(self.file(files.LOCK))
            self.write_record(status=status, ended=now(), **changes)
        self.unlock()

    @property
    def has_model(self) -> bool:
        """Whether there is a model to use, be it the best one so far."""
        return self.file(files.MANIFEST).exists()

    def keep_model(self) -> None:
        """Keeps a model that is there usable while its files are replaced one by one, until `replace_model`."""
        with _naming_file(self.path):
            model_files.keep_previous(self.path)

    def replace_model(
        self, contents: Mapping[str, bytes], *, written: Iterable[str] = (), without: Iterable[str] = ()
    ) -> None:
        """Writes files of the model, so that readers see all of them at once; see `model_files.replace`.

        Raises NncliError, after which the old model is still there.
        """
        with _naming_file(self.path):
            model_files.replace(self.path, contents, written=written, without=without)

    def read(self, name: str) -> bytes:
        """The content of a file; of one that the manifest names, only what was written.

        Raises RunError where it is damaged, NncliError where it cannot be read, FileNotFoundError where it is missing.
        """
        known = model_files.find(self.path, name) if name in model_files.NAMES else None
        try:
            return files.read_bytes(self.path / name) if known is None else known
        except FileNotFoundError:
            raise
        except OSError as error:
            raise files.unreadable(self.path / name, error) from None

    def find_intact(self, name: str) -> bytes | None:
        """The content of a file of the model, None if it has no such file. Raises RunError if it is damaged."""
        return model_files.find(self.path, name)

    def read_intact(self, name: str) -> bytes:
        """The same for a file that the model must have. Raises RunError where it is missing or damaged."""
        content = self.find_intact(name)
        if content is None:
            raise RunError(f"{self.path} has no {name}", hint="train again, or name another run")
        return content


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
    status = str(read_record(path).get("status", "running"))
    return DEAD if status == "running" and False in held else status


def read_record(path: Path) -> dict[str, Any]:
    """The content of a folder's run.json, empty if there is none that can be read."""
    try:
        record = json.loads(files.read_bytes(path / files.RECORD))
        return unseal(record) if isinstance(record, dict) else {}
    except (OSError, ValueError):
        return {}


@contextlib.contextmanager
def _naming_file(path: Path) -> Iterator[None]:
    """Turns an OSError, such as a full disk or a read-only folder, into an NncliError that names the file."""
    try:
        yield
    except OSError as error:
        is_gone = isinstance(error, FileNotFoundError)
        hint = "was the folder of the run removed or renamed?" if is_gone else _HINTS.get(error.errno or 0, _ROOM)
        raise NncliError(f"{path} cannot be written: {error.strerror}", hint=hint) from None


def now() -> str:
    """The current time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
