"""Finds leakage in a table: columns that are the target under another name, and repeated rows.

Works on arrays and columns that are already chosen; does not depend on files.
"""

from collections.abc import Sequence

import numpy as np

from nncli.config.facts import Task
from nncli.data.dataset import Part, count_distinct, hash_rows
from nncli.data.plurals import count
from nncli.data.tables.features.choosing import Features
from nncli.data.tables.files.columns import Column, Table
from nncli.data.targets import Goal

# Repeated rows are reported from this share of all rows on.
REPEATED_SHARE = 0.01
_UNSEEN = 1 << 30
# This many rows are checked first: if they are not on a line, neither are all rows.
_SAMPLE = 1000


def find_twins(table: Table, features: Features, goal: Goal, targets: np.ndarray) -> tuple[str, ...]:
    """The features with the same content as the target; a single feature is assumed to be intended."""
    names = (*features.numbers, *features.categories)
    return tuple(name for name in names if len(features.names) > 1 and is_twin(table.columns[name], goal, targets))


def describe_repeats(parts: Sequence[Part]) -> list[str]:
    """A note on how many rows of all sets together repeat another row, if there are more than a few."""
    repeated, rows = _repeated_rows(parts), sum(map(len, parts))
    if repeated < REPEATED_SHARE * rows:
        return []
    return [
        f"{count(repeated, 'row repeats', 'rows repeat')} another row, so that some are both trained on and tested on"
    ]


def is_twin(column: Column, goal: Goal, targets: np.ndarray) -> bool:
    """Whether the column has the same content as a target in every row where it is present, which must be most rows."""
    present = column.present
    if present.sum() < len(present) / 2:
        return False
    if goal.task.is_regression:
        return any(_moves_with(column, values, present) for values in targets.T)
    if goal.task is Task.MULTILABEL:
        return any(_maps_onto(column, labels.astype(np.int64), present, 2) for labels in targets.T)
    return _maps_onto(column, targets.reshape(-1).astype(np.int64), present, len(goal.classes))


def _moves_with(column: Column, values: np.ndarray, present: np.ndarray) -> bool:
    """Whether the column is the target up to a factor and an offset."""
    if not column.is_numeric:
        return False
    some = np.flatnonzero(present)[:: max(1, int(present.sum()) // _SAMPLE)]
    if _is_line(column.numbers[some], values[some]) is False:
        return False
    return _is_line(column.numbers[present], values[present]) is True


def _is_line(ours: np.ndarray, theirs: np.ndarray) -> bool | None:
    """Whether one is the other times a factor plus an offset; None if one of them is constant."""
    if len(ours) < 3 or ours.min() == ours.max() or theirs.min() == theirs.max():
        return None
    return bool(abs(np.corrcoef(ours, theirs.astype(np.float64))[0, 1]) > 1 - 1e-9)


def _maps_onto(column: Column, targets: np.ndarray, present: np.ndarray, classes: int) -> bool:
    """Whether values and classes correspond one to one."""
    first = column.numbers[:1000]
    if len(np.unique(first[~np.isnan(first)])) > classes:
        return False
    if column.is_numeric:  # avoids reading its texts from the file
        values, codes = np.unique(column.numbers[present], return_inverse=True)
        different, codes = len(values), codes.reshape(-1)
    else:
        different, codes = len(column.values), column.dictionary[0][present]
    if different != classes:
        return False
    pairs = np.unique(codes.astype(np.int64) * classes + targets[present])
    return len(pairs) == classes == len(np.unique(pairs % classes))


def _repeated_rows(parts: Sequence[Part]) -> int:
    """How many rows are equal to an earlier one, by a 64-bit hash of their bytes."""
    hashes = [
        hash_rows([*part.inputs.values(), part.targets.reshape(len(part), -1).astype(np.float32)])
        for part in parts
        if len(part)
    ]
    return sum(map(len, hashes)) - count_distinct(np.concatenate(hashes))


def hash_columns(columns: Sequence[Column], like: Sequence[Column] | None = None) -> np.ndarray:
    """A hash, uint64 (n,), of the cells of each row; `like` are the same columns of another table to compare hashes
    with."""
    parts = []
    for index, column in enumerate(columns):
        model = column if like is None else like[index]
        if column.is_numeric and model.is_numeric:
            # Adding 0.0 turns -0.0 into 0.0, which is equal but has other bits.
            parts.append(np.where(column.present, column.numbers + 0.0, np.nan))
        else:
            parts.append(_codes(column, model))
    return hash_rows(parts)


def _codes(column: Column, like: Column) -> np.ndarray:
    """The codes, int64 (n,), of a column's texts in the numbering of another column; -1 for missing."""
    codes, texts = column.dictionary
    if column is like:
        return codes.astype(np.int64)
    known = {text: index for index, text in enumerate(like.dictionary[1])}
    places = np.array([known.get(text, _UNSEEN + index) for index, text in enumerate(texts)] + [-1], np.int64)
    return places[codes]
