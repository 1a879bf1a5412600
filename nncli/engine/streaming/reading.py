"""Copies pieces of arrays into memory; of arrays in files by reading, not by mapping, so that no page stays behind.

A mapped page counts as memory of the process until the system takes it back; after an epoch that would be all the data.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.engine.streaming.windows import Piece


class RowReader:
    """Reads rows of one array: a memory map of a whole .npy file, or whatever gives rows for a slice."""

    def __init__(self, array: Any) -> None:
        self._file: int | None = None  # also where what follows fails
        self.row_shape = tuple(array.shape[1:])
        self.dtype = np.dtype(np.float32) if array.dtype == np.float64 else np.dtype(array.dtype)
        self._array = array
        self._row_bytes = int(np.prod(self.row_shape, dtype=np.int64)) * np.dtype(array.dtype).itemsize
        self._file = _open(array) if self.dtype == array.dtype else None

    @property
    def row_bytes(self) -> int:
        """The bytes of a row in memory."""
        return int(np.prod(self.row_shape, dtype=np.int64)) * self.dtype.itemsize

    def read_into(self, room: np.ndarray, pieces: Sequence[Piece]) -> None:
        """Copies the rows of the pieces, one after the other, to the beginning of `room`."""
        start = 0
        for first, end in pieces:
            part = room[start : start + end - first]
            if self._file is None:
                part[...] = self._array[first:end]
            else:
                _read(self._file, part, self._array.offset + first * self._row_bytes)
            start += end - first

    def read(self, first: int, end: int) -> np.ndarray:
        """Rows from one to another: a slice of an array in memory, otherwise a copy."""
        if self._file is None:
            found: np.ndarray = self._array[first:end]
            return found
        room = np.empty((end - first, *self.row_shape), self.dtype)
        self.read_into(room, [(first, end)])
        return room

    def close(self) -> None:
        """Closes the file; it is not read again."""
        handle, self._file = self._file, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        self.close()


def _open(array: Any) -> int | None:
    """A handle of the file that a memory map shows whole, from its first row on; None for other arrays."""
    is_whole = isinstance(array, np.memmap) and not isinstance(array.base, np.memmap) and array.flags.c_contiguous
    if not is_whole or array.filename is None or not hasattr(os, "preadv"):
        return None
    try:
        return os.open(array.filename, os.O_RDONLY)
    except OSError:  # the cache was cleared meanwhile; the map still has its rows
        return None


def _read(handle: int, room: np.ndarray, offset: int) -> None:
    view = room.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(view):
        count = os.preadv(handle, [view[done:]], offset + done)
        if count == 0:
            raise OSError("the file of the cached data is shorter than it was")
        done += count
