"""Permutation importance: how much worse a metric becomes when a column is shuffled; does not depend on models.

As scikit-learn defines it (`sklearn.inspection.permutation_importance`, after Breiman, "Random forests", 2001): the
metric on all rows, less its mean over several shuffles of the column; the deviation is that over the shuffles.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Inputs = dict[str, np.ndarray]
# The places of a column among the inputs: the array's name and the position in it, several for a date.
Places = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class ColumnImportance:
    """A column; how much the metric falls without it, and the standard deviation over the shuffles."""

    name: str
    importance: float
    deviation: float

    @property
    def is_clear(self) -> bool:
        """Whether it is more than two deviations above zero, what a column that is not used has."""
        return self.importance > 2 * self.deviation


def permutation_importance(
    columns: Mapping[str, Places],
    inputs: Inputs,
    predict: Callable[[Inputs], np.ndarray],
    score: Callable[[np.ndarray], float],
    *,
    repeats: int = 5,
    progress: Callable[[str, float], None] = lambda what, share: None,
) -> list[ColumnImportance]:
    """Of each column, the most important first. `inputs` are arrays (n, columns) by name, and are left as they are.

    `predict` turns inputs into predictions, `score` predictions into a number that is larger where they are better.
    Rows are shuffled as scikit-learn shuffles them with `random_state=0`; the places of one column move together.
    """
    whole = score(predict(inputs))
    rows = len(next(iter(inputs.values())))
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max + 1)
    found = []
    for done, (name, places) in enumerate(columns.items()):
        progress("shuffling columns", done / len(columns))
        generator, order, shuffle = np.random.RandomState(seed), np.arange(rows), np.arange(rows)
        falls = []
        for _ in range(repeats):
            generator.shuffle(shuffle)
            order = order[shuffle]  # scikit-learn shuffles what it has shuffled before
            falls.append(whole - score(predict(_shuffled(inputs, places, order))))
        found.append(ColumnImportance(name, float(np.mean(falls)), float(np.std(falls))))
    return sorted(found, key=lambda column: -column.importance)


def _shuffled(inputs: Inputs, places: Places, order: np.ndarray) -> Inputs:
    changed = dict(inputs)
    for name, position in places:
        if changed[name] is inputs[name]:
            changed[name] = inputs[name].copy()
        changed[name][:, position] = inputs[name][order, position]
    return changed
