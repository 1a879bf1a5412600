"""The metrics of millions of rows, a block at a time: those of whole arrays up to rounding, with little memory.

Beside the arrays themselves only the scores of an area under a curve are held, sorted.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from nncli.evaluate.baseline import Differences, Fixed, compare_rows, decide
from nncli.evaluate.classification import (
    CALIBRATION_BINS,
    THRESHOLD,
    calibration_places,
    count_labels,
    predicted_classes,
    tell_classes,
    tell_labels,
)
from nncli.evaluate.regression import tell_numbers
from nncli.evaluate.scores import Scores, cuts, label_surprise, surprise

# More rows than this are measured in blocks of this size.
MANY, BLOCK = 1 << 21, 1 << 18

# Gives the targets and predictions of blocks as `metrics.measure` checks them, as often as it is called.
Blocks = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]


class _Sums(Protocol):
    def add(self, targets: np.ndarray, predictions: np.ndarray) -> None: ...

    def finish(self, areas: Sequence[float | None]) -> Scores: ...


def score_blocks(
    task: str,
    blocks: Blocks,
    names: Sequence[str],
    constant: np.ndarray,
    areas: Sequence[float | None],
    thresholds: Sequence[float],
) -> tuple[Scores, Scores]:
    """The scores of predictions, whose `areas` under the curves are known, and of a constant prediction."""
    means = _means(blocks) if task not in ("binary", "multiclass", "multilabel") else np.empty(0)
    own, other = (_sums(task, names, means, chosen) for chosen in (thresholds, ()))
    for targets, predictions in blocks():
        own.add(targets, predictions)
        other.add(targets, np.tile(constant, (len(targets), 1)))
    # A constant ranks nothing.
    return own.finish(areas), other.finish([None if area is None else 0.5 for area in areas])


def judge_blocks(task: str, blocks: Blocks, fixed: Fixed, thresholds: Sequence[float]) -> dict[str, Any]:
    """What `baseline.judge` says about all rows."""
    gains, right = _Moments(), _Moments()
    lost = other = 0.0
    for targets, predictions in blocks():
        losses, others, more = compare_rows(task, targets, predictions, fixed, thresholds)
        gains.add(others - losses)
        right.add(more)
        lost, other = lost + float(losses.sum()), other + float(others.sum())
    rows = gains.count
    verdict = decide(task, gains.differences, right.differences)
    return {"verdict": verdict, "loss": lost / rows, "baseline_loss": other / rows}


def area_of_many(truth: np.ndarray, scores: np.ndarray) -> float | None:
    """The chance that a positive row is ranked above a negative one, where equal ones count half; None where there is
    only one kind. `truth` is bool (n,), `scores` (n,)."""
    positive, negative = scores[truth], scores[~truth]
    if not len(positive) or not len(negative):
        return None
    negative.sort()
    halves = 0
    for start in range(0, len(positive), BLOCK):
        chunk = positive[start : start + BLOCK]
        halves += sum(int(np.searchsorted(negative, chunk, side).sum()) for side in ("left", "right"))
    return halves / 2 / (len(positive) * len(negative))


def _means(blocks: Blocks) -> np.ndarray:
    total, rows = np.zeros(1), 0
    for targets, _ in blocks():
        total = total + targets.sum(axis=0)
        rows += len(targets)
    return total / rows


def _sums(task: str, names: Sequence[str], means: np.ndarray, thresholds: Sequence[float]) -> _Sums:
    if task in ("binary", "multiclass"):
        return _Classes(names, thresholds, binary=task == "binary")
    return _Labels(names, thresholds) if task == "multilabel" else _Numbers(names, means)


class _Moments:
    """Count, mean and squared distances from it, combined by the formula of Chan, Golub and LeVeque (1979)."""

    def __init__(self) -> None:
        self.count, self._mean, self._squares = 0, 0.0, 0.0

    def add(self, values: np.ndarray) -> None:
        mean, rows = float(values.mean()), len(values)
        apart, together = mean - self._mean, self.count + rows
        self._squares += float(((values - mean) ** 2).sum()) + apart**2 * self.count * rows / together
        self._mean += apart * rows / together
        self.count = together

    @property
    def differences(self) -> Differences:
        return Differences(self.count, self._mean, (self._squares / max(1, self.count - 1)) ** 0.5)


class _Calibration:
    def __init__(self) -> None:
        self._rows, self._sure, self._right = (np.zeros(CALIBRATION_BINS) for _ in range(3))

    def add(self, right: np.ndarray, confidence: np.ndarray) -> None:
        places = calibration_places(confidence)
        for sums, weights in ((self._rows, None), (self._sure, confidence), (self._right, right)):
            sums += np.bincount(places, weights, CALIBRATION_BINS)

    def finish(self) -> dict[str, Any]:
        bins = [
            {"rows": int(rows), "confidence": float(sure / rows), "accuracy": float(right / rows)}
            for rows, sure, right in zip(self._rows, self._sure, self._right, strict=True)
            if rows
        ]
        error = sum(each["rows"] * abs(each["confidence"] - each["accuracy"]) for each in bins) / self._rows.sum()
        return {"expected_calibration_error": float(error), "bins": bins}


class _Classes:
    def __init__(self, names: Sequence[str], thresholds: Sequence[float], *, binary: bool) -> None:
        self._names, self._thresholds, self._binary = names, thresholds, binary
        self._matrix = np.zeros((len(names), len(names)), np.int64)
        self._loss, self._calibration = 0.0, _Calibration()

    def add(self, targets: np.ndarray, predictions: np.ndarray) -> None:
        if self._binary:
            targets = (targets[:, 0] > THRESHOLD).astype(np.int64)
            predictions = np.hstack([1.0 - predictions, predictions])
        predicted = predicted_classes(predictions, self._thresholds if self._binary else ())
        size = len(self._names)
        self._matrix += np.bincount(targets * size + predicted, minlength=size**2).reshape(size, size)
        self._loss += float(surprise(predictions[np.arange(len(targets)), targets]).sum())
        self._calibration.add(predictions.argmax(axis=1) == targets, predictions.max(axis=1))

    def finish(self, areas: Sequence[float | None]) -> Scores:
        loss = self._loss / int(self._matrix.sum())
        area = areas[0] if self._binary else None
        return tell_classes(self._names, self._matrix, loss, self._calibration.finish(), area, binary=self._binary)


class _Labels:
    def __init__(self, names: Sequence[str], thresholds: Sequence[float]) -> None:
        self._names, self._cuts = names, cuts(thresholds, len(names))
        self._counts = np.zeros((len(names), 3), np.int64)
        self._rows = self._whole = 0
        self._loss, self._calibration = 0.0, _Calibration()

    def add(self, targets: np.ndarray, predictions: np.ndarray) -> None:
        truth, predicted = targets > THRESHOLD, predictions > self._cuts
        self._rows += len(truth)
        self._counts += count_labels(truth, predicted)
        self._whole += int((truth == predicted).all(axis=1).sum())
        self._loss += float(label_surprise(targets, predictions).sum())
        likelier = np.maximum(predictions, 1.0 - predictions)
        self._calibration.add((truth == (predictions > THRESHOLD)).ravel(), likelier.ravel())

    def finish(self, areas: Sequence[float | None]) -> Scores:
        loss = self._loss / (self._rows * len(self._names))
        whole = self._whole / self._rows
        return tell_labels(self._names, self._rows, self._counts, areas, whole, loss, self._calibration.finish())


class _Numbers:
    def __init__(self, names: Sequence[str], means: np.ndarray) -> None:
        self._names, self._means, self._rows = names, means, 0
        self._absolute, self._squared, self._variation = (np.zeros(len(names)) for _ in range(3))

    def add(self, targets: np.ndarray, predictions: np.ndarray) -> None:
        errors = targets - predictions
        self._rows += len(targets)
        self._absolute += np.abs(errors).sum(axis=0)
        self._squared += (errors**2).sum(axis=0)
        self._variation += ((targets - self._means) ** 2).sum(axis=0)

    def finish(self, areas: Sequence[float | None]) -> Scores:
        return tell_numbers(self._names, self._rows, self._absolute, self._squared, self._variation)
