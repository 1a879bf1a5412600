"""The reliability diagram."""

import numpy as np
import pytest

from nncli.evaluate import plots
from nncli.evaluate.classification import measure_calibration

pytestmark = pytest.mark.drawn


def test_it_is_a_picture_that_depends_on_the_bins() -> None:
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.5, 1.0, 500)
    calibrated = plots.reliability(measure_calibration(generator.random(500) < confidence, confidence))
    too_sure = plots.reliability(measure_calibration(generator.random(500) < 0.5, confidence))
    assert calibrated.png.startswith(b"\x89PNG") and calibrated.png != too_sure.png


def test_one_answer_is_drawn_too() -> None:
    assert plots.reliability(measure_calibration(np.array([True]), np.array([1.0]))).png.startswith(b"\x89PNG")
