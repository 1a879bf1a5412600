"""The gain of an ensemble: against scikit-learn's metrics on resampled rows."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from nncli.evaluate.references.gain import measure_gain


def probabilities(generator: np.random.Generator, truth: np.ndarray, noise: float) -> np.ndarray:
    logits = generator.normal(0, noise, (len(truth), 3)) + 2 * np.eye(3)[truth]
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_the_gain_is_over_the_mean_and_over_the_best_and_its_interval_is_paired() -> None:
    generator = np.random.default_rng(2)
    truth = generator.integers(0, 3, 400)
    singles = [probabilities(generator, truth, 1.5) for _ in range(4)]
    whole = np.mean(singles, axis=0)
    gain = measure_gain("multiclass", truth, whole, singles)
    scores = [accuracy_score(truth, each.argmax(axis=1)) for each in singles]
    assert gain.metric == "accuracy" and gain.singles == pytest.approx(scores)
    assert gain.whole == pytest.approx(accuracy_score(truth, whole.argmax(axis=1)))
    assert gain.over_mean.value == pytest.approx(gain.whole - np.mean(scores))
    assert gain.over_best.value == pytest.approx(gain.whole - max(scores))
    differences = []
    for _ in range(2000):
        rows = generator.integers(0, 400, 400)
        each = [accuracy_score(truth[rows], one[rows].argmax(axis=1)) for one in [whole, *singles]]
        differences.append(each[0] - np.mean(each[1:]))
    expected = np.quantile(differences, [0.025, 0.975])
    assert gain.over_mean.interval == pytest.approx(expected, abs=0.006)
    assert gain.over_mean.verdict == "ahead"


def test_equal_models_gain_nothing_surely() -> None:
    values = np.random.default_rng(3).normal(size=(60, 1))
    targets = values + np.random.default_rng(4).normal(0, 0.5, (60, 1))
    gain = measure_gain("regression", targets, values, [values, values])
    assert gain.whole == pytest.approx(r2_score(targets, values))
    assert gain.over_mean.value == gain.over_best.value == 0.0
    assert gain.over_mean.verdict == "unclear"
