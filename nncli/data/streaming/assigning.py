"""Assigns each row of a streamed table to a set, by a hash of the seed and its number; does not see its values.

Each class gives its exact share: of its rows, those with the smallest hashes are tested, the next validated. So the
sets depend on seed, row numbers and classes alone, and not on the pieces in which the rows were read.
"""

from collections.abc import Callable

import numpy as np

from nncli.data.splitting import FEWEST_ROWS, STREAM, quotas, too_few_units
from nncli.errors import DataError

TRAIN, VALIDATION, TEST = 0, 1, 2
_BLOCK = 1 << 18
# Hashes are sorted into this many bins by their first bits, so that only those of one bin have to be compared.
_BITS = 12


def assign(
    rows: int,
    numbers_of: Callable[[int, int], np.ndarray],
    classes_of: Callable[[int, int], np.ndarray] | None,
    classes: int,
    *,
    seed: int,
    test: float | None,
    validation: float,
    counted: Callable[[int, int], np.ndarray] | None = None,
) -> np.ndarray:
    """The set of each row, uint8 (rows,): TRAIN, VALIDATION or TEST; `validation` is a share of what is not tested.

    No row is tested where the share `test` is None.

    `numbers_of` gives the row numbers (int64) of rows from one to another, `classes_of` their classes from 0 on, None
    where chance alone decides. A class with a single row is trained on. Rows of one number and class go to the same
    set; the shares are of the rows that are `counted` (bool), where this is given one of each number.

    Raises:
        DataError: there are too few rows.
    """
    count = classes if classes_of is not None else 1
    bins = count_bins(rows, numbers_of, classes_of, count, seed, counted)
    sizes = bins.sum(axis=1)
    if counted is not None and sizes.sum() < FEWEST_ROWS:
        raise too_few_units(int(sizes.sum()))
    if rows < FEWEST_ROWS:
        raise DataError(
            f"{rows} rows are too few to be split into training, validation and test sets (at least {FEWEST_ROWS})",
            hint="collect more rows",
        )
    generator = np.random.default_rng(np.random.SeedSequence([seed, STREAM]))
    tested = np.zeros_like(sizes) if test is None else held_out(sizes, test, generator)
    held = tested + held_out(sizes - tested, validation, generator)
    limits = limits_of(rows, numbers_of, classes_of, bins, [tested, held], seed)
    assigned = np.empty(rows, np.uint8)
    for first in range(0, rows, _BLOCK):
        end = min(rows, first + _BLOCK)
        hashes = hash_numbers(numbers_of(first, end), seed)
        of = classes_of(first, end) if classes_of is not None else np.zeros(end - first, np.int64)
        below = [hashes < limit[of] for limit in limits]
        assigned[first:end] = np.where(below[0], TEST, np.where(below[1], VALIDATION, TRAIN))
    return assigned


def hash_numbers(numbers: np.ndarray, seed: int) -> np.ndarray:
    """A hash of each row number, uint64 (n,), different for different numbers (Steele et al., Fast splittable
    pseudorandom number generators, 2014: the finalizer of SplitMix64)."""
    start = np.random.SeedSequence([seed, STREAM]).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        mixed = (numbers.astype(np.uint64) + start) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return found


def held_out(sizes: np.ndarray, fraction: float, generator: np.random.Generator) -> np.ndarray:
    """How many rows of each class are held out; none of a class with one row."""
    wanted = min(max(1, round(int(sizes.sum()) * fraction)), int(sizes.sum()) - 1)
    there = sizes > 0
    held = np.zeros(len(sizes), np.int64)
    held[there] = quotas(sizes[there], wanted, generator)
    if not held.any():
        raise DataError("no class has two rows, so no row can be held out", hint="collect more rows of each class")
    return held


def count_bins(
    rows: int,
    numbers_of: Callable[[int, int], np.ndarray],
    classes_of: Callable[[int, int], np.ndarray] | None,
    classes: int,
    seed: int,
    counted: Callable[[int, int], np.ndarray] | None = None,
) -> np.ndarray:
    """How many rows of each class have a hash in each bin, int64 (classes, bins)."""
    counts = np.zeros(classes << _BITS, np.int64)
    for first in range(0, rows, _BLOCK):
        end = min(rows, first + _BLOCK)
        places = _bin(hash_numbers(numbers_of(first, end), seed))
        if classes_of is not None:
            places += classes_of(first, end).astype(np.int64) << _BITS
        if counted is not None:
            places = places[counted(first, end)]
        counts += np.bincount(places, minlength=len(counts))
    return counts.reshape(classes, 1 << _BITS)


def _bin(hashes: np.ndarray) -> np.ndarray:
    return (hashes >> np.uint64(64 - _BITS)).astype(np.int64)


def limits_of(
    rows: int,
    numbers_of: Callable[[int, int], np.ndarray],
    classes_of: Callable[[int, int], np.ndarray] | None,
    bins: np.ndarray,
    held: list[np.ndarray],
    seed: int,
) -> list[np.ndarray]:
    """For each of the `held` counts and each class the hash (uint64) below which exactly that many of its rows are."""
    below = np.concatenate([np.zeros((len(bins), 1), np.int64), np.cumsum(bins, axis=1)], axis=1)
    # The bin with the first hash that is not held; rows of the bins before are held without a look.
    places = [
        np.array([np.searchsorted(row[:-1], k, side="right") - 1 for row, k in zip(below, counts, strict=True)])
        for counts in held
    ]
    found: dict[tuple[int, int], list[np.ndarray]] = {}
    for first in range(0, rows, _BLOCK):
        end = min(rows, first + _BLOCK)
        hashes = hash_numbers(numbers_of(first, end), seed)
        of = classes_of(first, end).astype(np.int64) if classes_of is not None else np.zeros(len(hashes), np.int64)
        own = _bin(hashes)
        for place in places:
            chosen = own == place[of]
            for index in np.unique(of[chosen]):
                found.setdefault((int(index), int(place[index])), []).append(np.unique(hashes[chosen & (of == index)]))
    limits = []
    for counts, place in zip(held, places, strict=True):
        limit = np.zeros(len(bins), np.uint64)
        for index in range(len(bins)):
            parts = found.get((index, int(place[index])))
            left = int(counts[index] - below[index, place[index]])
            hashes = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.uint64)
            at_end = np.uint64(2**64 - 1)
            limit[index] = hashes[left] if left < len(hashes) else at_end
        limits.append(limit)
    return limits
