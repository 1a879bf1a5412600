"""The run folder of the caller, into which the chief's folder is written; does not know where that is."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nncli.errors import NncliError
from nncli.run import files
from nncli.run.archive import install, unpack
from nncli.run.folder import RunFolder
from nncli.run.removal import remove_folder

# How the run stands is for the caller to say.
_OWN = ("status", "started", "ended", "reason", "kind")
_LAST = (files.CONFIG, files.MANIFEST, files.CHECKPOINT)


class Returned:
    """What a training has sent back: its `state` to continue from in the object store, None before there is one.

    `restarts` are for the record, `changes` what else it says about the workers. Without a record of its own, an
    archive is one of a chief that had hardly begun, and is not kept.
    """

    def __init__(self, folder: RunFolder, store: Callable[[bytes], Any]) -> None:
        self.folder, self._store = folder, store
        self.state: Any = None
        self.restarts: list[dict[str, Any]] = list(folder.record.get("restarts", ()))
        self.changes: dict[str, Any] = {}

    def keep_state(self, archive: bytes) -> None:
        """Writes a state that the training can continue from, each file as a whole; the checkpoint comes last.

        Raises NncliError.
        """
        hidden = self._unpack(archive)
        try:
            if not (hidden / files.CONFIG).exists():
                return
            self.folder.keep_model()
            self._move(hidden)
            self.folder.write_record(**{**_without_own(RunFolder(hidden).record), **self._told})
        finally:
            remove_folder(hidden)
        self.state = self._store(archive)

    def keep_all(self, archive: bytes) -> bool:
        """Replaces the run folder by the archive, with the status running; returns whether its training had begun.

        Raises NncliError, after which the folder is as it was.
        """
        hidden = self._unpack(archive)
        try:
            if not (hidden / files.CONFIG).exists():
                remove_folder(hidden)
                return False
            own = self.folder.record
            sent = RunFolder(hidden)
            sent.write_record(**{**{key: own[key] for key in _OWN if key in own}, **self._told})
            install(hidden, self.folder.path)
        except OSError as error:
            raise self._unwritable(error) from None
        return True

    @property
    def _told(self) -> dict[str, Any]:
        return {**self.changes, **({"restarts": self.restarts} if self.restarts else {})}

    def _move(self, hidden: Path) -> None:
        paths = [path for path in hidden.rglob("*") if path.is_file() and path.name != files.RECORD]
        try:
            for path in sorted(paths, key=lambda path: _LAST.index(path.name) if path.name in _LAST else -1):
                target = self.folder.path / path.relative_to(hidden)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
            files.sync_folder(self.folder.path)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unpack(self, archive: bytes) -> Path:
        try:
            return unpack(archive, self.folder.path)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> NncliError:
        return NncliError(f"{self.folder.path} cannot be written: {error.strerror}", hint="free space, or --runs-dir")


def _without_own(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in _OWN}
