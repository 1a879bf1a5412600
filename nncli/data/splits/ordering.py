"""Sets in order of time: no row is trained on that is later than a row it is tested on."""

import numpy as np

from nncli.data.dataset import distinct_values


def hold_out_latest(moments: np.ndarray, fraction: float) -> np.ndarray:
    """Whether each row is held out, bool (n,): the latest ones, as nearly `fraction` of them as whole moments allow.

    Rows of one moment stay together. `moments` (n,) has at least two different values.
    """
    wanted = len(moments) * fraction
    first = _cut_moment(moments, len(moments) - wanted)
    held: np.ndarray = moments >= first
    return held


def deal_blocks(moments: np.ndarray, blocks: int) -> np.ndarray:
    """The block of each row, int64 (n,), from the earliest, 0, to the latest: as even as whole moments allow.

    `moments` (n,) has at least `blocks` different values; no block is empty.
    """
    different = distinct_values(moments)
    places = np.searchsorted(different, moments)
    until = np.cumsum(np.bincount(places))
    cuts: list[int] = []  # the first moment of each block but the earliest
    for block in range(1, blocks):
        low = cuts[-1] + 1 if cuts else 1
        high = len(different) - (blocks - block)
        before = until[low - 1 : high]  # rows before a cut at each possible moment
        cuts.append(low + int(np.argmin(np.abs(before - len(moments) * block / blocks))))
    return np.searchsorted(np.array(cuts, np.int64), places, side="right").astype(np.int64)


def _cut_moment(moments: np.ndarray, rows_before: float) -> np.generic:
    """The moment, never the earliest, with the number of rows before it nearest to `rows_before`."""
    different = distinct_values(moments)
    before = np.cumsum(np.bincount(np.searchsorted(different, moments)))[:-1]
    cut: np.generic = different[1:][np.argmin(np.abs(before - rows_before))]
    return cut
