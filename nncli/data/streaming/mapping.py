"""Keeps memory maps from filling memory: pages that were read are released, and samples come from a few places."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nncli.data.dataset import Dataset, Part
from nncli.data.dataset import let_go as let_go

# A sample has this many stretches of neighbouring rows, since each stretch costs whole pages.
_STRETCHES = 256
_BLOCK_BYTES = 1 << 24


def blocks_of(array: np.ndarray) -> Iterator[np.ndarray]:
    """All rows of an array, some at a time; of a memory map without keeping what was read."""
    rows = max(1, _BLOCK_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
        let_go([array])


def spread_rows(rows: int, most: int) -> np.ndarray:
    """The positions of at most `most` of `rows` rows, int64, ascending: stretches of neighbours from all over."""
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    length = max(1, most // _STRETCHES)
    starts = np.linspace(0, rows - length, most // length).astype(np.int64)
    return np.unique((starts[:, None] + np.arange(length)).reshape(-1))


def thin_part(part: Part, most: int) -> Part:
    """Some rows of a part, in memory; the part itself if it has no more."""
    if len(part) <= most:
        return part
    thinned = part.take(spread_rows(len(part), most))
    let_go([*part.inputs.values(), part.targets, part.rows])
    return thinned


def thin_dataset(dataset: Dataset, *, train: int, validation: int, test: int) -> Dataset:
    """A streamed data set with at most this many rows in each set, in memory; its fingerprint says so."""
    return replace(
        dataset,
        train=thin_part(dataset.train, train),
        validation=thin_part(dataset.validation, validation),
        test=thin_part(dataset.test, test),
        is_streamed=False,
        known_fingerprint=f"{dataset.fingerprint}/{train}/{validation}/{test}",
    )
