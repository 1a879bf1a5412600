"""Whole groups of streamed rows as sets: chosen by their sizes, as in memory; of very many groups, bundles of them.

Up to `MOST_GROUPS` groups are dealt as `data.splits.grouping` deals them, with the same result. More are put together
into bundles by a hash of seed and group, and whole bundles are dealt: no group is in two sets, and memory does not grow
with the groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nncli.config.sections import Data
from nncli.data.splits.dividing import require_two
from nncli.data.splits.folding import STREAM as FOLDS
from nncli.data.splits.folding import require_enough
from nncli.data.splits.grouping import choose_groups, deal_sizes
from nncli.data.splitting import STREAM, test_fraction
from nncli.data.streaming.assigning import TEST, TRAIN, VALIDATION, hash_numbers
from nncli.data.streaming.splits.copies import join_units
from nncli.data.streaming.splits.distinct import distinct_hashes
from nncli.data.streaming.splits.rows import KeyedRows, Read, blocks
from nncli.errors import DataError

# Groups of which each is dealt by itself; and their counts of classes, of 8 bytes each.
MOST_GROUPS = 1 << 16
_MOST_COUNTS = 1 << 22


@dataclass(frozen=True)
class Units:
    """What is dealt: groups, or bundles of them; `sizes` (units,) are their rows, `counts` (units, classes) those of
    each class, None where chance alone decides.

    `known` are the groups (uint64, ascending) and `places` (int64) their units; without them, the unit is what the
    first `bits` of a hash of seed and group say.
    """

    sizes: np.ndarray
    counts: np.ndarray | None
    known: np.ndarray
    places: np.ndarray
    bits: int
    seed: int

    def of(self, groups: np.ndarray) -> np.ndarray:
        """The unit of each group, int64."""
        if self.bits:
            return (hash_numbers(groups, self.seed) >> np.uint64(64 - self.bits)).astype(np.int64)
        found: np.ndarray = self.places[np.searchsorted(self.known, groups)]
        return found


@dataclass(frozen=True)
class GroupSets:
    """The set of each unit of groups, and whether it has rows."""

    units: Units
    set_of: np.ndarray
    present: np.ndarray
    rows: KeyedRows

    def of(self, groups: np.ndarray) -> np.ndarray:
        """The set of each group, uint8."""
        found: np.ndarray = self.set_of[self.units.of(groups)]
        return found

    def count(self, groups: Read) -> dict[int, int]:
        """How many groups each set has."""
        if not self.units.bits:
            sets = self.set_of[self.present]
            return {place: int((sets == place).sum()) for place in (TRAIN, VALIDATION, TEST)}
        counts = np.zeros(TEST + 1, np.int64)
        for each in distinct_hashes(groups, self.rows.count):
            counts += np.bincount(self.of(each.values), minlength=len(counts))
        return dict(enumerate(counts.tolist()))


def divide_groups(data: Data, rows: KeyedRows, groups: Read, *, seed: int, has_test: bool) -> GroupSets:
    """The set of each group: those of `data.fold`, or as near to the shares of the rows as whole groups allow.

    Raises:
        DataError: there are too few groups.
    """
    units = _count_units(rows, groups, seed)
    present = units.sizes > 0
    joined = np.arange(len(units.sizes))
    if rows.copies is not None:
        units, joined = _join(units, rows, groups, rows.copies)
    there = np.flatnonzero(units.sizes)
    set_of = np.full(len(units.sizes), TRAIN, np.uint8)
    generator = np.random.default_rng(np.random.SeedSequence([seed, STREAM]))
    if data.fold is not None:
        folds = data.fold.of
        require_enough(len(there), folds, "groups", f"{folds} folds of whole groups")
        dealt = deal_sizes(
            units.sizes[there],
            None if units.counts is None else units.counts[there],
            folds,
            np.random.default_rng(np.random.SeedSequence([seed, FOLDS])),
        )
        set_of[there[dealt == int(data.fold.test) - 1]] = TEST
    elif not has_test:
        set_of[_hold_out(units, there, test_fraction(data.test), generator, "test")] = TEST
    left = there[set_of[there] == TRAIN]
    set_of[_hold_out(units, left, data.validation, generator, "validation")] = VALIDATION
    return GroupSets(units, set_of[joined], present, rows)


def _hold_out(
    units: Units, candidates: np.ndarray, fraction: float, generator: np.random.Generator, part: str
) -> np.ndarray:
    """Which of the candidates are held out for a set."""
    sizes = units.sizes[candidates]
    require_two(len(candidates), int(sizes.sum()), "group", part)
    counts = None if units.counts is None else units.counts[candidates]
    held: np.ndarray = candidates[choose_groups(sizes, counts, fraction, generator)]
    return held


def _join(units: Units, rows: KeyedRows, groups: Read, copies: Read) -> tuple[Units, np.ndarray]:
    """The groups with those that they share equal rows with as one, the first of them; and which one each became."""
    if units.bits:
        raise DataError(
            f"data.duplicates: together cannot be kept in a split by more than {len(units.sizes):,} groups of a table "
            "that is streamed",
            hint="say `duplicates: drop`, or `memory: all` under data if the table fits into memory",
        )
    joined = join_units(copies, rows.count, lambda first, end: units.of(groups(first, end)), len(units.sizes))
    sizes = np.zeros_like(units.sizes)
    np.add.at(sizes, joined, units.sizes)
    counts = None
    if units.counts is not None:
        counts = np.zeros_like(units.counts)
        np.add.at(counts, joined, units.counts)
    return replace(units, sizes=sizes, counts=counts), joined


def _count_units(rows: KeyedRows, groups: Read, seed: int) -> Units:
    most = min(MOST_GROUPS, _MOST_COUNTS // max(1, rows.classes))
    order = rows.group_order
    if order is not None and len(order) <= most:
        places = np.argsort(order)
        units = Units(np.zeros(len(order), np.int64), None, order[places], places, 0, seed)
    else:
        nothing = np.empty(0, np.int64)
        bits = most.bit_length() - 1
        units = Units(np.zeros(1 << bits, np.int64), None, nothing, nothing, bits, seed)
    classes = rows.classes if rows.class_of is not None else 1
    counts = np.zeros(len(units.sizes) * classes, np.int64)
    for place in _cells(rows, groups, units, classes):
        counts += np.bincount(place, minlength=len(counts))
    table = counts.reshape(-1, classes)
    return Units(
        table.sum(axis=1), table if rows.class_of is not None else None, units.known, units.places, units.bits, seed
    )


def _cells(rows: KeyedRows, groups: Read, units: Units, classes: int) -> Iterator[np.ndarray]:
    """Unit and class of the rows of each block as one number."""
    for first, end in blocks(rows.count):
        place = units.of(groups(first, end)) * classes
        yield place if rows.class_of is None else place + rows.class_of(first, end)
