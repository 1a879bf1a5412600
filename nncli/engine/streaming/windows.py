"""Which rows lie together in a window of an epoch, and in which order they are used; does not read them.

The rows are cut into blocks of neighbours, which are read at once. An epoch shuffles the blocks, cuts their sequence
into windows of equal size, and shuffles the rows inside each window; so a window has rows from all over the data. Where
all rows fit one window, the order is that of data in memory.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nncli.engine.randomness import order_of_blocks, order_of_epoch, order_of_window

# A window has at least this many blocks, and a block at most this many bytes: enough to be read at full speed.
_BLOCKS = 64
_BLOCK_BYTES = 1 << 20

# The first and the end of rows that are neighbours in the data.
Piece = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """How `examples` rows are cut: windows of `rows` rows, the last one shorter, made of blocks of `block` rows."""

    examples: int
    rows: int
    block: int

    @classmethod
    def of(cls, examples: int, row_bytes: int, batch_size: int, window_bytes: int) -> "Layout":
        """Windows of at most `window_bytes`, but of whole batches and at least one; one window where all rows fit."""
        fitting = max(1, window_bytes // max(1, row_bytes))
        if examples <= fitting:
            return cls(examples, examples, examples)
        rows = min(max(batch_size, fitting // batch_size * batch_size), examples)
        return cls(examples, rows, max(1, min(rows // _BLOCKS, _BLOCK_BYTES // max(1, row_bytes))))

    @property
    def windows(self) -> int:
        """The number of windows of an epoch."""
        return -(-self.examples // self.rows)

    def rows_of(self, window: int) -> int:
        """The rows of a window, counted from 0."""
        return min(self.rows, self.examples - window * self.rows)


@dataclass(frozen=True)
class Order:
    """The order of the rows in one epoch; without a `seed`, that of the data."""

    layout: Layout
    seed: int | None = None
    epoch: int = 0

    @property
    def follows(self) -> "Order":
        """The order of the next epoch."""
        return Order(self.layout, self.seed, self.epoch + 1 if self.seed is not None else 0)

    def pieces(self, window: int) -> list[Piece]:
        """The rows of a window as they are read, one piece after the other."""
        start = window * self.layout.rows
        end = start + self.layout.rows_of(window)
        if self.seed is None or self.layout.windows == 1:
            return [(start, end)]
        firsts, lengths, ends = self._blocks
        place = int(np.searchsorted(ends, start, side="right"))
        found = []
        while start < end:
            before = int(ends[place]) - int(lengths[place])
            stop = min(end, int(ends[place]))
            found.append((int(firsts[place]) + start - before, int(firsts[place]) + stop - before))
            start, place = stop, place + 1
        return found

    def places(self, window: int) -> np.ndarray:
        """The order in which the rows of a window are used, as places among those read: int32 (rows of a full window,);
        in a shorter window those past its end are 0 and not used."""
        found = np.zeros(self.layout.rows, np.int32)
        rows = self.layout.rows_of(window)
        if self.seed is None:
            found[:rows] = np.arange(rows)
        elif self.layout.windows == 1:
            found[:rows] = order_of_epoch(self.seed, self.epoch, rows)
        else:
            found[:rows] = order_of_window(self.seed, self.epoch, window, rows)
        return found

    def rows(self, window: int) -> np.ndarray:
        """The rows of a window as they are used, int64."""
        read = np.concatenate([np.arange(first, end, dtype=np.int64) for first, end in self.pieces(window)])
        found: np.ndarray = read[self.places(window)[: len(read)]]
        return found

    @cached_property
    def _blocks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The first row and the length of each block in the order of the epoch, and where in the epoch it ends."""
        size, examples = self.layout.block, self.layout.examples
        order = order_of_blocks(self.seed or 0, self.epoch, -(-examples // size))
        firsts = order.astype(np.int64) * size
        lengths = np.minimum(size, examples - firsts)
        return firsts, lengths, np.cumsum(lengths)
