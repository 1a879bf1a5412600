"""Whether two ways to predict the same rows agree: the same class, and the same number up to rounding."""

from dataclasses import dataclass

import numpy as np

from nncli.config.facts import DataFacts, Target, Task
from nncli.evaluate.scores import cuts

# Float32 arithmetic in another order differs by about 1e-6 in a probability.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Agreement:
    """How far two predictions of the same rows are apart.

    `differing` are the places of the rows that disagree, int64, in order. `largest` is the largest difference: of
    probabilities, or for a regression of values, relative to the standard deviation of the training targets or to the
    value if that is larger. `classes` is the number of rows whose predicted class, or one of whose labels, differs; 0
    for a regression.
    """

    rows: int
    largest: float
    classes: int
    differing: np.ndarray

    @property
    def is_complete(self) -> bool:
        """Whether every row agrees."""
        return len(self.differing) == 0


def compare_predictions(facts: DataFacts, first: np.ndarray, second: np.ndarray) -> Agreement:
    """Compares two arrays (rows, outputs) of probabilities or values.

    Rows disagree if they differ by more than TOLERANCE or in the predicted class, or if one of them is not a number.
    """
    with np.errstate(invalid="ignore"):  # infinity less infinity, which is equal
        difference = np.where(first == second, 0.0, np.abs(first.astype(np.float64) - second))
        if facts.target.task.is_regression:
            # Far from the mean, or where the mean is large, float32 itself has no finer steps than that.
            difference /= np.maximum(np.asarray(facts.target.deviation), np.abs(first))
    furthest = difference.max(axis=1, initial=0.0)
    changed = _changed(facts.target, first, second)
    differing = np.flatnonzero(changed | ~(furthest <= TOLERANCE))  # a comparison with NaN is false
    largest = float(furthest.max(initial=0.0))
    return Agreement(len(first), largest, int(changed.sum()), differing)


def _changed(target: Target, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Whether the predicted class of a row, or one of its labels, differs, bool (rows,)."""
    if target.task.is_regression:
        return np.zeros(len(first), bool)
    if target.task is Task.MULTICLASS:
        return np.asarray(first.argmax(axis=1) != second.argmax(axis=1))
    limits = cuts(target.thresholds, first.shape[1])
    return np.asarray(((first > limits) != (second > limits)).any(axis=1))
