"""Splits rows into sets: shuffled, stratified, reproducible by the seed; does not see the data itself."""

from dataclasses import dataclass

import numpy as np

from nncli.config.sections import Data
from nncli.data.dataset import distinct_values
from nncli.errors import DataError

TEST_FRACTION = 0.2
FEWEST_ROWS = 10
# Makes the split's random numbers independent of all others drawn from the same seed.
STREAM = 0x5917


@dataclass(frozen=True)
class Split:
    """Row numbers (int64, ascending) of each set; `test` is empty if the source has its own test set."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def test_fraction(test: float | str | None) -> float:
    """The fraction in a config's `test`; the default if `test` is not given or names a file."""
    return test if isinstance(test, float) else TEST_FRACTION


def path_of_test(data: Data) -> str | None:
    """What `test` names, a set of its own, or else `path`: the rows of a fold are those of `path`."""
    is_fold = data.fold is not None and data.fold.test != "none"
    return data.test if isinstance(data.test, str) and not is_fold else data.path


def split_rows(
    rows: int,
    *,
    seed: int,
    test: float | None,
    validation: float | None,
    strata: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Split:
    """Split `rows` rows into a training, validation and test set; a set whose fraction is None stays empty.

    Each value of `strata` (rows,) gets the same share in all sets. Rows with the same value in `groups` (rows,) go to
    the same set: whole groups are split, each with the stratum of its first row, and the fractions are of the groups.

    Raises:
        DataError: there are too few rows for sets of a useful size.
    """
    if groups is not None:
        _, first, membership = np.unique(groups, return_index=True, return_inverse=True)
        # Groups in the order of their first rows, so that the split is the same as without groups if all rows differ.
        order = np.argsort(first)
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        if len(order) < FEWEST_ROWS:
            raise too_few_units(len(order))
        shares = strata[first[order]] if strata is not None else None
        split = split_rows(len(order), seed=seed, test=test, validation=validation, strata=shares)
        return _expand(split, ranks[membership.reshape(-1)])
    if rows < FEWEST_ROWS:
        raise DataError(
            f"{rows} rows are too few to be split into training, validation and test sets (at least {FEWEST_ROWS})",
            hint="collect more rows",
        )
    generator = np.random.default_rng(np.random.SeedSequence([seed, STREAM]))
    nothing = np.empty(0, np.int64)
    kept, held_test, held_validation = np.arange(rows, dtype=np.int64), nothing, nothing
    if test is not None:
        kept, held_test = hold_out(kept, test, generator, strata)
    if validation is not None:
        kept, held_validation = hold_out(kept, validation, generator, strata)
    return Split(kept, held_validation, held_test)


def too_few_units(different: int) -> DataError:
    """The error for so few different rows that they cannot be split with equal ones together."""
    return DataError(
        f"{different} different rows are too few to keep equal ones together (at least {FEWEST_ROWS})",
        hint="say `duplicates: keep`",
    )


def _expand(split: Split, membership: np.ndarray) -> Split:
    """Turn a split of groups into a split of rows; `membership` (rows,) is the group of each row."""

    def rows_of(groups: np.ndarray) -> np.ndarray:
        return np.flatnonzero(np.isin(membership, groups)).astype(np.int64)

    return Split(rows_of(split.train), rows_of(split.validation), rows_of(split.test))


def first_of_each(groups: np.ndarray) -> np.ndarray:
    """The first row (int64, ascending) of each value in `groups` (rows,)."""
    _, first = np.unique(groups, return_index=True)
    return np.sort(first).astype(np.int64)


def refuse_duplicates(data: Data, *, has_test: bool) -> None:
    """Raises DataError if `duplicates` would have to change a given test or validation set."""
    if data.duplicates != "keep" and has_test:
        given = f"data.test is {data.test}" if isinstance(data.test, str) else f"this {data.source} is split already"
        leave = ", or leave `test` out so that the rows are split at random" if isinstance(data.test, str) else ""
        raise DataError(
            f"data.duplicates: {data.duplicates} cannot change a given split, and {given}",
            hint=f"use `duplicates: keep`{leave}",
        )


def hold_out(
    rows: np.ndarray, fraction: float, generator: np.random.Generator, strata: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Take a random `fraction` of `rows` (ascending), at least one row; a class with a single row is kept.

    Returns (kept, held), both ascending.
    """
    wanted = min(max(1, round(len(rows) * fraction)), len(rows) - 1)
    if strata is None:
        held = generator.permutation(rows)[:wanted]
    else:
        held = _stratified(rows, strata[rows], wanted, generator)
    if len(held) == 0:
        raise DataError("no class has two rows, so no row can be held out", hint="collect more rows of each class")
    held = np.sort(held)
    is_kept = np.ones(len(rows), bool)
    is_kept[np.searchsorted(rows, held)] = False
    return rows[is_kept], held


def _stratified(rows: np.ndarray, strata: np.ndarray, wanted: int, generator: np.random.Generator) -> np.ndarray:
    membership = np.searchsorted(distinct_values(strata), strata)
    sizes = np.bincount(membership)
    quota = quotas(sizes, wanted, generator)
    shuffled = generator.permutation(len(rows))
    # In the shuffled order, the first rows of each class are held out, up to the quota of the class.
    classes = membership[shuffled]
    by_class = np.argsort(
        classes.astype(np.min_scalar_type(len(sizes))), kind="stable"
    )  # NumPy sorts bytes by counting, which is fast
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    place = np.empty(len(rows), np.int64)
    place[by_class] = np.arange(len(rows)) - np.repeat(starts, sizes)
    return rows[shuffled[place < quota[classes]]]


def quotas(sizes: np.ndarray, wanted: int, generator: np.random.Generator) -> np.ndarray:
    """How many rows of each class are held out: the exact share rounded down, then the largest remainders."""
    share = sizes * (wanted / sizes.sum())
    quota: np.ndarray = np.minimum(np.floor(share).astype(np.int64), sizes - 1)
    order = np.lexsort((generator.random(len(sizes)), -(share - quota)))
    missing = wanted - int(quota.sum())
    takers = order[(quota < sizes - 1)[order]][: max(missing, 0)]
    quota[takers] += 1
    return quota
