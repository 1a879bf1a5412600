"""A cache of arrays, so that a data set is decoded once; does not depend on what they mean.

An entry is a folder of .npy files and an index, written last, with the size and checksum of each. Files are written
under a temporary name and renamed, so several processes can safely write the same entry at once: they write the same
bytes. Where the system has locks, one of them decodes and writes, and the others wait for it.
"""

import json
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

if sys.platform != "win32":
    import fcntl

INDEX = "index.json"
# Increased when the arrays of an entry are computed in another way.
FORMAT = 1
# Bytes read at once: small enough to stay in the processor's cache for the checksum, which takes a third of the time.
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Entry:
    """Arrays by name (opened as memory maps) and the notes stored with them."""

    arrays: dict[str, np.ndarray]
    notes: dict[str, Any]


def cache_folder() -> Path:
    """NNCLI_CACHE_DIR, otherwise nncli in XDG_CACHE_HOME, otherwise ~/.cache/nncli."""
    own = os.environ.get("NNCLI_CACHE_DIR")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nncli"


def load_entry(folder: Path) -> Entry | None:
    """The entry in that folder; None if there is none or it is damaged."""
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        if index["format"] != FORMAT:
            return None
        arrays = {}
        for name, record in index["arrays"].items():
            file = folder / record["file"]
            if file.stat().st_size != record["bytes"] or _checksum(file) != record["crc32"]:
                return None
            arrays[name] = np.load(file, mmap_mode="r", allow_pickle=False)
        return Entry(arrays, index["notes"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None


@contextmanager
def filling(folder: Path) -> Iterator[None]:
    """Waits until no other process fills the entry, and lets none in meanwhile; look again whether there is one now.

    The lock is a `flock`, which ends with its process, on a file beside the entry. Without locks, as on Windows or in
    some network folders, nobody waits: all write the same bytes.
    """
    lock = folder.with_name(f".{folder.name}.lock")
    handle = _locked(lock)
    try:
        if handle is not None:
            for left in folder.glob(".*"):  # by a process that was killed while it wrote
                with suppress(OSError):
                    left.unlink()
        yield
    finally:
        if handle is not None:
            # Those who wait have this file open and find the entry; who comes later finds it without a lock.
            lock.unlink(missing_ok=True)
            os.close(handle)


def is_being_filled(folder: Path) -> bool:
    """Whether a process fills the entry now; False where there are no locks."""
    if sys.platform == "win32":
        return False
    try:
        handle = os.open(folder.with_name(f".{folder.name}.lock"), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def _locked(path: Path) -> int | None:
    """A handle that holds the lock, or None where there are no locks."""
    if sys.platform == "win32":
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        return None  # the entry cannot be written either, which is reported then
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        os.close(handle)
        return None
    except BaseException:  # Ctrl-C while waiting
        os.close(handle)
        raise
    return handle


def store_entry(folder: Path, arrays: Mapping[str, np.ndarray], notes: Mapping[str, Any]) -> str | None:
    """Write an entry; returns the reason if it could not be written, otherwise None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        records = {}
        for name, array in arrays.items():
            file = folder / f"{name}.npy"
            write_file(file, lambda handle, array=array: np.save(handle, array, allow_pickle=False))  # type: ignore[misc]
            records[name] = {"file": file.name, "bytes": file.stat().st_size, "crc32": _checksum(file)}
        index = json.dumps({"format": FORMAT, "notes": dict(notes), "arrays": records}, indent=1).encode()
        write_file(folder / INDEX, lambda handle: handle.write(index))
    except OSError as error:
        return f"{error.strerror or error} ({folder})"
    return None


def write_file(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Writes a file under a temporary name, by `fill`, and renames it. Raises OSError."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        Path(temporary).replace(path)
    except BaseException:  # Ctrl-C included: no temporary file may stay behind
        Path(temporary).unlink(missing_ok=True)
        raise


def _checksum(path: Path) -> int:
    total = 0
    chunk = memoryview(bytearray(_CHUNK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(chunk):
            total = zlib.crc32(chunk[:count], total)
    return total
