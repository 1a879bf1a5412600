"""The worst rows of each task: their order, and what is said of them."""

from typing import Any

import numpy as np
import pytest

from nncli.evaluate.worst import WorstExample, worst_examples


def near(value: float) -> Any:
    return pytest.approx(value)


def test_the_worst_rows_of_a_multiclass_task_come_first_with_their_log_loss() -> None:
    predictions = np.array([[0.8, 0.2, 0.0], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])

    rows = worst_examples("multiclass", np.array([0, 2, 2]), predictions, ("cat", "dog", "owl"), 2)

    assert rows[0] == WorstExample(1, near(-np.log(0.1)), "owl", "cat", near(0.7))
    assert [row.index for row in rows] == [1, 0]  # rows 0 and 2 are equal: the earlier one


def test_a_binary_row_tells_the_probability_of_what_was_predicted() -> None:
    targets, predictions = np.array([[1.0], [0.0]]), np.array([[0.2], [0.3]])

    first, second = worst_examples("binary", targets, predictions, ("no", "yes"), 5)

    assert first == WorstExample(0, near(-np.log(0.2)), "yes", "no", near(0.8))
    assert second == WorstExample(1, near(-np.log(0.7)), "no", "no", near(0.7))


def test_a_multilabel_row_tells_the_sets_of_labels() -> None:
    targets, predictions = np.array([[1.0, 0.0]]), np.array([[0.9, 0.6]])

    (row,) = worst_examples("multilabel", targets, predictions, ("sad", "quiet"), 1)

    assert (row.true, row.predicted) == (["sad"], ["sad", "quiet"])
    assert row.loss == pytest.approx(-(np.log(0.9) + np.log(0.4)) / 2)
    assert row.probability == pytest.approx(0.9 * 0.6)


def test_a_regression_row_tells_the_size_of_the_error_in_units_of_the_target() -> None:
    targets, predictions = np.array([[10.0], [20.0]]), np.array([[11.0], [15.0]])

    assert worst_examples("regression", targets, predictions, ("y",), 1) == [WorstExample(1, 5.0, 20.0, 15.0, None)]


def test_errors_of_several_columns_are_compared_in_deviations_of_each() -> None:
    targets = np.array([[0.0, 0.0], [2.0, 2000.0]])  # deviations 1 and 1000
    predictions = np.array([[1.0, 0.0], [2.0, 1900.0]])

    rows = worst_examples("regression", targets, predictions, ("small", "large"), 2)

    assert [row.index for row in rows] == [0, 1]
    assert [row.loss for row in rows] == pytest.approx([0.5, 0.05])
    assert rows[1].true == [2.0, 2000.0]
