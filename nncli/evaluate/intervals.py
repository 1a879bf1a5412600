"""How far chance in the choice of rows moves each metric: 95 % bootstrap intervals; does not depend on models.

Rows are drawn with replacement, as many as there are, and each metric is taken again; the interval reaches from the
2.5 % to the 97.5 % quantile (the percentile interval of Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13). It says nothing about another training: only how much other test rows would change the number.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nncli.evaluate.classification import THRESHOLD, predicted_classes
from nncli.evaluate.scores import cuts, label_surprise, surprise

_SEED = 0  # the same rows give the same interval
_RESAMPLES = 1000
_FEWEST_RESAMPLES = 200  # for so many rows that 1000 would take long; the quantiles are then a little rougher
_CELLS = 20_000_000  # rows times resamples that are drawn at full number
_QUICK_ROWS = 2000  # up to which all intervals together take a tenth of a second
_CHUNK = 2_000_000  # rows times resamples that are held at once

Interval = tuple[float, float]
Progress = Callable[[str, float], None]


def _silent(what: str, share: float) -> None:
    """Reports nothing."""


def bootstrap_intervals(
    task: str,
    targets: np.ndarray,
    predictions: np.ndarray,
    names: Sequence[str],
    thresholds: Sequence[float] = (),
    progress: Progress = _silent,
    *,
    quick: bool = False,
) -> dict[str, Interval | None]:
    """The 95 % interval of each metric of `metrics.measure`, which describes the arrays; None where undefined.

    A resample in which a metric is not defined (no row of a class) is left out of that metric's quantiles. With
    `quick`, of many rows only what takes a tenth of a second: for classes what the confusion matrix tells, for labels
    all but the areas under curves; the intervals are the same.
    """
    quick = quick and len(targets) > _QUICK_ROWS
    predictions = np.asarray(predictions, dtype=np.float64)
    generator = np.random.default_rng(_SEED)
    if task in ("binary", "multiclass"):
        samples = _resample_classes(
            np.asarray(targets).reshape(len(targets)),
            predictions,
            len(names),
            thresholds,
            generator,
            progress if not quick else None,
        )
    elif task == "multilabel":
        samples = _resample_labels(
            np.asarray(targets).reshape(predictions.shape),
            predictions,
            thresholds,
            generator,
            progress,
            with_areas=not quick,
        )
    else:
        numbers = np.asarray(targets, dtype=np.float64).reshape(predictions.shape)
        samples = _resample_numbers(numbers, predictions, generator, progress)
    return {name: interval_of(values) for name, values in samples.items()}


def interval_of(values: np.ndarray) -> Interval | None:
    """From the 2.5 % to the 97.5 % quantile of the finite ones; None where there are none."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)


def _resample_classes(
    targets: np.ndarray,
    probabilities: np.ndarray,
    classes: int,
    thresholds: Sequence[float],
    generator: np.random.Generator,
    progress: Progress | None,
) -> dict[str, np.ndarray]:
    """By metric its values in all resamples; what the confusion matrix tells is drawn from its cells.

    Without `progress`, only that.
    """
    binary = probabilities.shape[1] == 1
    if binary:
        probabilities = np.hstack([1.0 - probabilities, probabilities])
    truth = (targets > THRESHOLD).astype(np.int64) if binary else targets.astype(np.int64)
    if binary:  # in the order of the scores, weights need not be gathered for each curve: most of the time for 1e6 rows
        order = np.argsort(probabilities[:, 1], kind="stable")
        truth, probabilities = truth[order], probabilities[order]
    support, given, hits = _resample_matrix(
        truth, predicted_classes(probabilities, thresholds if binary else ()), classes, generator
    )
    recall, f1 = ratio_of(hits, support), ratio_of(2 * hits, support + given)
    samples = {
        "accuracy": hits.sum(axis=1) / len(truth),
        "balanced_accuracy": row_means(recall),
        "macro_f1": row_means(f1),
    }
    if binary:
        precision = ratio_of(hits, given)
        samples |= {"precision": precision[:, 1], "recall": recall[:, 1], "f1": f1[:, 1]}
    if progress is None:
        return samples
    losses = surprise(probabilities[np.arange(len(truth)), truth])[:, None]
    ranked = [(truth == 1, probabilities[:, 1])] if binary else []
    sums, areas = resample_rows(losses, ranked, generator, progress)
    samples["log_loss"] = sums[:, 0] / len(truth)
    if binary:
        samples["auc"] = areas[:, 0]
    return samples


def _resample_matrix(
    truth: np.ndarray, predicted: np.ndarray, classes: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Support, predicted and right rows of each class, each (resamples, classes).

    Drawing rows with replacement and counting them is drawing the matrix from a multinomial distribution.
    """
    cells, counts = np.unique(truth * classes + predicted, return_counts=True)
    drawn = generator.multinomial(len(truth), counts / len(truth), size=_resamples(len(truth)))
    rows, columns = cells // classes, cells % classes
    right = rows == columns
    found = [np.zeros((len(drawn), classes)) for _ in range(3)]
    for index, sample in enumerate(drawn):
        found[0][index] = np.bincount(rows, sample, classes)
        found[1][index] = np.bincount(columns, sample, classes)
        found[2][index] = np.bincount(rows[right], sample[right], classes)
    return found[0], found[1], found[2]


def _resample_labels(
    targets: np.ndarray,
    probabilities: np.ndarray,
    thresholds: Sequence[float],
    generator: np.random.Generator,
    progress: Progress,
    *,
    with_areas: bool,
) -> dict[str, np.ndarray]:
    truth, predicted = targets > THRESHOLD, probabilities > cuts(thresholds, probabilities.shape[1])
    labels = truth.shape[1]
    exact = (truth == predicted).all(axis=1, keepdims=True)
    losses = label_surprise(targets, probabilities).mean(axis=1, keepdims=True)
    ranked = [(truth[:, index], probabilities[:, index]) for index in range(labels * with_areas)]
    sums, areas = resample_rows(
        np.hstack([exact, losses, truth & predicted, truth, predicted]), ranked, generator, progress
    )
    hits, support, given = np.split(sums[:, 2:], 3, axis=1)
    return {
        "subset_accuracy": sums[:, 0] / len(truth),
        "micro_f1": ratio_of(2 * hits.sum(axis=1), support.sum(axis=1) + given.sum(axis=1)),
        "macro_f1": row_means(ratio_of(2 * hits, support + given)),
        "log_loss": sums[:, 1] / len(truth),
        **({"auc": row_means(areas)} if with_areas else {}),
    }


def _resample_numbers(
    targets: np.ndarray, predictions: np.ndarray, generator: np.random.Generator, progress: Progress
) -> dict[str, np.ndarray]:
    rows = len(targets)
    errors = targets - predictions
    centred = targets - targets.mean(axis=0)  # the sum of squares would lose its digits far from zero
    columns = np.hstack([np.abs(errors).mean(axis=1, keepdims=True), errors**2, centred, centred**2])
    sums, _ = resample_rows(columns, [], generator, progress)
    squares, first, second = np.split(sums[:, 1:], 3, axis=1)
    variation = second - first**2 / rows
    variation[variation <= 1e-12 * second] = 0.0  # one target drawn again and again
    return {
        "mean_absolute_error": sums[:, 0] / rows,
        "root_mean_squared_error": np.sqrt(squares.mean(axis=1) / rows),
        "r2_score": row_means(1.0 - ratio_of(squares, variation)),
    }


def resample_rows(
    columns: np.ndarray,
    ranked: Sequence[tuple[np.ndarray, np.ndarray]],
    generator: np.random.Generator | None = None,
    progress: Progress = _silent,
) -> tuple[np.ndarray, np.ndarray]:
    """The sum of each column (n, K) in each resample, and the area under each curve of (truth, score), both (n,)."""
    generator = generator or np.random.default_rng(_SEED)
    columns = np.asarray(columns, dtype=np.float64)
    sums, areas = [], []
    for weights in _draw_weights(len(columns), generator):
        sums.append(weights @ columns)
        progress("resampling rows", sum(map(len, sums)) / _resamples(len(columns)))
        found = [_areas_under_curve(weights, truth, scores) for truth, scores in ranked]
        areas.append(np.stack(found, axis=1) if found else np.zeros((len(weights), 0)))
    return np.concatenate(sums), np.concatenate(areas)


def _draw_weights(rows: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each row was drawn, float64 (resamples of a chunk, rows)."""
    left = _resamples(rows)
    while left:
        size = min(left, max(1, _CHUNK // rows))
        drawn = generator.integers(0, rows, (size, rows)) + rows * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows).astype(np.float64)
        left -= size


def _resamples(rows: int) -> int:
    return min(_RESAMPLES, max(_FEWEST_RESAMPLES, _CELLS // rows))


def _areas_under_curve(weights: np.ndarray, truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The area under the ROC curve for each row of `weights`: pairs in the right order, ties counted half."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    in_order = bool((order[1:] > order[:-1]).all())
    sorted_weights, positive = (weights, truth) if in_order else (weights[:, order], truth[order])
    positives = np.add.reduceat(sorted_weights * positive, starts, axis=1)
    negatives = np.add.reduceat(sorted_weights * ~positive, starts, axis=1)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    return ratio_of((positives * below).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))


def ratio_of(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, NaN where there is no whole."""
    found: np.ndarray = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole != 0)
    return found


def row_means(values: np.ndarray) -> np.ndarray:
    """The mean of each row's finite numbers, NaN where there are none."""
    defined = np.isfinite(values)
    return ratio_of(np.where(defined, values, 0.0).sum(axis=1), defined.sum(axis=1).astype(np.float64))
