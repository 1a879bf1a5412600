"""What in a table gives the answer away: columns that are the target by another name, rows that repeat.

Looks at arrays and columns that are already chosen; knows nothing of files.
"""

import numpy as np

from nncli.config.facts import Task
from nncli.data.columns import Column, Table
from nncli.data.dataset import Inputs
from nncli.data.features import Features
from nncli.data.targets import Goal

# Repeated rows are told from this share of all rows on.
REPEATED_SHARE = 0.01


def find_leaks(table: Table, features: Features, goal: Goal, targets: np.ndarray, inputs: Inputs) -> list[str]:
    """Notes about twins of the target and repeated rows."""
    notes = []
    names = (*features.numbers, *features.categories)
    if len(names) > 1:
        for name in names:
            if _is_twin(table.columns[name], goal, targets):
                told = ", ".join(goal.columns)
                notes.append(
                    f'{name}: says the same as the target "{told}", row by row; if it is not known before '
                    f"the target is, the answer leaks: `drop: [{name}]`"
                )
    repeated = _repeated_rows(inputs, targets)
    if repeated >= REPEATED_SHARE * len(targets):
        notes.append(f"{repeated} rows repeat another row, so that some are both trained on and tested on")
    return notes


def _is_twin(column: Column, goal: Goal, targets: np.ndarray) -> bool:
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
    ours, theirs = column.numbers[present], values[present].astype(np.float64)
    if len(ours) < 3 or ours.min() == ours.max() or theirs.min() == theirs.max():
        return False
    return bool(abs(np.corrcoef(ours, theirs)[0, 1]) > 1 - 1e-9)


def _maps_onto(column: Column, targets: np.ndarray, present: np.ndarray, classes: int) -> bool:
    """Whether each value stands for one class and each class for one value."""
    first = column.numbers[:1000]
    if len(np.unique(first[~np.isnan(first)])) > classes or len(column.values) != classes:
        return False
    pairs = np.unique(column.dictionary[0][present].astype(np.int64) * classes + targets[present])
    return len(pairs) == classes == len(np.unique(pairs % classes))


def _repeated_rows(inputs: Inputs, targets: np.ndarray) -> int:
    """How many rows are equal to an earlier one, by a 64-bit hash of their bytes."""
    parts = [*inputs.values(), targets.reshape(len(targets), -1).astype(np.float32)]
    words = np.concatenate([np.ascontiguousarray(part).view(np.uint32) for part in parts], axis=1).astype(np.uint64)
    factors = np.random.default_rng(0).integers(0, 2**64, words.shape[1], np.uint64) | np.uint64(1)
    mixed = words * factors
    mixed ^= mixed >> np.uint64(29)
    return len(words) - len(np.unique((mixed * np.uint64(0x9E3779B97F4A7C15)).sum(axis=1, dtype=np.uint64)))
