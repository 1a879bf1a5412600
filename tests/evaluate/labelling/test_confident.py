"""Confident learning against its definition, written out row by row, and on labels that were made wrong."""

import numpy as np
import pytest

from nncli.errors import DataError
from nncli.evaluate.labelling.confident import confident_joint, find_suspects


def by_hand(given: list[int], probabilities: list[list[float]]) -> tuple[np.ndarray, list[int]]:
    """The confident joint of Northcutt et al. (2021), equations 1 and 2, and the rows off its diagonal."""
    classes = len(probabilities[0])
    thresholds = []
    for j in range(classes):
        own = [row[j] for row, label in zip(probabilities, given, strict=True) if label == j]
        thresholds.append(sum(own) / len(own) if own else float("inf"))
    joint, off = np.zeros((classes, classes), np.int64), []
    for number, (row, i) in enumerate(zip(probabilities, given, strict=True)):
        confident = [j for j in range(classes) if row[j] >= thresholds[j]]
        if confident:
            j = max(confident, key=lambda each: row[each])
            joint[i, j] += 1
            off += [number] if i != j else []
    return joint, off


@pytest.mark.parametrize("seed", range(20))
def test_the_confident_joint_is_that_of_its_definition(seed: int) -> None:
    generator = np.random.default_rng(seed)
    classes = int(generator.integers(2, 6))
    probabilities = generator.dirichlet(np.full(classes, 0.6), 80)
    given = np.array([generator.choice(classes, p=row) for row in probabilities])
    joint, off = by_hand(given.tolist(), probabilities.tolist())
    found, _ = confident_joint(given, probabilities)
    np.testing.assert_array_equal(found, joint)
    suspects = find_suspects("multiclass", given, probabilities)
    assert sorted(each.index for each in suspects) == off
    margins = [each.margin for each in suspects]
    assert margins == sorted(margins)
    for each in suspects:
        rest = max(p for k, p in enumerate(probabilities[each.index]) if k != each.given)
        assert each.margin == pytest.approx(probabilities[each.index, each.given] - rest)


def test_an_absent_class_is_never_suggested() -> None:
    probabilities = np.array([[0.1, 0.2, 0.7], [0.2, 0.7, 0.1], [0.8, 0.1, 0.1]])
    joint, confident = confident_joint(np.array([0, 1, 0]), probabilities)
    assert joint[:, 2].sum() == 0 and 2 not in confident


def test_wrong_labels_are_found_and_right_ones_are_not() -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 4, 1000)
    logits = generator.normal(0, 1, (1000, 4)) + 6 * np.eye(4)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = truth.copy()
    wrong = generator.choice(1000, 20, replace=False)
    given[wrong] = (truth[wrong] + generator.integers(1, 4, 20)) % 4
    suspects = find_suspects("multiclass", given, probabilities)
    found = {each.index for each in suspects}
    assert len(found & set(wrong.tolist())) >= 15 and len(found - set(wrong.tolist())) <= 3
    assert all(each.suggested == truth[each.index] for each in suspects if each.index in wrong)


def test_a_single_column_is_the_probability_of_the_second_class() -> None:
    positive = np.array([[0.9], [0.8], [0.1], [0.2], [0.95]])
    targets = np.array([[1], [1], [0], [0], [0]], np.float32)
    [suspect] = find_suspects("binary", targets, positive)
    assert (suspect.index, suspect.given, suspect.suggested) == (4, 0, 1)
    assert suspect.margin == pytest.approx(0.05 - 0.95)


def test_each_label_of_several_is_a_question_of_its_own() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.9], [0.95, 0.05]])
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 0]], np.float32)
    [suspect] = find_suspects("multilabel", targets, probabilities)
    assert (suspect.index, suspect.label, suspect.suggested) == (4, 0, 1)
    with pytest.raises(DataError, match="regression"):
        find_suspects("regression", targets, probabilities)
