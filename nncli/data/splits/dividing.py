"""Splits the rows of a source as a config's `data` section says: by chance, groups or time, or by a fold of these."""

from dataclasses import dataclass

import numpy as np

from nncli.config.sections import Data
from nncli.data.dataset import distinct_values
from nncli.data.splits.folding import fold_rows
from nncli.data.splits.grouping import hold_out_groups
from nncli.data.splits.ordering import hold_out_latest
from nncli.data.splitting import STREAM, Split, first_of_each, hold_out, split_rows, test_fraction
from nncli.errors import DataError


@dataclass(frozen=True)
class Rows:
    """What is known of the rows to split, each array (n,).

    Each value of `strata` gets the same share in all sets where chance decides. Equal rows have the same value in
    `copies` if they shall stay together. `groups` or `moments` are the column that `data.split` names, as numbers.
    """

    count: int
    strata: np.ndarray | None = None
    copies: np.ndarray | None = None
    groups: np.ndarray | None = None
    moments: np.ndarray | None = None

    def take(self, chosen: np.ndarray) -> "Rows":
        """Only these rows (indices)."""
        arrays = (self.strata, self.copies, self.groups, self.moments)
        return Rows(len(chosen), *(None if array is None else array[chosen] for array in arrays))


def divide(data: Data, rows: Rows, *, seed: int, has_test: bool = False, has_validation: bool = False) -> Split:
    """The rows of each set; a set that the source has itself (`has_test`, `has_validation`) stays empty.

    With `data.fold`, the fold is the test set, whatever the source has; its `test: none` leaves all rows in the
    training set.

    Raises:
        DataError: there are too few rows, groups or moments for the sets, or `data.duplicates` cannot be kept.
    """
    if rows.copies is not None:
        refuse_together_in_time(data)
    validation = None if has_validation else data.validation
    if data.fold is None and rows.groups is None and rows.moments is None:
        test = None if has_test else test_fraction(data.test)
        return split_rows(
            rows.count, seed=seed, test=test, validation=validation, strata=rows.strata, groups=rows.copies
        )
    everything, nothing = np.arange(rows.count, dtype=np.int64), np.empty(0, np.int64)
    if data.fold is not None and data.fold.test == "none":
        return Split(everything, nothing, nothing)
    generator = np.random.default_rng(np.random.SeedSequence([seed, STREAM]))
    kept, tested = everything, nothing
    if data.fold is not None:
        kept, tested = _fold(rows, data.fold.of, int(data.fold.test), seed)
    elif not has_test:
        kept, tested = _hold_out(rows, everything, test_fraction(data.test), generator, "test")
    if validation is None:
        return Split(kept, nothing, tested)
    return Split(*_hold_out(rows, kept, validation, generator, "validation"), tested)


def refuse_together_in_time(data: Data) -> None:
    """Raises DataError where equal rows shall stay together and rows are split by time."""
    if data.split is not None and data.split.by == "time" and data.duplicates == "together":
        raise DataError(
            "data.duplicates: together cannot be kept in a split by time: equal rows may be of different times",
            hint="say `duplicates: keep` or `duplicates: drop`",
        )


def _fold(rows: Rows, folds: int, number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that a fold is trained on, and those it is tested on; in order of time only earlier ones are trained
    on."""
    units = _units(rows)
    dealt = fold_rows(
        rows.count if units is None else len(units),
        folds,
        seed=seed,
        strata=rows.strata if units is None or rows.strata is None else rows.strata[units],
        groups=_joined_groups(rows),
        moments=rows.moments,
    )
    tested = dealt[number - 1]
    if units is not None and rows.copies is not None:
        tested = np.flatnonzero(np.isin(rows.copies, rows.copies[units[tested]])).astype(np.int64)
    if rows.moments is not None:
        return np.flatnonzero(rows.moments < rows.moments[tested].min()).astype(np.int64), tested
    return np.setdiff1d(np.arange(rows.count, dtype=np.int64), tested, assume_unique=True), tested


def _units(rows: Rows) -> np.ndarray | None:
    """The first of each group of equal rows, where chance deals these; None where it deals single rows."""
    is_chance = rows.groups is None and rows.moments is None
    return first_of_each(rows.copies) if is_chance and rows.copies is not None else None


def _hold_out(
    rows: Rows, candidates: np.ndarray, fraction: float, generator: np.random.Generator, part: str
) -> tuple[np.ndarray, np.ndarray]:
    """Which of the candidates (ascending) stay, and which are held out for a set."""
    strata = None if rows.strata is None else rows.strata[candidates]
    groups = _joined_groups(rows)
    if rows.moments is not None:
        moments = rows.moments[candidates]
        require_two(len(distinct_values(moments)), len(moments), "moment", part)
        held = hold_out_latest(moments, fraction)
    elif groups is not None:
        require_two(len(distinct_values(groups[candidates])), len(candidates), "group", part)
        held = hold_out_groups(groups[candidates], fraction, generator, strata)
    elif rows.copies is not None:
        units = first_of_each(rows.copies[candidates])
        _, chosen = hold_out(units, fraction, generator, strata)
        held = np.isin(rows.copies[candidates], rows.copies[candidates][chosen])
    else:
        return hold_out(candidates, fraction, generator, rows.strata)
    return candidates[~held], candidates[held]


def require_two(different: int, rows: int, what: str, part: str) -> None:
    """Raises DataError where the rows that a set is to be taken from are not of two different groups or moments."""
    if different < 2:
        raise DataError(
            f"the {rows:,} rows that a {part} set is to be taken from are all of one {what}, which is not split",
            hint="split by another column, or leave `split` out so that rows are split at random",
        )


def _joined_groups(rows: Rows) -> np.ndarray | None:
    """The groups; those that share equal rows are one where these shall stay together."""
    if rows.groups is None or rows.copies is None:
        return rows.groups
    copies = np.searchsorted(distinct_values(rows.copies), rows.copies)
    groups = np.searchsorted(distinct_values(rows.groups), rows.groups)
    while True:
        lowest = np.full(int(copies.max()) + 1, len(groups))
        np.minimum.at(lowest, copies, groups)
        of_group = np.arange(int(groups.max()) + 1)
        np.minimum.at(of_group, groups, lowest[copies])
        joined = of_group[groups]
        if (joined == groups).all():
            return groups
        groups = joined
