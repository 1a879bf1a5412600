"""The result of a measurement, and functions that all tasks use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Probabilities below it count as it: one sure mistake would make the mean infinite. Keras clips at the same.
SMALLEST_PROBABILITY = 1e-7


@dataclass(frozen=True)
class Scores:
    """Numbers by name (None where not defined, with the reason in `undefined`), and tables beside them."""

    metrics: dict[str, float | None]
    undefined: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


def cuts(thresholds: Sequence[float], columns: int) -> np.ndarray:
    """The threshold of each column, float64 (columns,); one half where none are given."""
    return np.asarray(thresholds or (0.5,) * columns, dtype=np.float64)


def surprise(probabilities: np.ndarray) -> np.ndarray:
    """The log loss of each event that happened, from the probability it was given: -ln p, in nats."""
    losses: np.ndarray = -np.log(np.clip(probabilities, SMALLEST_PROBABILITY, 1.0))
    return losses


def label_surprise(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The log loss of each label, from targets of 0 and 1 and probabilities of the 1; the shape of both."""
    return surprise(np.where(targets > 0.5, probabilities, 1.0 - probabilities))


def f1_from_counts(true_positives: int, false_positives: int, false_negatives: int) -> float | None:
    """2 TP / (2 TP + FP + FN), None where nothing is there and nothing was predicted."""
    return ratio(2 * true_positives, 2 * true_positives + false_positives + false_negatives)


def ratio(part: float, whole: float) -> float | None:
    """part / whole, None where there is no whole."""
    return float(part / whole) if whole else None


def mean_of_defined(values: Iterable[float | None]) -> float | None:
    """The mean of those that are defined, None where none is."""
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None
