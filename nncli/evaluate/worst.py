"""The rows a model is most wrong about, with its predictions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.evaluate.blocks import BLOCK
from nncli.evaluate.scores import cuts, label_surprise, surprise

Answer = str | float | list[str] | list[float]


@dataclass(frozen=True)
class WorstExample:
    """One row: its loss, the truth, what was predicted, and how sure the model was of that."""

    index: int
    """Its place in the arrays that were measured."""
    loss: float
    """Log loss in nats (mean over the labels for multilabel); for numbers the size of the error.

    With several target columns, each error is divided by the deviation of its column, and they are averaged.
    """
    true: Answer
    """A class, the labels that are there, a number, or several."""
    predicted: Answer
    probability: float | None
    """Of what was predicted (of the whole set for multilabel); None for numbers."""


def worst_examples(
    task: str,
    targets: np.ndarray,
    predictions: np.ndarray,
    names: Sequence[str],
    count: int,
    thresholds: Sequence[float] = (),
    *,
    best: bool = False,
) -> list[WorstExample]:
    """At most `count` rows, the largest loss first, or the smallest with `best`; rows of equal loss in their order.

    Arrays as `measure` has them.
    """
    deviations = np.std(targets, axis=0, dtype=np.float64) if targets.ndim > 1 else np.ones(1)
    rows, losses = np.empty(0, np.int64), np.empty(0)
    for start in range(0, len(targets), BLOCK):
        block = slice(start, start + BLOCK)
        found = _losses(task, targets[block], predictions[block], deviations)
        rows = np.concatenate([rows, np.arange(start, start + len(found))])
        losses = np.concatenate([losses, found])
        order = np.argsort(losses if best else -losses, kind="stable")[:count]
        rows, losses = rows[order], losses[order]
    limits = cuts(thresholds, predictions.shape[1])
    return [
        _describe(task, int(row), float(loss), targets[row], predictions[row], names, limits)
        for row, loss in zip(rows, losses, strict=True)
    ]


def _losses(task: str, targets: np.ndarray, predictions: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    if task == "multiclass":
        return surprise(predictions[np.arange(len(targets)), targets])
    losses: np.ndarray
    if task in ("binary", "multilabel"):
        losses = label_surprise(targets, predictions).mean(axis=1)
        return losses
    errors: np.ndarray = np.abs(np.asarray(targets, dtype=np.float64) - predictions)
    if errors.shape[1] > 1:
        errors = errors / np.where(deviations > 0, deviations, 1.0)
    losses = errors.mean(axis=1)
    return losses


def _describe(
    task: str,
    row: int,
    loss: float,
    target: np.ndarray,
    prediction: np.ndarray,
    names: Sequence[str],
    limits: np.ndarray,
) -> WorstExample:
    true: Answer
    predicted: Answer
    probability: float | None = None
    if task == "multiclass":
        best = int(prediction.argmax())
        true, predicted, probability = names[int(target)], names[best], float(prediction[best])
    elif task == "binary":
        positive = float(prediction[0])
        true, predicted = names[int(target[0] > 0.5)], names[int(positive > limits[0])]
        probability = positive if positive > limits[0] else 1.0 - positive
    elif task == "multilabel":
        true, predicted = _chosen(target > 0.5, names), _chosen(prediction > limits, names)
        probability = float(np.prod(np.where(prediction > limits, prediction, 1.0 - prediction)))
    elif len(names) == 1:
        true, predicted = float(target[0]), float(prediction[0])
    else:
        true, predicted = target.astype(float).tolist(), prediction.astype(float).tolist()
    return WorstExample(row, loss, true, predicted, probability)


def _chosen(present: np.ndarray, names: Sequence[str]) -> list[str]:
    return [name for name, is_there in zip(names, present, strict=True) if is_there]
