"""The weights of a model as arrays by path, for `weights.npz`; does not depend on files."""

from collections.abc import Mapping

import keras
import numpy as np

from nncli.errors import RunError


def get_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Every weight, trained or not, by its path (`dense_1/kernel`); copies, in the model's order."""
    return {weight.path: np.array(keras.ops.convert_to_numpy(weight)) for weight in model.weights}


def set_weights(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Gives a model the weights that `get_weights` took from one of the same shape.

    Raises RunError where a name is missing, unknown or of another shape; the model is then unchanged.
    """
    expected = {weight.path: weight for weight in model.weights}
    problems = [f"{path} is missing" for path in expected if path not in weights]
    problems += [f"{path} is not in the model" for path in weights if path not in expected]
    for path, weight in expected.items():
        if path in weights and np.shape(weights[path]) != tuple(weight.shape):
            problems.append(f"{path} has the shape {np.shape(weights[path])}, the model's is {tuple(weight.shape)}")
    if problems:
        raise RunError(
            "the weights do not fit the model: " + "; ".join(problems),
            hint="they were saved by another network: rebuild it from the config that lies beside them",
        )
    for path, weight in expected.items():
        weight.assign(weights[path])
