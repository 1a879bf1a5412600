"""Sets of streamed rows in order of time; the cuts are exactly those that are made in memory.

They are found by counting moments by their bits, 16 at a time, so that memory grows neither with rows nor with moments.
"""

from dataclasses import dataclass

import numpy as np

from nncli.config.sections import Data
from nncli.data.splits.dividing import require_two
from nncli.data.splits.folding import require_enough
from nncli.data.splitting import test_fraction
from nncli.data.streaming.assigning import TEST, TRAIN, VALIDATION
from nncli.data.streaming.splits.rows import NO_SET, Read, blocks

_STEP = 16
_SIGN = np.uint64(1 << 63)


@dataclass(frozen=True)
class Cuts:
    """The first moment of the validation set, of the test set, and of what is in no set; None where there is none."""

    validation: int | None
    test: int | None
    after: int | None = None

    def of(self, moments: np.ndarray) -> np.ndarray:
        """The set of each moment, uint8."""
        found = np.full(len(moments), TRAIN, np.uint8)
        for cut, place in ((self.validation, VALIDATION), (self.test, TEST), (self.after, NO_SET)):
            if cut is not None:
                found[moments >= cut] = place
        return found


def divide_moments(data: Data, moments: Read, count: int, *, has_test: bool) -> Cuts:
    """Where the sets of `count` rows begin: the latest are tested, those before validated.

    With `data.fold`, a block of the rows is tested, and only earlier ones are trained on.

    Raises:
        DataError: there are too few different moments.
    """
    line = Timeline(moments, count)
    if data.fold is not None:
        cuts = _fold_cuts(line, data.fold.of)
        number = int(data.fold.test)
        first, after = cuts[number - 1], cuts[number] if number < len(cuts) else None
        return Cuts(_cut_latest(line, data.validation, first, "validation"), first, after)
    test = None if has_test else _cut_latest(line, test_fraction(data.test), None, "test")
    return Cuts(_cut_latest(line, data.validation, test, "validation"), test)


@dataclass(frozen=True)
class _Moment:
    """A moment, how many rows are before it and how many are of it."""

    moment: int
    before: int
    rows: int


class Timeline:
    """The moments of `count` rows (int64), looked at in passes over a file."""

    def __init__(self, moments: Read, count: int) -> None:
        self._moments, self.count = moments, count

    def at(self, rank: int) -> _Moment:
        """The moment of the row that has `rank` others before it in order of time."""
        before, prefix, size = 0, 0, 0
        for shift in range(64 - _STEP, -1, -_STEP):
            counts = np.zeros(1 << _STEP, np.int64)
            for first, end in blocks(self.count):
                keys = self._moments(first, end).view(np.uint64) ^ _SIGN
                if shift + _STEP < 64:
                    keys = keys[keys >> np.uint64(shift + _STEP) == np.uint64(prefix)]
                part = (keys >> np.uint64(shift)) & np.uint64((1 << _STEP) - 1)
                counts += np.bincount(part.astype(np.int64), minlength=len(counts))
            until = np.cumsum(counts)
            place = int(np.searchsorted(until, rank - before, side="right"))
            size = int(counts[place])
            before += int(until[place]) - size
            prefix = prefix << _STEP | place
        return _Moment(prefix - (1 << 63), before, size)

    def rows_before(self, moment: int) -> int:
        """How many rows are earlier."""
        return sum(int((self._moments(first, end) < moment).sum()) for first, end in blocks(self.count))

    def next_after(self, moment: int) -> int | None:
        """The next later moment of any row."""
        found = None
        for first, end in blocks(self.count):
            block = self._moments(first, end)
            later = block[block > moment]
            if len(later):
                found = int(later.min()) if found is None else min(found, int(later.min()))
        return found

    def ends(self, most: int) -> tuple[list[int], list[int]]:
        """The earliest and the latest different moments, at most `most` of each, ascending."""
        earliest = latest = np.empty(0, np.int64)
        for first, end in blocks(self.count):
            block = np.unique(self._moments(first, end))
            earliest = np.union1d(earliest, block[:most])[:most]
            latest = np.union1d(latest, block[-most:])[-most:]
        return earliest.tolist(), latest.tolist()

    def cut_near(self, rows_before: float, until: int | None = None) -> int | None:
        """The moment before `until`, never the earliest, with the number of rows before it nearest to `rows_before`,
        the earlier one of two; None where all rows have one moment."""
        found = self.at(min(int(rows_before), self.count - 1))
        later = self.next_after(found.moment)
        if later is None or (until is not None and later >= until):
            return found.moment if found.before else None
        is_nearer = abs(found.before - rows_before) <= abs(found.before + found.rows - rows_before)
        return found.moment if found.before and is_nearer else later


def _cut_latest(line: Timeline, fraction: float, until: int | None, part: str) -> int:
    """The first moment of the latest rows before `until` that are as nearly this fraction of those as moments allow."""
    rows = line.count if until is None else line.rows_before(until)
    found = line.cut_near(rows - rows * fraction, until)
    require_two(1 if found is None else 2, rows, "moment", part)
    return int(found or 0)


def _fold_cuts(line: Timeline, folds: int) -> list[int]:
    """The first moments of all blocks but the earliest; there is one block more than folds, as even as moments allow
    and none empty."""
    number = folds + 1
    earliest, latest = line.ends(number)
    require_enough(len(earliest), number, "different moments", f"{folds} folds in order of time")
    cuts: list[int] = []
    for block in range(1, number):
        nearest = line.cut_near(line.count * block / number)
        low = line.next_after(cuts[-1]) if cuts else earliest[1]
        possible = [each for each in (nearest, low) if each is not None]
        cuts.append(min(max(possible), latest[-(number - block)]))  # each later block needs a moment to begin with
    return cuts
