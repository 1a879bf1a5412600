"""Finds columns that give the target away: copies of it, columns that predict it alone, and labels like it.

Trains nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.facts import Task
from nncli.data.tables.files.columns import Column, Table
from nncli.data.tables.leakage import is_twin
from nncli.data.targets import Goal

# A single column that predicts the class of this share of unseen rows is suspicious ...
ACCURACY = 0.99
# ... if it also makes at most this share of the mistakes of always guessing the most common class.
_MISTAKES_LEFT = 0.1
# A single column that correlates with a number so closely is suspicious.
CORRELATION = 0.999
# Near copies are looked for in this many rows, exact copies in all rows.
_SAMPLE = 20_000
_FEWEST = 20
# With fewer unseen rows outside the most common class, high accuracy proves nothing.
_FEWEST_OTHERS = 5
_BINS = 200
_ROWS_A_BIN = 5


@dataclass(frozen=True)
class Twin:
    """A column that gives a target away; `how` describes how, `exact` is whether it does so in every row."""

    column: str
    target: str
    exact: bool
    how: str


def find_telltales(columns: Sequence[Column], goal: Goal, targets: np.ndarray) -> list[Twin]:
    """The columns that give a target away; `targets` are those of the same rows, in the form of `Part.targets`."""
    generator = np.random.default_rng(0)
    rows = np.sort(generator.permutation(len(targets))[:_SAMPLE])
    learning = generator.random(len(rows)) < 0.5
    twins = []
    for column in columns:
        if is_twin(column, goal, targets):
            twins.append(
                Twin(column.name, ", ".join(goal.columns), True, "has the same content as the target in every row")
            )
            continue
        if len(rows) < _FEWEST or column.present.sum() < len(column) / 2 or np.isinf(column.numbers).any():
            continue
        sample = column.take(rows)
        for name, values in zip(goal.columns, _per_target(goal, targets[rows]), strict=True):
            how = _near_number(sample, values) if goal.task.is_regression else _near_class(sample, values, learning)
            if how:
                twins.append(Twin(column.name, name, False, how))
                break
    return twins


def find_other_labels(table: Table, goal: Goal) -> list[str]:
    """Columns that are labels like the targets but are not among them, in the order of the table.

    If the task is multilabel with at least two targets, a column of 0 and 1 (or only one of them; cells may be missing)
    is another label if only such columns are between it and a target. The network would learn from labels that are not
    known when it predicts. With a single target no column counts as another label, since a neighbouring column of 0
    and 1 may just as well be an ordinary feature. Flags written as text (True, yes) do not count either.
    """
    if goal.task is not Task.MULTILABEL or len(goal.columns) < 2:
        return []
    names = list(table.columns)
    is_label = [name in goal.columns or _holds_labels(table.columns[name]) for name in names]
    found = []
    for start in range(len(names)):
        if not is_label[start] or (start and is_label[start - 1]):
            continue
        end = next((place for place in range(start, len(names)) if not is_label[place]), len(names))
        run = names[start:end]
        if any(name in goal.columns for name in run):
            found += [name for name in run if name not in goal.columns]
    return found


def _holds_labels(column: Column) -> bool:
    if not column.is_numeric or not column.present.any():
        return False
    numbers = column.numbers[column.present]
    return bool(((numbers == 0) | (numbers == 1)).all())


def _per_target(goal: Goal, targets: np.ndarray) -> list[np.ndarray]:
    """Each target as (n,): float64 for regression, class indices (int64) otherwise."""
    if goal.task.is_regression:
        return [values.astype(np.float64) for values in targets.T]
    if goal.task is Task.MULTILABEL:
        return [labels.astype(np.int64) for labels in targets.T]
    return [targets.reshape(-1).astype(np.int64)]


def _near_class(column: Column, classes: np.ndarray, learning: np.ndarray) -> str | None:
    """How well the column alone predicts the classes: learned from one half of the rows, measured on the other.

    It predicts the most common class of a value or range, or that of the nearest number, which is finer at the borders
    of ranges. Returns None unless that is suspiciously good.
    """
    unseen = classes[~learning]
    if len(unseen) - int(np.bincount(unseen).max(initial=0)) < _FEWEST_OTHERS:
        return None
    codes = _ranges(column, learning) if column.is_numeric else column.dictionary[0] + 1
    count = int(classes.max()) + 1
    table = np.bincount(codes[learning] * count + classes[learning], minlength=(int(codes.max()) + 1) * count)
    table = table.reshape(-1, count)
    commonest = int(table.sum(axis=0).argmax())
    answers = np.where(table.sum(axis=1) > 0, table.argmax(axis=1), commonest)
    accuracy = float((answers[codes[~learning]] == classes[~learning]).mean())
    if column.is_numeric and column.present.all():
        nearest = classes[learning][_nearest(column.numbers[learning], column.numbers[~learning])]
        accuracy = max(accuracy, float((nearest == classes[~learning]).mean()))
    guessing = float((classes[~learning] == commonest).mean())
    if accuracy < ACCURACY or 1 - accuracy > _MISTAKES_LEFT * (1 - guessing):
        return None
    return f"alone predicts {100 * accuracy:.1f} % of unseen rows"


def _ranges(column: Column, learning: np.ndarray) -> np.ndarray:
    """The index of the range of each number, int64 (n,), 0 for missing; a few different numbers get a range each."""
    known = column.numbers[learning & column.present]
    values = np.unique(known)
    if len(values) > _BINS:
        share = np.linspace(0, 1, max(2, min(_BINS, len(known) // _ROWS_A_BIN)))
        values = np.unique(np.quantile(known, share))
    # A number belongs to the range of the first edge at or above it.
    codes = np.searchsorted(values, column.numbers) + 1
    return np.where(column.present, codes, 0)


def _nearest(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """For each number in `asked`, the index of the nearest number in `known`."""
    order = np.argsort(known, kind="stable")
    ranked = known[order]
    above = np.clip(np.searchsorted(ranked, asked), 1, len(ranked) - 1)
    below = above - 1
    nearest: np.ndarray = order[np.where(asked - ranked[below] <= ranked[above] - asked, below, above)]
    return nearest


def _near_number(column: Column, values: np.ndarray) -> str | None:
    """A suspicious correlation with the target: of the numbers, their ranks, or the mean target of each category."""
    present = column.present & (np.isfinite(column.numbers) | (not column.is_numeric))
    theirs = values[present]
    if len(theirs) < _FEWEST or theirs.min() == theirs.max():
        return None
    if not column.is_numeric:
        codes = column.dictionary[0][present]
        counts = np.bincount(codes)
        if counts[counts > 0].mean() < _ROWS_A_BIN:
            return None
        means = np.bincount(codes, theirs) / np.maximum(counts, 1)
        return _describe("", means[codes], theirs, ", by the mean of each category")
    ours = column.numbers[present]
    return _describe("", ours, theirs) or _describe("rank ", _ranks(ours), _ranks(theirs))


def _describe(kind: str, ours: np.ndarray, theirs: np.ndarray, how: str = "") -> str | None:
    if ours.min() == ours.max():
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # NaN for huge numbers, which counts as no correlation
        correlation = float(np.corrcoef(ours, theirs)[0, 1])
    if abs(correlation) <= CORRELATION or np.isnan(correlation):
        return None
    return f"has a {kind}correlation of {correlation:.5f} with the target{how}"


def _ranks(values: np.ndarray) -> np.ndarray:
    """The ranks of the values; equal values get the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: np.ndarray = (last - (counts - 1) / 2)[places]
    return ranks
