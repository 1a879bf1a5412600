"""Exact statistics of columns too long for memory, read twice in blocks: mean, deviation, median, range.

The blocks are those of the raw rows and always of the same size, so that sums are rounded in the same way however the
rows were read. The median is found by counting: first by the upper half of the bits of each number, then, among those
with the upper half of the middle ones, by the lower half.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

BLOCK = 1 << 16
# Gives the blocks of a matrix float32 (rows of the block, columns) from the beginning, as often as it is called.
Blocks = Callable[[], Iterator[np.ndarray]]
_HALF = 16


@dataclass(frozen=True)
class ColumnStatistics:
    """The statistics of the numbers of a column that are not NaN; of none, zeros and a deviation of 1."""

    count: int
    missing: int
    mean: float
    deviation: float
    median: float
    minimum: float | None
    maximum: float | None


def measure_columns(blocks: Blocks, columns: int) -> list[ColumnStatistics]:
    """The statistics of each column; the deviation is that of all rows (not of a sample), 1.0 if all are the same."""
    first = [_First() for _ in range(columns)]
    for block in blocks():
        for index, each in enumerate(first):
            each.add(np.ascontiguousarray(block[:, index]))
    second = [_Second(each) for each in first]
    for block in blocks():
        for index, other in enumerate(second):
            other.add(np.ascontiguousarray(block[:, index]))
    return [other.finish() for other in second]


class _First:
    """Counts, sum, range, and how many numbers have each upper half."""

    def __init__(self) -> None:
        self.count = self.missing = 0
        self.sum, self.minimum, self.maximum = 0.0, np.inf, -np.inf
        self.uppers = np.zeros(1 << _HALF, np.int64)

    def add(self, values: np.ndarray) -> None:
        known = values[~np.isnan(values)]
        self.count += len(known)
        self.missing += len(values) - len(known)
        if len(known):
            self.sum += float(known.sum(dtype=np.float64))
            self.minimum = min(self.minimum, float(known.min()))
            self.maximum = max(self.maximum, float(known.max()))
            self.uppers += np.bincount(_ordered(known) >> np.uint32(_HALF), minlength=1 << _HALF)

    @property
    def mean(self) -> float:
        return self.sum / self.count if self.count else 0.0

    @property
    def middle(self) -> tuple[int, int]:
        """The ranks, from 0, of the two numbers in the middle; both the same for an odd count."""
        return (self.count - 1) // 2, self.count // 2


class _Second:
    """Squares of the distances from the mean, and the lower halves of those numbers among which the middle ones are."""

    def __init__(self, first: _First) -> None:
        self._first = first
        self._squares = 0.0
        until = np.cumsum(first.uppers)
        self._uppers = [int(np.searchsorted(until, rank, side="right")) for rank in first.middle]
        self._before = [int(until[upper - 1]) if upper else 0 for upper in self._uppers]
        self._lowers = {upper: np.zeros(1 << _HALF, np.int64) for upper in self._uppers}

    def add(self, values: np.ndarray) -> None:
        known = values[~np.isnan(values)]
        self._squares += float(((known.astype(np.float64) - self._first.mean) ** 2).sum())
        bits = _ordered(known)
        uppers = bits >> np.uint32(_HALF)
        for upper, lowers in self._lowers.items():
            chosen = bits[uppers == upper] & np.uint32((1 << _HALF) - 1)
            lowers += np.bincount(chosen, minlength=1 << _HALF)

    def finish(self) -> ColumnStatistics:
        first = self._first
        if not first.count:
            return ColumnStatistics(0, first.missing, 0.0, 1.0, 0.0, None, None)
        middle = []
        for rank, upper, before in zip(first.middle, self._uppers, self._before, strict=True):
            lower = int(np.searchsorted(np.cumsum(self._lowers[upper]), rank - before, side="right"))
            middle.append(_number(upper << _HALF | lower))
        varies = first.minimum < first.maximum
        return ColumnStatistics(
            first.count,
            first.missing,
            first.mean,
            float(np.sqrt(self._squares / first.count)) if varies else 1.0,
            float(np.mean(middle)),
            first.minimum,
            first.maximum,
        )


def _ordered(values: np.ndarray) -> np.ndarray:
    """float32 as uint32 in the same order: the sign bit turned over, and all bits of negative numbers."""
    bits = (values + np.float32(0)).view(np.uint32)  # -0.0 becomes 0.0
    flip = np.where(bits >> np.uint32(31) != 0, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))
    ordered: np.ndarray = bits ^ flip
    return ordered


def _number(ordered: int) -> float:
    """The float32 that `_ordered` turned into this."""
    bits = ordered ^ (0x80000000 if ordered & 0x80000000 else 0xFFFFFFFF)
    return float(np.array([bits], np.uint32).view(np.float32)[0])
