"""How far one model is ahead of others on the same rows, with a 95 % interval; does not depend on models.

All models are measured on the same bootstrap samples of the rows, so that a row that is hard for every model does not
widen the interval of their difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nncli.evaluate.intervals import Interval, interval_of, ratio_of, resample_rows, row_means

# The metric of each task that models are compared by; none of them needs a threshold, larger is better for all.
HEADLINES = {
    "binary": "auc",
    "multiclass": "accuracy",
    "multilabel": "auc",
    "regression": "r2_score",
    "positive_regression": "r2_score",
}


_MOST_RANKED = 100_000  # rows, for the interval of an AUC


@dataclass(frozen=True)
class Difference:
    """Of the headline metric, positive where the model is ahead of the other; None where it is not defined."""

    value: float | None
    interval: Interval | None

    @property
    def verdict(self) -> str:
        """`ahead` or `behind` where the interval is on one side of zero, else `unclear`."""
        if self.interval is None or self.interval[0] <= 0 <= self.interval[1]:
            return "unclear"
        return "ahead" if self.interval[0] > 0 else "behind"


def differences(
    task: str, targets: np.ndarray, predictions: np.ndarray, others: Mapping[str, np.ndarray]
) -> dict[str, Difference]:
    """For each of `others` how far `predictions` is ahead of it; arrays as `metrics.measure` takes them."""
    samples, whole = resample_headlines(task, targets, [predictions, *others.values()])
    found = {}
    for place, name in enumerate(others, start=1):
        value = float(whole[0] - whole[place])
        spread = interval_of(samples[:, 0] - samples[:, place])
        found[name] = Difference(value if np.isfinite(value) else None, spread)
    return found


def resample_headlines(task: str, targets: np.ndarray, models: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The headline metric of each model's predictions in each bootstrap sample, (resamples, models), the same rows for
    all of them, and on all rows, (models,)."""
    models = [np.asarray(each, np.float64) for each in models]
    targets = np.asarray(targets)
    if task == "multiclass":
        return _accuracies(targets.reshape(len(targets)), models)
    if task in ("binary", "multilabel"):
        return _areas(targets.reshape(models[0].shape), models)
    return _explained(targets.reshape(models[0].shape).astype(np.float64), models)


def headline(task: str, targets: np.ndarray, predictions: np.ndarray) -> float:
    """The headline metric of a task, as `metrics.measure` has it; NaN where it is not defined."""
    predictions = np.asarray(predictions, np.float64)
    if task == "multiclass":
        return float(np.mean(predictions.argmax(axis=1) == np.asarray(targets).reshape(len(predictions))))
    targets = np.asarray(targets, np.float64).reshape(predictions.shape)
    if task in ("binary", "multilabel"):
        return _mean_area(targets > 0.5, predictions)
    explained = 1.0 - ratio_of(
        ((targets - predictions) ** 2).sum(axis=0), ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    )
    return float(row_means(explained[None])[0])


def _mean_area(truth: np.ndarray, scores: np.ndarray) -> float:
    """The mean area under the ROC curves of the columns with rows of both kinds, by ranks (Mann and Whitney, 1947).

    scikit-learn's `roc_auc_score` gives the same, and takes most of the time where it is asked for hundreds of times.
    """
    from scipy.stats import rankdata

    positives = truth.sum(axis=0)
    pairs = positives * (len(truth) - positives)
    if not pairs.any():
        return float("nan")
    ranks = rankdata(scores, axis=0)
    wins = np.where(truth, ranks, 0.0).sum(axis=0) - positives * (positives + 1) / 2
    return float((wins[pairs > 0] / pairs[pairs > 0]).mean())


def _accuracies(targets: np.ndarray, models: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The metric of each model in each resample (resamples, models) and on all rows (models,)."""
    right = np.stack([each.argmax(axis=1) == targets for each in models], axis=1)
    sums, _ = resample_rows(right, [])
    return sums / len(targets), right.mean(axis=0)


def _areas(targets: np.ndarray, models: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    truth = targets > 0.5
    labels = truth.shape[1]
    values = np.array([_mean_area(truth, each) for each in models])
    if len(truth) > _MOST_RANKED:  # an interval of fewer rows is wider, and takes seconds in place of minutes
        rows = np.sort(np.random.default_rng(0).permutation(len(truth))[:_MOST_RANKED])
        samples, theirs = _areas(targets[rows], [each[rows] for each in models])
        return samples - theirs + values, values
    ranked = [(truth[:, index], each[:, index]) for each in models for index in range(labels)]
    _, areas = resample_rows(np.zeros((len(truth), 0)), ranked)
    samples = np.stack([row_means(part) for part in np.split(areas, len(models), axis=1)], axis=1)
    return samples, values


def _explained(targets: np.ndarray, models: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    centred = targets - targets.mean(axis=0)
    squares = [(targets - each) ** 2 for each in models]
    sums, _ = resample_rows(np.hstack([centred, centred**2, *squares]), [])
    first, second, *errors = np.split(sums, len(models) + 2, axis=1)
    variation = second - first**2 / len(targets)
    variation[variation <= 1e-12 * second] = 0.0  # one target drawn again and again
    samples = np.stack([row_means(1.0 - ratio_of(each, variation)) for each in errors], axis=1)
    total = (centred**2).sum(axis=0)
    whole = [row_means((1.0 - ratio_of(each.sum(axis=0), total))[None])[0] for each in squares]
    return samples, np.array(whole)
