"""Rows in files of their own, since their number is not known before the last: written as they come, read in blocks.

Blocks have this many bytes, so that wide rows take no more memory than narrow ones; no result depends on where they
end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from nncli.data.streaming.storing import ArrayWriter

BLOCK_BYTES = 1 << 25
_MOST_ROWS = 1 << 16


@dataclass(frozen=True)
class RawFiles:
    """Files of `rows` rows in a folder, one for each name, with the shape of a row and its type."""

    folder: Path
    kinds: dict[str, tuple[tuple[int, ...], np.dtype]]
    rows: int
    prefix: str = ""

    def path(self, name: str) -> Path:
        """The file of this name."""
        return self.folder / f"{self.prefix}{name}"

    def row_bytes(self, name: str) -> int:
        """The bytes of a row."""
        shape, kind = self.kinds[name]
        return int(np.prod(shape, dtype=np.int64)) * kind.itemsize

    def read(self, name: str, first: int, end: int) -> np.ndarray:
        """Rows from one to another, (rows, *shape); read, not mapped."""
        shape, kind = self.kinds[name]
        size = self.row_bytes(name)
        with self.path(name).open("rb") as file:
            file.seek(first * size)
            content = np.fromfile(file, kind, (end - first) * size // kind.itemsize)
        return content.reshape(end - first, *shape)

    def blocks(self, *names: str) -> Iterator[tuple[int, int]]:
        """The bounds (first, end) of the blocks in which these files are read together; all files by default."""
        size = max(1, sum(self.row_bytes(name) for name in names or self.kinds))
        rows = max(1, min(_MOST_ROWS, BLOCK_BYTES // size))
        for first in range(0, self.rows, rows):
            yield first, min(self.rows, first + rows)

    def write_to(self, writer: ArrayWriter, part: str) -> None:
        """Writes them as the arrays of a set of an entry."""
        for name, (shape, kind) in self.kinds.items():
            writer.add(f"{part}_{name}", (self.rows, *shape), kind)
            for first, end in self.blocks(name):
                writer.write(f"{part}_{name}", self.read(name, first, end))


class RawWriter:
    """Writes raw files into a folder that is there; a context manager that closes them."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.files = RawFiles(folder, {}, 0, prefix)
        self._open: dict[str, BinaryIO] = {}
        self._rows = 0

    def __enter__(self) -> "RawWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for file in self._open.values():
            file.close()
        self.files = RawFiles(self.files.folder, self.files.kinds, self._rows, self.files.prefix)

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """The next rows of each file, (rows, *shape); the first ones decide on shapes and types."""
        for name, array in arrays.items():
            if name not in self._open:
                self._open[name] = self.files.path(name).open("wb")
                self.files.kinds[name] = (array.shape[1:], array.dtype)
            np.ascontiguousarray(array).tofile(self._open[name])
        self._rows += len(next(iter(arrays.values()), ()))
