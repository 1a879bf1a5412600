"""The target: infers or checks its task, orders its classes, and turns its columns into an array.

Works on columns in memory; does not depend on files or features.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.facts import Target, Task
from nncli.data.dataset import count_distinct
from nncli.data.plurals import count
from nncli.data.tables.files.columns import Column
from nncli.errors import DataError

# Up to FEW_NUMBERS different whole numbers may be classes; up to FEW_LABELS if they start at 0 or 1 and the name of
# the column suggests classes.
FEW_NUMBERS = 10
FEW_LABELS = 20
_CLASS_NAME = re.compile(r"class|label|category|kind|type|species|digit|group|cluster|target", re.IGNORECASE)
_AMOUNT_NAME = re.compile(
    r"(n|num|nr|no|number|count|total|sum|age)([_ .-].*)?|.*[_ .-](count|total|sum)", re.IGNORECASE
)
# The most common value of a count is at least this many times as frequent as its largest value.
_RARER = 10
_UNORDERED_PAIRS = {frozenset("+-"): ("-", "+")}


@dataclass(frozen=True)
class Goal:
    """What is predicted, without any statistics of the training set."""

    task: Task
    columns: tuple[str, ...]
    classes: tuple[str, ...] = ()


def choose_goal(columns: Sequence[Column], task: Task | None) -> tuple[Goal, str | None]:
    """The goal for these target columns (without missing cells) and a note on how its task was inferred, None if given.

    Raises:
        DataError: the values do not fit the task, or no task fits them.
    """
    note = None
    if task is None:
        task, why = _infer(columns)
        note = f"task: {task} (inferred: {why})"
    names = tuple(column.name for column in columns)
    _check(columns, task)
    classes = ordered_classes(columns[0]) if task in (Task.BINARY, Task.MULTICLASS) else ()
    return Goal(task, names, classes), note


def class_goal(column: str, classes: Sequence[str], task: Task | None) -> Goal:
    """The goal of a source whose classes already have names and an order, such as folders.

    Raises:
        DataError: there is only one class, or the task does not fit the classes.
    """
    chosen = task or (Task.BINARY if len(classes) == 2 else Task.MULTICLASS)
    if len(classes) < 2:
        raise DataError(f"there is only one class, {', '.join(classes)}: nothing to learn")
    if chosen not in (Task.BINARY, Task.MULTICLASS) or (chosen is Task.BINARY and len(classes) > 2):
        raise DataError(
            f"task {chosen} does not fit a target of {len(classes)} classes: {', '.join(classes[:8])}",
            hint="leave `task` out, or say `task: multiclass`",
        )
    return Goal(chosen, (column,), tuple(classes))


def ordered_classes(column: Column) -> tuple[str, ...]:
    """The classes of a column, sorted as numbers if all are numbers, otherwise by name; the second of two is
    positive."""
    if column.is_numeric:
        return tuple(sorted(column.values, key=float))
    if frozenset(column.values) in _UNORDERED_PAIRS:
        return _UNORDERED_PAIRS[frozenset(column.values)]
    return tuple(sorted(column.values, key=lambda text: (text.casefold(), text)))


def encode_targets(goal: Goal | Target, columns: Sequence[Column]) -> np.ndarray:
    """The targets in the form of `Part.targets`; no cell may be missing.

    Raises:
        DataError: a class is unknown, a label is neither 0 nor 1, or a cell is text instead of a number.
    """
    if goal.task in (Task.BINARY, Task.MULTICLASS):
        indices = _class_indices(columns[0], goal.classes)
        return class_targets(goal.task, indices)
    if goal.task is Task.MULTILABEL:
        return np.stack([_zero_one(column) for column in columns], axis=1)
    for column in columns:
        _check_finite(column)
    return np.stack([column.numbers for column in columns], axis=1).astype(np.float32)


def class_targets(task: Task, indices: np.ndarray) -> np.ndarray:
    """Class indices (n,) as targets: float32 (n, 1) for binary, int32 (n,) for multiclass."""
    return indices.astype(np.float32)[:, None] if task is Task.BINARY else indices.astype(np.int32)


def describe(goal: Goal, training: np.ndarray) -> Target:
    """The goal with the statistics of the training set's targets."""
    if goal.task is Task.MULTICLASS:
        counts = np.bincount(training, minlength=len(goal.classes))
        return Target(
            task=goal.task, columns=goal.columns, classes=goal.classes, class_counts=tuple(int(n) for n in counts)
        )
    numbers = training.astype(np.float64)
    mean = tuple(float(value) for value in numbers.mean(axis=0))
    if goal.task is Task.BINARY:
        positive = int(numbers.sum())
        counts_pair = (len(numbers) - positive, positive)
        return Target(task=goal.task, columns=goal.columns, classes=goal.classes, mean=mean, class_counts=counts_pair)
    if goal.task is Task.MULTILABEL:
        return Target(task=goal.task, columns=goal.columns, mean=mean)
    return Target(
        task=goal.task,
        columns=goal.columns,
        mean=mean,
        minimum=tuple(float(value) for value in numbers.min(axis=0)),
        median=tuple(float(value) for value in np.median(numbers, axis=0)),
        deviation=tuple(deviation(column) for column in numbers.T),
        distinct=tuple(count_distinct(column) for column in numbers.T),
    )


def deviation(values: np.ndarray) -> float:
    """The standard deviation of present values, 1.0 if they are all the same."""
    return float(values.std()) if len(values) and values.min() < values.max() else 1.0


def strata(goal: Goal, targets: np.ndarray) -> np.ndarray | None:
    """The groups to stratify a split by: the classes; None for regression and multilabel."""
    return targets.reshape(-1) if goal.task in (Task.BINARY, Task.MULTICLASS) else None


def _infer(columns: Sequence[Column]) -> tuple[Task, str]:
    if len(columns) > 1:
        if all(_is_label(column) for column in columns):
            return Task.MULTILABEL, f"{len(columns)} target columns of 0 and 1"
        if all(column.is_numeric for column in columns):
            return Task.REGRESSION, f"{len(columns)} target columns of numbers"
        raise DataError(
            "several target columns must all be 0/1 labels or all be numbers",
            hint="name one target column, or turn the classes into one 0/1 column each",
        )
    column = columns[0]
    count = _count_values(column)
    told = f'target "{column.name}" has {count} values'
    if count <= 2:
        return Task.BINARY, told
    if not column.is_numeric:
        return Task.MULTICLASS, f"{told} that are text"
    numbers = column.numbers
    whole = bool((numbers == np.round(numbers)).all())
    low = numbers.min()
    if not whole or count > FEW_LABELS or len(column) < 3 * count:
        return Task.REGRESSION, f"{told} that are numbers"
    is_label = low in (0, 1) and _CLASS_NAME.search(column.name)
    if is_label or (count <= FEW_NUMBERS and not _AMOUNT_NAME.fullmatch(column.name) and not _are_counts(column)):
        return Task.MULTICLASS, f"{told}, all whole numbers; say `task: regression` if they are amounts"
    return Task.REGRESSION, f"{told} that are whole numbers; say `task: multiclass` if they are classes"


def _are_counts(column: Column) -> bool:
    """Whether the values are distributed like counts: more than three, from 0 up, small ones common, large ones
    rare."""
    values, counts = np.unique(column.numbers, return_counts=True)
    if len(values) <= 3 or values[0] != 0:
        return False
    is_skewed = int(counts.argmax()) < len(values) / 2 <= int(counts.argmin())
    return is_skewed and int(counts.max()) >= _RARER * int(counts[-1])


def _count_values(column: Column) -> int:
    """The number of different values; many different numbers are counted without reading their texts."""
    count = count_distinct(column.numbers) if column.is_numeric else 0
    return count if count > FEW_LABELS else len(column.values)


def _check(columns: Sequence[Column], task: Task) -> None:
    column = columns[0]
    if task in (Task.BINARY, Task.MULTICLASS):
        if len(columns) > 1:
            raise DataError(f"task {task} has one target column, not {len(columns)}", hint="`task: multilabel`?")
        count = len(column.values)
        if count == 1:
            raise DataError(f'target "{column.name}" is {column.values[0]!r} in every row: nothing to learn')
        if task is Task.BINARY and count > 2:
            raise DataError(
                f'task binary needs a target of two values, but "{column.name}" has {count}: {_sample(column)}',
                hint="`task: multiclass`" if count < len(column) / 2 else "`task: regression`",
            )
        if count > 20 and count > len(column) / 2:
            raise DataError(
                f'target "{column.name}" has {count} different values in {len(column)} rows: {_sample(column)}',
                hint="these are names or amounts rather than classes: choose another target, or say `task: regression`",
            )
    else:
        for other in columns:
            _zero_one(other) if task is Task.MULTILABEL else _check_finite(other)


def _sample(column: Column) -> str:
    return ", ".join(column.values[:5]) + (", ..." if len(column.values) > 5 else "")


def _is_label(column: Column) -> bool:
    return set(column.values) <= {"0", "1"} or set(column.values) <= {"False", "True"}


def _zero_one(column: Column) -> np.ndarray:
    if not _is_label(column):
        raise DataError(
            f'label "{column.name}" must be 0 or 1 (or False and True) in every row, but has {_sample(column)} '
            "[label-values]",
            hint="multilabel needs one 0/1 column for each label",
        )
    codes, texts = column.dictionary
    return np.array([text in ("1", "True") for text in texts], np.float32)[codes]


def _check_finite(column: Column) -> None:
    strange = np.flatnonzero(~column.numeric)
    if len(strange):
        raise DataError(
            f'target "{column.name}" must be a number, but {count(len(strange), "row is", "rows are")} not, such as '
            f"{column.text(strange[0])!r}",
            hint="choose another target, or a task of classes (binary, multiclass)",
        )
    with np.errstate(over="ignore"):
        if not np.isfinite(column.numbers.astype(np.float32)).all():
            raise DataError(f'target "{column.name}" has numbers that are infinite or too large')


def _class_indices(column: Column, classes: Sequence[str]) -> np.ndarray:
    codes, texts = column.dictionary
    index_of = {name: index for index, name in enumerate(classes)}
    unknown = [text for text in column.values if text not in index_of]
    if unknown:
        shown = ", ".join(unknown[:5])
        raise DataError(
            f'target "{column.name}" has classes that the training data does not have: {shown} [label-values]',
            hint=f"known are {', '.join(classes[:20])}",
        )
    return np.array([index_of.get(text, -1) for text in texts], np.int64)[codes]
