"""Thresholds chosen by F1, compared with scikit-learn's curve."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_curve

from nncli.evaluate.adjusting.thresholds import best_threshold, choose_thresholds
from nncli.evaluate.intervals import bootstrap_intervals
from nncli.evaluate.metrics import Baseline, measure
from nncli.evaluate.worst import worst_examples


def rare(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One row in ten positive, told apart well, but with probabilities that hardly reach one half."""
    generator = np.random.default_rng(seed)
    truth = generator.random(rows) < 0.1
    return truth, np.clip(0.12 + 0.25 * truth + generator.normal(0, 0.08, rows), 0.001, 0.999)


@pytest.mark.parametrize("digits", [1, 2, 9])
def test_no_threshold_of_scikit_learns_curve_has_a_larger_f1(digits: int) -> None:
    truth, scores = rare(500)
    scores = scores.round(digits)  # ties, which cannot be told apart
    precision, recall, _ = precision_recall_curve(truth, scores)
    best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
    assert f1_score(truth, scores > best_threshold(truth, scores)) == pytest.approx(best)


def test_a_clearly_better_threshold_is_taken() -> None:
    truth, scores = rare(1000)
    (threshold,) = choose_thresholds(truth[:, None], scores[:, None])
    assert 0.15 < threshold < 0.35
    assert f1_score(truth, scores > threshold) > f1_score(truth, scores > 0.5) + 0.3


def test_it_stays_one_half_with_few_positive_rows_or_nothing_to_gain() -> None:
    truth, scores = rare(200)
    assert truth.sum() < 30
    assert choose_thresholds(truth[:, None], scores[:, None]) == (0.5,)
    generator = np.random.default_rng(1)
    calibrated = generator.random((400, 1))
    clear = np.where(calibrated > 0.5, calibrated * 0.1 + 0.9, calibrated * 0.1)
    assert choose_thresholds(calibrated > 0.5, clear) == (0.5,)


def test_metrics_intervals_and_worst_examples_use_them() -> None:
    truth, scores = rare(600)
    targets, probabilities = truth[:, None].astype(float), scores[:, None]
    found = measure("binary", targets, probabilities, ("no", "yes"), Baseline((90, 10)), (0.25,))
    assert found["metrics"]["f1"] == pytest.approx(f1_score(truth, scores > 0.25))
    assert measure("binary", targets, probabilities, ("no", "yes"), Baseline((90, 10)))["metrics"]["f1"] < 0.5
    low, high = bootstrap_intervals("binary", targets, probabilities, ("no", "yes"), (0.25,))["f1"] or (0, 0)
    assert low < found["metrics"]["f1"] < high
    for example in worst_examples("binary", targets, probabilities, ("no", "yes"), 600, (0.25,)):
        assert (example.predicted == "yes") == (scores[example.index] > 0.25)

    both = np.hstack([probabilities, probabilities])
    labels = measure("multilabel", np.hstack([targets] * 2), both, ("a", "b"), Baseline(means=(0.1, 0.1)), (0.25, 0.5))
    assert labels["labels"][0]["f1"] == pytest.approx(f1_score(truth, scores > 0.25))
    assert labels["labels"][1]["f1"] == pytest.approx(f1_score(truth, scores > 0.5))


def test_calibration_of_labels_is_that_of_all_their_decisions() -> None:
    probabilities, targets = np.array([[0.9, 0.2]]), np.array([[1.0, 1.0]])
    found = measure("multilabel", targets, probabilities, ("a", "b"), Baseline(means=(0.5, 0.5)))
    assert found["calibration"]["expected_calibration_error"] == pytest.approx(0.5 * 0.1 + 0.5 * 0.8)
