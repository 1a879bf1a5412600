"""Folds: every row is in the test set of one of them, or, in order of time, every row but the earliest."""

import numpy as np

from nncli.data.dataset import distinct_values
from nncli.data.splits.grouping import deal_groups
from nncli.data.splits.ordering import deal_blocks
from nncli.errors import DataError

# Makes the random numbers of folds independent of those of an ordinary split by the same seed.
STREAM = 0xF01D


def fold_rows(
    rows: int,
    folds: int,
    *,
    seed: int,
    strata: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    moments: np.ndarray | None = None,
) -> list[np.ndarray]:
    """The test rows (int64, ascending) of each fold; together they are all `rows`, and no two share one.

    By chance, the folds differ by one row at most, in all and in each value of `strata` (n,). Whole `groups` (n,) stay
    together and make folds as even as they allow (as scikit-learn's GroupKFold). With `moments` (n,), rows are cut into
    one block more than folds, in order of time, and each block but the earliest is a fold to be tested by what was
    learned from the blocks before it (as scikit-learn's TimeSeriesSplit); the earliest is in no fold.

    Raises:
        DataError: there are fewer rows, groups or moments than folds need.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, STREAM]))
    if moments is not None:
        require_enough(len(distinct_values(moments)), folds + 1, "different moments", f"{folds} folds in order of time")
        fold_of = deal_blocks(moments, folds + 1) - 1
    elif groups is not None:
        require_enough(len(distinct_values(groups)), folds, "groups", f"{folds} folds of whole groups")
        fold_of = deal_groups(groups, folds, generator, strata)
    else:
        require_enough(rows, 2 * folds, "rows", f"{folds} folds")
        fold_of = _deal_rows(rows, folds, generator, strata)
    return [np.flatnonzero(fold_of == fold).astype(np.int64) for fold in range(folds)]


def _deal_rows(rows: int, folds: int, generator: np.random.Generator, strata: np.ndarray | None) -> np.ndarray:
    """The fold of each row, int64 (n,): in random order, class after class, dealt in turn."""
    order = generator.permutation(rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    fold_of = np.empty(rows, np.int64)
    fold_of[order] = np.arange(rows) % folds
    return fold_of


def require_enough(found: int, needed: int, what: str, why: str) -> None:
    """Raises DataError where there are fewer rows, groups or moments than folds need."""
    if found < needed:
        raise DataError(f"{why} need at least {needed} {what}, got {found}", hint="ask for fewer folds")
