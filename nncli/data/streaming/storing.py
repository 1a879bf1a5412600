"""Sets of rows as arrays in the cache, beside those of prepared data sets: written in blocks, opened as memory maps.

An entry is what `prepared.array_cache` describes, a folder of .npy files and an index that is written last. Its files
may be far larger than memory; so they are opened without being read while the index shows that they are unchanged.
"""

import glob
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from nncli.data.prepared import array_cache
from nncli.data.streaming.memory import format_bytes
from nncli.errors import DataError

# What the entries of streamed data sets lie in, inside the cache.
FOLDER = "streams"
# Kept free for whatever else writes to the disk.
_RESERVE = 100 * 10**6


def require_room(size: int, folder: Path) -> None:
    """Raises DataError where the disk has fewer bytes free than that; the folder need not exist."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(existing).free
    if size + _RESERVE > free:
        raise DataError(
            f"streaming this data needs about {format_bytes(size)} in {folder}, whose disk has {format_bytes(free)} "
            "free",
            hint="`nncli data cache --clear` removes what is cached; NNCLI_CACHE_DIR names a folder on another disk",
        )


def make_raw_folder(folder: Path) -> Path:
    """A new folder beside that of an entry, for what is kept while it is filled, `.NAME~RANDOM`; the names of entries
    have no `~`. What processes left that were killed is removed; the entry is to be locked."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{glob.escape(folder.name)}~*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f".{folder.name}~", dir=folder.parent))


def load_entry(folder: Path) -> array_cache.Entry | None:
    """The entry in a folder, None if there is none or it is damaged; whole files are read only where one was changed
    since it was written."""
    try:
        index = json.loads((folder / array_cache.INDEX).read_text("utf-8"))
        if index["format"] != array_cache.FORMAT:
            return None
        states = {name: (folder / record["file"]).stat() for name, record in index["arrays"].items()}
        if any(
            (state.st_size, state.st_mtime_ns) != (index["arrays"][name]["bytes"], index["arrays"][name]["written"])
            for name, state in states.items()
        ):
            return array_cache.load_entry(folder)
        arrays = {name: _open(folder / record["file"]) for name, record in index["arrays"].items()}
        return array_cache.Entry(arrays, index["notes"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None


def _open(file: Path) -> np.ndarray:
    array: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
    return array


class ArrayWriter:
    """Writes the arrays of an entry block by block; a context manager that leaves a whole entry or none.

    Files have a temporary name until `finish`; those of a process that was killed are removed by `array_cache.filling`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, tuple[Path, BinaryIO]] = {}
        self._sums: dict[str, int] = {}

    def __enter__(self) -> "ArrayWriter":
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for path, file in self._files.values():
            file.close()
            path.unlink(missing_ok=True)
        if kind is not None and not any(self._folder.iterdir()):
            with suppress(OSError):
                self._folder.rmdir()

    def add(self, name: str, shape: tuple[int, ...], kind: np.dtype) -> None:
        """Begins an array of this shape, whose rows follow in blocks."""
        path = self._folder / f".{name}.npy-part"
        self._files[name] = (path, path.open("wb"))
        self._sums[name] = 0
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        start = _Summing(self, name)
        np.lib.format.write_array_header_1_0(start, header)

    def write(self, name: str, block: np.ndarray) -> None:
        """The next rows of an array."""
        self._write(name, np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)

    def _write(self, name: str, content: memoryview | bytes) -> None:
        self._files[name][1].write(content)
        self._sums[name] = zlib.crc32(content, self._sums[name])

    def finish(self, make_notes: Callable[[dict[str, np.ndarray]], Mapping[str, Any]]) -> None:
        """Gives the files their names and writes the index, with the notes made from the arrays; now the entry is
        there. Raises OSError where that fails."""
        records = {}
        for name, (path, file) in self._files.items():
            file.close()
            target = self._folder / f"{name}.npy"
            path.replace(target)
            state = target.stat()
            records[name] = {
                "file": target.name,
                "bytes": state.st_size,
                "crc32": self._sums[name],
                "written": state.st_mtime_ns,
            }
        notes = make_notes({name: _open(self._folder / f"{name}.npy") for name in records})
        index = json.dumps({"format": array_cache.FORMAT, "notes": dict(notes), "arrays": records}, indent=1).encode()
        array_cache.write_file(self._folder / array_cache.INDEX, lambda handle: handle.write(index))


class _Summing:
    """What NumPy writes a header to."""

    def __init__(self, writer: ArrayWriter, name: str) -> None:
        self._writer, self._name = writer, name

    def write(self, content: bytes) -> None:
        self._writer._write(self._name, content)
