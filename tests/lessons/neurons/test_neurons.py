"""Lessons about neurons, against SciPy, scikit-learn, Keras, and central differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import sklearn.metrics

Numbers = Callable[..., dict[str, Any]]


def cross_entropy(z: float, y: float) -> float:
    a = scipy.special.expit(z)
    return float(-scipy.special.xlogy(y, a) - scipy.special.xlogy(1 - y, 1 - a))


@pytest.mark.parametrize(
    ("w", "x", "b", "y", "rate"), [(0.5, 2, -2, 1, 0.5), (-1.3, 0.7, 0.2, 0, 0.1), (3, -2, 1, 1, 2)]
)
def test_a_logistic_step_is_the_learning_rate_times_the_slopes(
    numbers: Numbers, w: float, x: float, b: float, y: int, rate: float
) -> None:
    told = numbers("logistic", w=w, x=x, b=b, y=y, learning_rate=rate)
    h = 1e-6
    slope_w = (cross_entropy((w + h) * x + b, y) - cross_entropy((w - h) * x + b, y)) / (2 * h)
    slope_b = (cross_entropy(w * x + b + h, y) - cross_entropy(w * x + b - h, y)) / (2 * h)
    assert told["loss"] == pytest.approx(cross_entropy(w * x + b, y))
    assert told["gradient"] == pytest.approx({"w": slope_w, "b": slope_b}, abs=1e-8)
    assert told["new"]["w"] == pytest.approx(w - rate * slope_w)
    assert told["new"]["b"] == pytest.approx(b - rate * slope_b)
    assert told["new"]["loss"] == pytest.approx(cross_entropy(told["new"]["w"] * x + told["new"]["b"], y))
    assert told["with_a_minus"] == pytest.approx(1 / (1 - np.exp(-(w * x + b))))


def test_the_cost_is_the_log_loss_and_its_lowest_point_that_of_an_optimizer(numbers: Numbers) -> None:
    x, y = np.array([-1.5, -1, 0.5, 1, 2]), [0, 0, 1, 0, 1]
    told = numbers("cost")
    assert told["cost"] == pytest.approx(sklearn.metrics.log_loss(y, scipy.special.expit(0.2 * x)))
    assert told["losses"] == pytest.approx(
        [cross_entropy(0.2 * each, answer) for each, answer in zip(x, y, strict=True)]
    )
    found = scipy.optimize.minimize_scalar(lambda w: sklearn.metrics.log_loss(y, scipy.special.expit(w * x)))
    assert told["lowest"]["w"] == pytest.approx(found.x, abs=0.02)
    assert told["lowest"]["cost"] == pytest.approx(found.fun, abs=1e-4)


def test_the_cost_of_separable_classes_has_no_lowest_point(numbers: Numbers) -> None:
    assert "lowest" not in numbers("cost", x="-1,1", y="0,1")


def test_gradient_descent_follows_the_slopes_to_the_line_of_least_squares(numbers: Numbers) -> None:
    x, y = np.array([0.0, 1, 2, 3]), np.array([1.2, 2.7, 5.3, 6.8])

    def cost(w: float, b: float) -> float:
        return sklearn.metrics.mean_squared_error(y, w * x + b) / 2

    told = numbers("gradient-descent", steps=300, learning_rate="0.02,0.4")
    w, b = np.polyfit(x, y, 1)
    assert (told["lowest"]["w"], told["lowest"]["b"]) == pytest.approx((w, b))
    for path in told["paths"]:
        here, h = (path["w"][1], path["b"][1]), 1e-6
        slopes = (
            (cost(here[0] + h, here[1]) - cost(here[0] - h, here[1])) / (2 * h),
            (cost(here[0], here[1] + h) - cost(here[0], here[1] - h)) / (2 * h),
        )
        assert path["w"][2] == pytest.approx(here[0] - path["learning_rate"] * slopes[0], abs=1e-7)
        assert path["b"][2] == pytest.approx(here[1] - path["learning_rate"] * slopes[1], abs=1e-7)
        assert path["cost"] == pytest.approx([cost(*each) for each in zip(path["w"], path["b"], strict=True)])
    assert (told["paths"][1]["w"][-1], told["paths"][1]["b"][-1]) == pytest.approx((w, b), abs=1e-6)


def test_the_largest_learning_rate_parts_falling_costs_from_growing_ones(numbers: Numbers) -> None:
    x = np.array([0.0, 1, 2, 3])
    trace, determinant = np.mean(x**2) + 1, np.mean(x**2) - np.mean(x) ** 2
    largest = (trace + np.sqrt(trace**2 - 4 * determinant)) / 2
    limit = numbers("gradient-descent")["largest_learning_rate"]
    assert limit == pytest.approx(2 / largest)
    below, above = numbers("gradient-descent", steps=900, learning_rate=f"{0.99 * limit},{1.01 * limit}")["paths"]
    assert below["cost"][-1] < 0.1 and above["cost"][-1] > 1e4


def test_activations_and_slopes_are_those_of_keras(numbers: Numbers) -> None:
    import keras
    import tensorflow as tf

    told = numbers("activations")
    z = tf.constant([-10.0, -5, -1, 0, 1, 5, 10], tf.float64)
    for name in ("linear", "relu", "sigmoid", "tanh"):
        with tf.GradientTape() as tape:
            tape.watch(z)
            a = keras.activations.get(name)(z)
        slope = tape.gradient(a, z)
        assert told["a"][name] == pytest.approx(a.numpy(), abs=1e-12)
        assert told["slope"][name] == pytest.approx(slope.numpy(), abs=1e-12)


def test_beyond_the_saturation_the_slope_is_below_the_one_that_was_asked_for(numbers: Numbers) -> None:
    told = numbers("activations", flat=0.003, layers=5)
    for name, function in (("sigmoid", scipy.special.expit), ("tanh", np.tanh)):
        z, h = told["saturated_beyond"][name], 1e-5
        assert (function(z + h) - function(z - h)) / (2 * h) == pytest.approx(0.003, rel=1e-4)
    assert told["largest_product_of_slopes"]["sigmoid"] == pytest.approx(0.25**5)
