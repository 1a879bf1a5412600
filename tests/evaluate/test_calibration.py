"""The expected calibration error, worked out by hand."""

import numpy as np
import pytest

from nncli.evaluate.classification import measure_calibration
from nncli.evaluate.metrics import Baseline, measure


def test_the_error_is_the_distance_in_each_bin_weighted_by_its_rows() -> None:
    right = np.array([True, True, False, True])
    confidence = np.array([0.95, 0.97, 0.61, 0.65])  # bins of a fifteenth: (14/15, 1] and (9/15, 10/15]

    found = measure_calibration(right, confidence)

    assert found["expected_calibration_error"] == pytest.approx(0.5 * abs(0.96 - 1) + 0.5 * abs(0.63 - 0.5))
    assert [entry["rows"] for entry in found["bins"]] == [2, 2]


def test_certain_and_right_is_no_error_and_certain_and_wrong_the_largest() -> None:
    assert measure_calibration(np.array([True]), np.array([1.0]))["expected_calibration_error"] == 0.0
    assert measure_calibration(np.array([False]), np.array([1.0]))["expected_calibration_error"] == 1.0


def test_binary_takes_the_confidence_in_the_predicted_class() -> None:
    result = measure("binary", np.array([[0], [1]]), np.array([[0.1], [0.9]]), ("a", "b"), Baseline((1, 1)))

    assert result["calibration"]["expected_calibration_error"] == pytest.approx(0.1)
