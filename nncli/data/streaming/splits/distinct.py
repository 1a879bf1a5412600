"""The different values of a file of 64-bit hashes, however many there are: a range of hashes after another."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nncli.data.streaming.splits.rows import Read, blocks

# Rows whose hashes are looked at in one pass, with 24 bytes each.
_MOST_ROWS = 1 << 22
_BITS = 12


@dataclass(frozen=True)
class Distinct:
    """Different hashes (uint64, ascending), the first row (int64) and the number of rows (int64) of each."""

    values: np.ndarray
    first: np.ndarray
    rows: np.ndarray


def distinct_hashes(hashes: Read, count: int) -> Iterator[Distinct]:
    """All different hashes of `count` rows, one range of hashes after another, each in a pass over the rows."""
    for low, high in _ranges(hashes, count):
        found: list[Distinct] = []
        held = 0
        for first, end in blocks(count):
            block = hashes(first, end)
            places = block >> np.uint64(64 - _BITS)
            chosen = np.flatnonzero((places >= np.uint64(low)) & (places < np.uint64(high)))
            if not len(chosen):
                continue
            found.append(_merge([Distinct(block[chosen], chosen + first, np.ones(len(chosen), np.int64))]))
            held += len(found[-1].values)
            if held > _MOST_ROWS:  # of hashes that are often repeated, those in each block were counted
                found = [_merge(found)]
                held = len(found[0].values)
        if found:
            yield _merge(found)


def _ranges(hashes: Read, count: int) -> Iterator[tuple[int, int]]:
    """Ranges of the first bits of hashes, each of at most `_MOST_ROWS` rows, or of one value of these bits."""
    sizes = np.zeros(1 << _BITS, np.int64)
    for first, end in blocks(count):
        sizes += np.bincount((hashes(first, end) >> np.uint64(64 - _BITS)).astype(np.int64), minlength=len(sizes))
    low, held = 0, 0
    for place, size in enumerate(sizes.tolist()):
        if held and held + size > _MOST_ROWS:
            yield low, place
            low, held = place, 0
        held += size
    yield low, len(sizes)


def _merge(found: list[Distinct]) -> Distinct:
    """The different hashes of several blocks in the order of their rows."""
    hashes = np.concatenate([each.values for each in found])
    first = np.concatenate([each.first for each in found])
    rows = np.concatenate([each.rows for each in found])
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
    return Distinct(hashes[starts], first[order][starts], np.add.reduceat(rows[order], starts))
