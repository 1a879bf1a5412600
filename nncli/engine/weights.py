"""The weights of a model as arrays by path, for `weights.npz`; does not depend on files."""

from collections.abc import Mapping

import keras
import numpy as np

from nncli.errors import RunError


def get_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Copies of all weights, trainable or not, by path (`dense_1/kernel`), in the model's order."""
    return {weight.path: np.array(keras.ops.convert_to_numpy(weight)) for weight in model.weights}


def set_weights(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Loads weights from `get_weights` into a model with the same architecture.

    Raises RunError if a path is missing or unknown or a shape differs; the model is then unchanged.
    """
    expected = {weight.path: weight for weight in model.weights}
    problems = [f"{path} is missing" for path in expected if path not in weights]
    problems += [f"{path} is not in the model" for path in weights if path not in expected]
    for path, weight in expected.items():
        if path in weights and np.shape(weights[path]) != tuple(weight.shape):
            problems.append(f"{path} has shape {np.shape(weights[path])}, the model expects {tuple(weight.shape)}")
    if problems:
        raise RunError(
            "the weights do not fit the model: " + "; ".join(problems),
            hint="they were saved from another network: rebuild it from the config in the same folder",
        )
    for path, weight in expected.items():
        weight.assign(weights[path])
