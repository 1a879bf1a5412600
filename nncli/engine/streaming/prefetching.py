"""Windows of rows in memory: the one in use, and the next, which a thread reads meanwhile."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from nncli.engine.arrays import Arrays
from nncli.engine.streaming.reading import RowReader
from nncli.engine.streaming.windows import Layout, Order

# The alignment of TensorFlow's tensors, in bytes, with which it uses the memory of an array itself.
_ALIGNMENT = 64
_NAMES = {"targets": "\0targets", "weights": "\0weights"}  # no names of inputs

# Which rows a window has: the seed and epoch of their order, and its number.
Key = tuple[int | None, int, int]


@dataclass
class _Room:
    """Memory for a window, and which one is in it."""

    arrays: dict[str, np.ndarray]
    key: Key | None = None
    reading: "Future[None] | None" = field(default=None, repr=False)


class Prefetcher:
    """Reads windows of arrays by a layout into two rooms, one where all rows fit one window."""

    def __init__(self, arrays: Arrays, make_layout: Callable[[int], Layout]) -> None:
        """`make_layout` is called with the bytes of a row."""
        sources = {**arrays.inputs, _NAMES["targets"]: arrays.targets}
        if arrays.weights is not None:
            sources[_NAMES["weights"]] = arrays.weights
        self._readers = {name: RowReader(array) for name, array in sources.items()}
        self.layout = make_layout(sum(reader.row_bytes for reader in self._readers.values()))
        self._rooms = [self._make_room() for _ in range(min(2, self.layout.windows))]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="windows") if self.layout.windows > 1 else None

    def get(self, order: Order, window: int) -> Arrays:
        """The rows of a window, as they are read, in memory that stays as it is until another window is asked for."""
        key = self._key(order, window)
        room = next((room for room in self._rooms if room.key == key), None)
        if room is None:
            room = self._rooms[0]
            _wait(self._rooms)
            self._fill(room, order, window)
        _wait([room])
        self._begin_next(room, order, window)
        return Arrays(
            {name: array for name, array in room.arrays.items() if name not in _NAMES.values()},
            room.arrays[_NAMES["targets"]],
            room.arrays.get(_NAMES["weights"]),
        )

    def close(self) -> None:
        """Frees the rooms, closes the files and ends the thread; nothing is read any more."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
        self._rooms = []
        for reader in self._readers.values():
            reader.close()

    def _begin_next(self, used: _Room, order: Order, window: int) -> None:
        """Begins to read what comes after a window, unless it is there."""
        if self._thread is None:
            return
        if window + 1 < self.layout.windows:
            window += 1
        else:
            order, window = order.follows, 0
        key = self._key(order, window)
        if any(room.key == key for room in self._rooms):
            return
        room = next(room for room in self._rooms if room is not used)
        _wait([room])
        room.key = key
        room.reading = self._thread.submit(self._read, room, order, window)

    def _fill(self, room: _Room, order: Order, window: int) -> None:
        room.key = None  # a window that is read only in part is none
        self._read(room, order, window)
        room.key = self._key(order, window)

    def _read(self, room: _Room, order: Order, window: int) -> None:
        pieces = order.pieces(window)
        for name, reader in self._readers.items():
            reader.read_into(room.arrays[name], pieces)

    def _key(self, order: Order, window: int) -> Key:
        # The rows of the only window are read once: they are the same in every epoch.
        return (None, 0, 0) if self.layout.windows == 1 else (order.seed, order.epoch, window)

    def _make_room(self) -> _Room:
        return _Room({name: _aligned(self.layout.rows, reader) for name, reader in self._readers.items()})


def _wait(rooms: list[_Room]) -> None:
    """Waits until nothing is read into these rooms. Raises what went wrong; the room then has no window."""
    for room in rooms:
        reading, room.reading = room.reading, None
        if reading is None:
            continue
        try:
            reading.result()
        except BaseException:  # Ctrl-C included: what was half read is no window
            room.key = None
            raise


def _aligned(rows: int, reader: RowReader) -> np.ndarray:
    """Memory for rows that TensorFlow can use without a copy; zeros, as rows past the end of a window are never used
    but must be numbers."""
    size = rows * reader.row_bytes
    memory = np.zeros(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size].view(reader.dtype).reshape(rows, *reader.row_shape)
