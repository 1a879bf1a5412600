"""Splits the rows of a streamed table as a config's `data` section says, by the rules for data in memory."""

from dataclasses import dataclass

import numpy as np

from nncli.config.sections import Data
from nncli.data.splitting import test_fraction
from nncli.data.streaming.assigning import TEST, TRAIN, VALIDATION, assign
from nncli.data.streaming.splits.copies import as_units
from nncli.data.streaming.splits.folding import assign_fold
from nncli.data.streaming.splits.grouping import divide_groups
from nncli.data.streaming.splits.ordering import divide_moments
from nncli.data.streaming.splits.rows import KeyedRows, blocks


@dataclass(frozen=True)
class Sets:
    """The set of each row, uint8 (rows,): TRAIN, VALIDATION, TEST or NO_SET; and what tells the sets apart: how many
    groups each has, or its first and last moment."""

    of: np.ndarray
    groups: dict[int, int] | None = None
    spans: dict[int, tuple[int, int]] | None = None


def divide_streamed(data: Data, rows: KeyedRows, *, seed: int, has_test: bool) -> Sets:
    """The sets of all rows; there is no test set where the source has its own (`has_test`).

    With `data.fold`, the fold is the test set, and its `test: none` leaves all rows in the training set.

    Raises:
        DataError: there are too few rows, groups or moments for the sets.
    """
    if data.fold is not None and data.fold.test == "none":
        return Sets(np.full(rows.count, TRAIN, np.uint8))
    assigned = np.empty(rows.count, np.uint8)
    if rows.groups is not None:
        groups = divide_groups(data, rows, rows.groups, seed=seed, has_test=has_test)
        for first, end in blocks(rows.count):
            assigned[first:end] = groups.of(rows.groups(first, end))
        return Sets(assigned, groups=groups.count(rows.groups))
    if rows.moments is not None:
        cuts = divide_moments(data, rows.moments, rows.count, has_test=has_test)
        for first, end in blocks(rows.count):
            assigned[first:end] = cuts.of(rows.moments(first, end))
        return Sets(assigned, spans=_spans(rows, assigned))
    if rows.copies is not None:
        rows = as_units(rows, rows.copies, _read_classes(rows))
    if data.fold is not None:
        number = int(data.fold.test)
        return Sets(assign_fold(rows, folds=data.fold.of, number=number, seed=seed, validation=data.validation))
    test = None if has_test else test_fraction(data.test)
    return Sets(
        assign(
            rows.count,
            rows.numbers,
            rows.class_of,
            rows.classes,
            seed=seed,
            test=test,
            validation=data.validation,
            counted=rows.counted,
        )
    )


def _read_classes(rows: KeyedRows) -> np.ndarray | None:
    """The classes of all rows, uint16: two bytes a row, in memory."""
    if rows.class_of is None:
        return None
    classes = np.empty(rows.count, np.uint16)
    for first, end in blocks(rows.count):
        classes[first:end] = rows.class_of(first, end)
    return classes


def _spans(rows: KeyedRows, assigned: np.ndarray) -> dict[int, tuple[int, int]]:
    """The first and the last moment of each set that has rows."""
    found: dict[int, tuple[int, int]] = {}
    for first, end in blocks(rows.count):
        moments = rows.moments(first, end) if rows.moments is not None else np.empty(0, np.int64)
        for place in (TRAIN, VALIDATION, TEST):
            own = moments[assigned[first:end] == place]
            if len(own):
                low, high = found.get(place, (int(own[0]), int(own[0])))
                found[place] = (min(low, int(own.min())), max(high, int(own.max())))
    return found
