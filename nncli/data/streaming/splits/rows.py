"""What is known of the rows of a streamed table that are to be split: functions that read it from files in blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

# Gives what is known of the rows from one to another, (n,).
Read = Callable[[int, int], np.ndarray]
# A row that is in no set: later than the fold that is tested.
NO_SET = 3
_BLOCK = 1 << 18


@dataclass(frozen=True)
class KeyedRows:
    """The rows to split: their numbers int64, and what decides besides chance.

    Each class from 0 to below `classes` gets the same share in all sets where chance decides; without `class_of`,
    chance alone does. `groups` (uint64, hashes of the values) or `moments` (int64, in order) are those of the column
    that `data.split` names. `group_order` (uint64) has the groups in the order in which they are dealt, None where
    there are very many. Rows of equal `copies` (uint64) are to stay together; where chance deals these as one,
    `counted` (bool) are the first of each, and `units` is their number.
    """

    count: int
    numbers: Read
    class_of: Read | None = None
    classes: int = 0
    groups: Read | None = None
    group_order: np.ndarray | None = None
    moments: Read | None = None
    copies: Read | None = None
    counted: Read | None = None
    units: int | None = None


def blocks(count: int) -> Iterator[tuple[int, int]]:
    """The bounds (first, end) of each block of `count` rows."""
    for first in range(0, count, _BLOCK):
        yield first, min(count, first + _BLOCK)
