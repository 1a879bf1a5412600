"""Exact statistics of columns too long for memory, read a few times in blocks: mean, deviation, median, range.

Nothing depends on where a block ends: sums are those of whole numbers, without rounding, and the median is found by
counting, first by the leading bits of each number, then, among those with the bits of the middle ones, by the next.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

# Gives the blocks of a matrix float32 (rows of the block, columns) from the beginning, as often as it is called.
Blocks = Callable[[], Iterator[np.ndarray]]
_BITS = 32
# Bits that are counted in one reading, with 8 bytes for each of their values in each column: 512 kB, or 2 kB where
# there are more columns than this.
_STEP, _STEP_WIDE = 16, 8
_MANY = 64
# Whole numbers up to 2 to this power are exact in float64.
_EXACT = 53


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
    """The statistics of each column; the deviation is that of all rows (not of a sample), 1.0 if all are the same.

    The blocks are read twice; four times where there are more than 64 columns.
    """
    step = _STEP if columns <= _MANY else _STEP_WIDE
    sums = [_Sums() for _ in range(columns)]
    middles = [_Middle(step) for _ in range(columns)]
    for reading in range(_BITS // step):
        for block in blocks():
            for index, middle in enumerate(middles):
                values = block[:, index]
                known = values[~np.isnan(values)]
                if not reading:
                    sums[index].add(known, len(values) - len(known))
                middle.add(_ordered(known))
        for middle in middles:
            middle.settle()
    return [each.finish(middle.value) for each, middle in zip(sums, middles, strict=True)]


class _Sums:
    """Count, range, and the exact sums of the numbers and of their squares."""

    def __init__(self) -> None:
        self.count = self.missing = 0
        self.minimum, self.maximum = np.inf, -np.inf
        self._numbers, self._squares = Fraction(0), Fraction(0)

    def add(self, known: np.ndarray, missing: int) -> None:
        self.missing += missing
        if not len(known):
            return
        self.count += len(known)
        self.minimum = min(self.minimum, float(known.min()))
        self.maximum = max(self.maximum, float(known.max()))
        numbers = known.astype(np.float64)
        squares = numbers * numbers  # twice the 24 bits of a float32 fit a float64
        self._numbers += exact_sum(numbers)
        self._squares += exact_sum(squares)

    def finish(self, median: float) -> ColumnStatistics:
        if not self.count:
            return ColumnStatistics(0, self.missing, 0.0, 1.0, 0.0, None, None)
        mean = self._numbers / self.count
        return ColumnStatistics(
            self.count,
            self.missing,
            float(mean),
            math.sqrt(self._squares / self.count - mean * mean) if self.minimum < self.maximum else 1.0,
            median,
            self.minimum,
            self.maximum,
        )


def exact_sum(values: np.ndarray) -> Fraction:
    """The sum of float64 numbers without rounding; nothing is left of `values`.

    Their leading bits are added up as whole numbers, then the next: so many at a time that the sum of all is below
    2^53, and exact.
    """
    total = Fraction(0)
    bits = _EXACT - len(values).bit_length()
    whole = np.empty_like(values)
    while largest := float(np.abs(values, out=whole).max(initial=0.0)):
        unit = math.ldexp(1.0, math.frexp(largest)[1] - bits)
        np.rint(np.multiply(values, 1 / unit, out=whole), out=whole)
        total += int(whole.sum()) * Fraction(unit)
        values -= np.multiply(whole, unit, out=whole)
    return total


class _Middle:
    """The two numbers in the middle, which are the same of an odd count, bit after bit."""

    def __init__(self, step: int) -> None:
        self._step, self._left = step, _BITS
        # The leading bits that are known of both, how many numbers are below all with these, and counts of the next.
        self._known, self._below = [0, 0], [0, 0]
        self._count: int | None = None
        self._counts = {0: np.zeros(1 << step, np.int64)}

    def add(self, ordered: np.ndarray) -> None:
        shift, mask = self._left - self._step, np.uint32((1 << self._step) - 1)
        for known, counts in self._counts.items():
            chosen = ordered
            if self._left < _BITS:
                chosen = ordered[ordered >> np.uint32(self._left) == np.uint32(known)]
            counts += np.bincount((chosen >> np.uint32(shift)) & mask, minlength=1 << self._step)

    def settle(self) -> None:
        """All numbers were added: the next bits are known."""
        if self._count is None:
            self._count = int(self._counts[0].sum())
        if self._count:
            for index, rank in enumerate(((self._count - 1) // 2, self._count // 2)):
                until = np.cumsum(self._counts[self._known[index]])
                digit = int(np.searchsorted(until, rank - self._below[index], side="right"))
                self._below[index] += int(until[digit - 1]) if digit else 0
                self._known[index] = self._known[index] << self._step | digit
        self._left -= self._step
        self._counts = {known: np.zeros(1 << self._step, np.int64) for known in self._known}

    @property
    def value(self) -> float:
        """The mean of both."""
        return float(np.mean([_number(known) for known in self._known])) if self._count else 0.0


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
