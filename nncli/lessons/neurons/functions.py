"""The activations and their slopes, for one z or an array of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def sigmoid(z: Any) -> Any:
    """1 / (1 + e⁻ᶻ), without overflow: (1 + tanh(z / 2)) / 2."""
    return (1 + np.tanh(np.asarray(z) / 2)) / 2


def _sigmoid_slope(z: Any) -> Any:
    # From e⁻|ᶻ|: a·(1 − a) would be 0 from z = 37 on, where a is rounded to 1.
    tail = np.exp(-np.abs(z))
    return tail / (1 + tail) ** 2


@dataclass(frozen=True)
class Activation:
    """g(z) and g'(z), with their formulas."""

    formula: str
    slope_formula: str
    compute: Callable[[Any], Any]
    slope: Callable[[Any], Any]


ACTIVATIONS = {
    "linear": Activation("z", "1", lambda z: z, lambda z: np.ones_like(np.asarray(z, dtype=np.float64))),
    "relu": Activation(
        "max(0, z)", "1 if z > 0, else 0", lambda z: np.maximum(0.0, z), lambda z: (np.asarray(z) > 0).astype(float)
    ),
    "sigmoid": Activation("1 / (1 + e⁻ᶻ)", "a · (1 − a)", sigmoid, _sigmoid_slope),
    "tanh": Activation("tanh(z)", "1 − a²", np.tanh, lambda z: 4 * _sigmoid_slope(2 * np.asarray(z))),
}
