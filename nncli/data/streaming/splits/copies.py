"""Equal rows of a streamed table, by a 64-bit hash of each: the first of them, and what has to stay together."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nncli.data.streaming.splits.distinct import distinct_hashes
from nncli.data.streaming.splits.rows import KeyedRows, Read, blocks


def first_rows(copies: Read, count: int) -> np.ndarray:
    """Whether each of `count` rows is equal to none before it, bool (count,); `copies` are the hashes, uint64."""
    is_first = np.zeros(count, bool)
    for each in distinct_hashes(copies, count):
        is_first[each.first] = True
    return is_first


def as_units(rows: KeyedRows, copies: Read, classes: np.ndarray | None) -> KeyedRows:
    """The rows with their hash in place of their number, so that chance deals equal rows as one, the first of which is
    counted.

    `classes`, uint16 (rows,), are those of the rows; it is changed where equal rows are of different classes: all of
    them have that of the first, as in memory.
    """
    is_first = np.zeros(rows.count, bool)
    for each in distinct_hashes(copies, rows.count):
        is_first[each.first] = True
        values, first = each.values[each.rows > 1], each.first[each.rows > 1]
        if classes is not None:
            for places, repeated in _repeated(copies, rows.count, values):
                classes[places] = classes[first[repeated]]
    return replace(
        rows,
        numbers=copies,
        class_of=None if classes is None else (lambda start, end: classes[start:end].astype(np.int64)),
        counted=lambda start, end: is_first[start:end],
        units=int(is_first.sum()),
    )


def join_units(copies: Read, count: int, unit_of: Read, units: int) -> np.ndarray:
    """For each unit of groups the first one of those that it shares equal rows with, directly or through others, int64
    (units,); itself if it shares none."""
    parents = np.arange(units)
    for each in distinct_hashes(copies, count):
        values, first = each.values[each.rows > 1], each.first[each.rows > 1]
        own = np.zeros(len(values), np.int64)  # the unit of the first row of each, which is met before the others
        for places, repeated in _repeated(copies, count, values):
            start = int(places[0])
            found = unit_of(start, int(places[-1]) + 1)[places - start]
            is_first = places == first[repeated]
            own[repeated[is_first]] = found[is_first]
            pairs = np.stack([own[repeated], found], axis=1)
            for one, other in np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).tolist():
                low, high = sorted((_root(parents, one), _root(parents, other)))
                parents[high] = low
    return np.array([_root(parents, unit) for unit in range(units)], np.int64)


def _repeated(copies: Read, count: int, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each block the rows that have one of the hashes (ascending), and which one."""
    if not len(values):
        return
    for first, end in blocks(count):
        block = copies(first, end)
        places = np.minimum(np.searchsorted(values, block), len(values) - 1)
        found = np.flatnonzero(values[places] == block)
        if len(found):
            yield found + first, places[found]


def _root(parents: np.ndarray, unit: int) -> int:
    while parents[unit] != unit:
        parents[unit] = parents[parents[unit]]
        unit = int(parents[unit])
    return unit
