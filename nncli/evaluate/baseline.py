"""Whether a model is better than knowing nothing but the training targets, judged row by row.

Each row has a loss under the model (log loss, or the squared error) and one under the constant baseline; their
difference is tested with a one-sided paired z-test at 95 % (Student's paired t-test with its limit for large n).
The same is done with the rows that each gets right, or for numbers with the absolute error, which a few extreme
values do not dominate. A small test set cannot show much: then the verdict is "unclear". A model has learned nothing
only where its loss in the sample is no better, and what it gets right is no better either or the loss clearly worse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.evaluate.scores import cuts, label_surprise, surprise

_NUMBER_TASKS = ("regression", "positive_regression")
# With fewer rows there is no verdict: three right out of three can easily be chance.
_FEWEST_ROWS = 10
_LIMIT = 1.645  # the 95 % quantile of the standard normal distribution


def judge(
    task: str, targets: np.ndarray, predictions: np.ndarray, constant: np.ndarray, thresholds: Sequence[float] = ()
) -> dict[str, Any]:
    """{"verdict", "loss", "baseline_loss"}: the mean losses per row, and what follows from them.

    `targets` and `predictions` are as `metrics.measure` has checked them, `constant` is the baseline's prediction.
    The verdict is "better"; "unclear": better in these rows, but that may be chance; "few": so few rows tell nothing;
    "nothing": no better; or "overconfident": classes are told apart better than by guessing, but the probabilities are
    worse than the classes' frequencies; or "outliers": numbers have a smaller absolute error than the median of
    `targets`, but a larger squared error than the baseline.
    """
    fixed = Fixed.of(task, targets, constant)
    losses, others, right = compare_rows(task, targets, predictions, fixed, thresholds)
    gains = others - losses
    verdict = decide(task, Differences.of(gains), Differences.of(right))
    return {"verdict": verdict, "loss": float(losses.mean()), "baseline_loss": float(others.mean())}


@dataclass(frozen=True)
class Fixed:
    """What is the same for all rows: the baseline's prediction, the fairest constant, the deviation of each number."""

    constant: np.ndarray
    fairest: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, task: str, targets: np.ndarray, constant: np.ndarray) -> "Fixed":
        """From all targets: no constant has a smaller absolute error than the median."""
        if task not in _NUMBER_TASKS:
            return cls(constant, constant, np.ones(1))
        scale = targets.std(axis=0, dtype=np.float64)
        return cls(constant, np.median(targets, axis=0), np.where(scale > 0, scale, 1.0))


@dataclass(frozen=True)
class Differences:
    """How many differences there are, their mean and their deviation in the sample."""

    count: int
    mean: float
    deviation: float

    @classmethod
    def of(cls, differences: np.ndarray) -> "Differences":
        """Of differences (n,)."""
        deviation = float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
        return cls(len(differences), float(differences.mean()), deviation)

    @property
    def turned(self) -> "Differences":
        """Those of the opposite sign."""
        return Differences(self.count, -self.mean, self.deviation)

    @property
    def is_positive(self) -> bool:
        """Whether the mean is significantly above zero."""
        if self.deviation == 0:
            return self.mean > 0
        return bool(self.mean > _LIMIT * self.deviation / self.count**0.5)


def compare_rows(
    task: str, targets: np.ndarray, predictions: np.ndarray, fixed: Fixed, thresholds: Sequence[float] = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row its loss, the loss of the baseline, and how much more of it is right than of the fairest constant,
    each float64 (n,)."""
    rows = len(targets)
    guess, fairest = (np.tile(each, (rows, 1)) for each in (fixed.constant, fixed.fairest))
    losses, others = (_losses(task, targets, each, fixed.scale) for each in (predictions, guess))
    right = _score_rows(task, targets, predictions, fixed.scale, thresholds) - _score_rows(
        task, targets, fairest, fixed.scale
    )
    return losses, others, right


def decide(task: str, gains: Differences, right: Differences) -> str:
    """The verdict (see `judge`) from how much smaller the losses are than the baseline's, how much more is right."""
    if gains.count < _FEWEST_ROWS:
        return "few"
    if gains.is_positive:
        return "better"
    if right.is_positive:
        return "better" if gains.mean >= 0 else _half_right(task)
    if gains.mean > 0 or (right.mean > 0 and not gains.turned.is_positive):
        return "unclear"
    return "nothing"


def _half_right(task: str) -> str:
    return "outliers" if task in _NUMBER_TASKS else "overconfident"


def _losses(task: str, targets: np.ndarray, predictions: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The loss of each row, float64 (n,): nats for classes and labels, the squared error in deviations for numbers."""
    if task == "multiclass":
        return np.asarray(surprise(predictions[np.arange(len(targets)), targets]))
    if task in ("binary", "multilabel"):
        return np.asarray(label_surprise(targets, predictions).mean(axis=1))
    return np.asarray((((targets - predictions) / scale) ** 2).mean(axis=1))


def _score_rows(
    task: str, targets: np.ndarray, predictions: np.ndarray, scale: np.ndarray, thresholds: Sequence[float] = ()
) -> np.ndarray:
    """For each row how much of it is right, float64 (n,); for numbers the negative absolute error in deviations."""
    if task == "multiclass":
        return np.asarray(predictions.argmax(axis=1) == targets, np.float64)
    if task in ("binary", "multilabel"):
        return np.asarray(((predictions > cuts(thresholds, predictions.shape[1])) == (targets > 0.5)).mean(axis=1))
    return np.asarray(-np.abs((targets - predictions) / scale).mean(axis=1))
