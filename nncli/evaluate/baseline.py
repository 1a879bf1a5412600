"""Whether a model is better than knowing nothing but the training targets, judged row by row.

Each row has a loss under the model (log loss, or the squared error) and one under the constant baseline; their
difference is tested with a one-sided paired z-test at 95 % (Student's paired t-test with its limit for large n).
The same is done with the rows that each gets right, or for numbers with the absolute error, which a few extreme
values do not dominate. A small test set cannot show much: then the verdict is "unclear". A model has learned nothing
only where its loss in the sample is no better, and what it gets right is no better either or the loss clearly worse.
"""

from collections.abc import Sequence
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
    guess = np.tile(constant, (len(targets), 1))
    losses, others = _losses(task, targets, predictions), _losses(task, targets, guess)
    found = {"loss": float(losses.mean()), "baseline_loss": float(others.mean())}
    right = _right(task, targets, predictions, thresholds) - _right(task, targets, _fairest_guess(task, targets, guess))
    gains = others - losses
    if len(targets) < _FEWEST_ROWS:
        verdict = "few"
    elif _is_positive(gains):
        verdict = "better"
    elif _is_positive(right):
        verdict = "better" if gains.mean() >= 0 else _half_right(task)
    elif gains.mean() > 0 or (right.mean() > 0 and not _is_positive(-gains)):
        verdict = "unclear"
    else:
        verdict = "nothing"
    return {"verdict": verdict, **found}


def _half_right(task: str) -> str:
    return "outliers" if task in _NUMBER_TASKS else "overconfident"


def _fairest_guess(task: str, targets: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """The constant with the best `_right`: no constant has a smaller absolute error than the median."""
    return np.tile(np.median(targets, axis=0), (len(targets), 1)) if task in _NUMBER_TASKS else guess


def _is_positive(differences: np.ndarray) -> bool:
    """Whether their mean is significantly above zero."""
    deviation = differences.std(ddof=1) if len(differences) > 1 else 0.0
    mean = float(differences.mean())
    if deviation == 0:
        return mean > 0
    return bool(mean > _LIMIT * deviation / len(differences) ** 0.5)


def _losses(task: str, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """The loss of each row, float64 (n,): nats for classes and labels, the squared error in deviations for numbers."""
    if task == "multiclass":
        return np.asarray(surprise(predictions[np.arange(len(targets)), targets]))
    if task in ("binary", "multilabel"):
        return np.asarray(label_surprise(targets, predictions).mean(axis=1))
    return np.asarray((_scaled_errors(targets, predictions) ** 2).mean(axis=1))


def _scaled_errors(targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """The errors of numbers in deviations of each target, float64 (n, targets)."""
    scale = targets.std(axis=0)
    return np.asarray((targets - predictions) / np.where(scale > 0, scale, 1.0))


def _right(task: str, targets: np.ndarray, predictions: np.ndarray, thresholds: Sequence[float] = ()) -> np.ndarray:
    """For each row how much of it is right, float64 (n,); for numbers the negative absolute error in deviations."""
    if task == "multiclass":
        return np.asarray(predictions.argmax(axis=1) == targets, np.float64)
    if task in ("binary", "multilabel"):
        return np.asarray(((predictions > cuts(thresholds, predictions.shape[1])) == (targets > 0.5)).mean(axis=1))
    return np.asarray(-np.abs(_scaled_errors(targets, predictions)).mean(axis=1))
