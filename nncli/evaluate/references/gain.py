"""How far the mean of several models is ahead of them, on the same rows; does not depend on models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.evaluate.intervals import interval_of
from nncli.evaluate.references.differences import HEADLINES, Difference, resample_headlines


@dataclass(frozen=True)
class Gain:
    """Of the headline `metric`: that of the whole and of each single model, and how far the whole is ahead of their
    mean and of the best of them. If an interval excludes zero, the gain is significant on other rows of this kind."""

    metric: str
    whole: float
    singles: tuple[float, ...]
    over_mean: Difference
    over_best: Difference


def measure_gain(task: str, targets: np.ndarray, whole: np.ndarray, singles: Sequence[np.ndarray]) -> Gain:
    """The gain of an ensemble; arrays as `metrics.measure` takes them.

    The intervals are those of the paired bootstrap: all models are measured on the same rows drawn with replacement
    (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). The best single model is that of all
    rows; that it was chosen by them makes the gain over it look smaller than it is.
    """
    samples, values = resample_headlines(task, targets, [whole, *singles])
    best = 1 + int(np.argmax(values[1:]))
    mean = values[1:].mean()
    return Gain(
        HEADLINES[task],
        float(values[0]),
        tuple(float(value) for value in values[1:]),
        Difference(float(values[0] - mean), interval_of(samples[:, 0] - samples[:, 1:].mean(axis=1))),
        Difference(float(values[0] - values[best]), interval_of(samples[:, 0] - samples[:, best])),
    )
