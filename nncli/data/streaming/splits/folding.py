"""Folds of streamed rows by chance: dealt by a hash of the seed and the row's number, so that each row is in one."""

import numpy as np

from nncli.data.splits.folding import require_enough
from nncli.data.splitting import STREAM
from nncli.data.streaming.assigning import (
    TEST,
    TRAIN,
    VALIDATION,
    count_bins,
    hash_numbers,
    held_out,
    limits_of,
)
from nncli.data.streaming.splits.rows import KeyedRows, blocks


def assign_fold(rows: KeyedRows, *, folds: int, number: int, seed: int, validation: float) -> np.ndarray:
    """The set of each row, uint8 (rows,), where the fold of that number (from 1) is tested.

    Folds differ by one row at most, in all and in each class, as those in memory do. In the order of their hashes, the
    rows of each class are cut into folds; those after a fold are its validation set, from the beginning again where
    they end, so that this is another one for each fold.

    Raises:
        DataError: there are too few rows.
    """
    require_enough(rows.count if rows.units is None else rows.units, 2 * folds, "rows", f"{folds} folds")
    classes = rows.classes if rows.class_of is not None else 1
    bins = count_bins(rows.count, rows.numbers, rows.class_of, classes, seed, rows.counted)
    sizes = bins.sum(axis=1)
    dealt = deal_classes(sizes, folds)
    first = dealt[: number - 1].sum(axis=0)
    end = first + dealt[number - 1]
    generator = np.random.default_rng(np.random.SeedSequence([seed, STREAM]))
    until = end + held_out(sizes - dealt[number - 1], validation, generator)
    ranks = [first, end, np.minimum(until, sizes), np.maximum(until - sizes, 0)]
    limits = limits_of(rows.count, rows.numbers, rows.class_of, bins, ranks, seed)
    assigned = np.full(rows.count, TRAIN, np.uint8)
    for begin, stop in blocks(rows.count):
        hashes = hash_numbers(rows.numbers(begin, stop), seed)
        of = rows.class_of(begin, stop) if rows.class_of is not None else np.zeros(stop - begin, np.int64)
        before_fold, before_validation, before_rest, again = (hashes < limit[of] for limit in limits)
        sets = assigned[begin:stop]
        sets[(before_rest & ~before_validation) | again] = VALIDATION
        sets[before_validation & ~before_fold] = TEST
    return assigned


def deal_classes(sizes: np.ndarray, folds: int) -> np.ndarray:
    """How many rows of each class each fold gets, int64 (folds, classes): row after row, class after class, in turn."""
    ends = np.cumsum(sizes)
    starts = ends - sizes
    turns = np.arange(folds)[:, None]
    found: np.ndarray = (ends - turns + folds - 1) // folds - (starts - turns + folds - 1) // folds
    return found
