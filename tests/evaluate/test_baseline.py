"""When a model counts as better than guessing, as unclear, as having learned nothing, or as too sure of itself."""

import numpy as np
import pytest

from nncli.evaluate.baseline import judge

GENERATOR = np.random.default_rng(3)
CLASSES = GENERATOR.integers(0, 3, 400)
FREQUENCIES = np.bincount(CLASSES, minlength=3) / 400


def probabilities(sure: float, right: float) -> np.ndarray:
    """Answers of which a share is right, each with that probability for its class."""
    answered = np.where(GENERATOR.random(400) < right, CLASSES, GENERATOR.integers(0, 3, 400))
    table = np.full((400, 3), (1 - sure) / 2)
    table[np.arange(400), answered] = sure
    return table


def test_a_good_classifier_is_better_and_says_by_how_much() -> None:
    judged = judge("multiclass", CLASSES, probabilities(0.9, 0.95), FREQUENCIES)
    assert judged["verdict"] == "better"
    assert judged["loss"] < 0.5 < judged["baseline_loss"] == pytest.approx(np.log(3), abs=0.01)


def test_answers_that_have_nothing_to_do_with_the_classes_have_learned_nothing() -> None:
    assert judge("multiclass", CLASSES, probabilities(0.6, 0.0), FREQUENCIES)["verdict"] == "nothing"
    assert judge("multiclass", CLASSES, np.tile(FREQUENCIES, (400, 1)), FREQUENCIES)["verdict"] == "nothing"


def test_right_answers_with_worse_probabilities_than_the_frequencies_are_overconfident() -> None:
    assert judge("multiclass", CLASSES, probabilities(1 - 2e-6, 0.5), FREQUENCIES)["verdict"] == "overconfident"


def test_a_small_gain_on_few_rows_is_unclear() -> None:
    targets = np.tile([[1.0], [0.0], [1.0], [1.0]], (3, 1))
    predictions = np.tile([[0.8], [0.7], [0.35], [0.7]], (3, 1))
    assert judge("binary", targets, predictions, np.array([0.5]))["verdict"] == "unclear"


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_numbers_are_judged_by_their_squared_error_whatever_their_unit(scale: float) -> None:
    targets = GENERATOR.normal(5, 1, (300, 1)) * scale
    mean = targets.mean(axis=0)
    near = targets + GENERATOR.normal(0, 0.5, (300, 1)) * scale
    assert judge("regression", targets, near, mean)["verdict"] == "better"
    assert judge("regression", targets, np.tile(mean, (300, 1)), mean)["verdict"] == "nothing"
    assert judge("regression", targets, targets[::-1], mean)["verdict"] == "nothing"


def test_a_few_wild_values_do_not_make_a_model_that_learned_nothing() -> None:
    targets = GENERATOR.normal(5, 1, (300, 1))
    near = targets + GENERATOR.normal(0, 0.1, (300, 1))
    near[7] += 60
    assert judge("regression", targets, near, targets.mean(axis=0))["verdict"] == "outliers"


def test_the_median_of_lopsided_numbers_is_no_more_than_a_guess() -> None:
    targets = np.exp(GENERATOR.normal(0, 1.5, (300, 1)))
    median = np.tile(np.median(targets, axis=0), (300, 1))
    assert judge("positive_regression", targets, median, targets.mean(axis=0))["verdict"] == "nothing"


def test_a_loss_clearly_above_the_baseline_is_not_excused_by_a_few_right_answers() -> None:
    targets = np.arange(400) % 10
    frequencies = np.full(10, 0.1)
    stuck = np.full((400, 10), 1e-7)
    stuck[:, 3] = 1.0
    stuck[0, [3, 0]] = 1e-7, 1.0  # one row more than always saying 0
    judged = judge("multiclass", targets, stuck, frequencies)
    assert judged["loss"] > 10 and judged["verdict"] == "nothing"


def test_labels_are_judged_together() -> None:
    targets = (GENERATOR.random((200, 2)) < [0.3, 0.6]).astype(float)
    rates = targets.mean(axis=0)
    assert judge("multilabel", targets, np.clip(targets, 0.1, 0.9), rates)["verdict"] == "better"
    assert judge("multilabel", targets, np.tile(rates, (200, 1)), rates)["verdict"] == "nothing"


def test_equals_are_called_better_no_more_often_than_chance_allows() -> None:
    """A model whose probabilities are the frequencies with noise is a little worse; hardly ever is it called better."""
    called = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        targets = generator.integers(0, 3, 100)
        noisy = np.exp(generator.normal(0, 0.3, (100, 3)))
        called.append(judge("multiclass", targets, noisy / noisy.sum(1, keepdims=True), np.full(3, 1 / 3))["verdict"])
    assert sum(verdict == "better" for verdict in called) <= 20


@pytest.mark.parametrize("right", [True, False])
def test_fewer_than_ten_rows_tell_nothing_however_they_are_answered(right: bool) -> None:
    targets = np.arange(9) % 3
    predictions = np.eye(3)[targets if right else (targets + 1) % 3] * 0.97 + 0.01
    assert judge("multiclass", targets, predictions, np.full(3, 1 / 3))["verdict"] == "few"
    more, answers = np.tile(targets, 2), np.tile(predictions, (2, 1))
    assert judge("multiclass", more, answers, np.full(3, 1 / 3))["verdict"] == ("better" if right else "nothing")
