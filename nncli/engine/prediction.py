"""Predictions of a Keras model in big batches, without progress output; does not depend on classes or files."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.streaming.reading import RowReader
from nncli.errors import DataError


def predict(model: keras.Model, inputs: dict[str, np.ndarray], batch_size: int = 1024) -> np.ndarray:
    """The model's output for each example, float32 (n, outputs), in inference mode (no dropout).

    The forward pass is traced once per call, whatever the number of examples. Raises DataError if an input of the
    model is missing.
    """
    specs = {tensor.name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs}
    missing = sorted(set(specs) - set(inputs))
    if missing:
        raise DataError(
            f"the model's input {', '.join(missing)} is missing; got {', '.join(sorted(inputs))}",
            hint="prepare the inputs with the facts saved with the model",
        )
    readers = {name: RowReader(np.asanyarray(inputs[name])) for name in specs}
    forward = tf.function(lambda batch: model(batch, training=False), input_signature=[specs], autograph=False)
    examples = len(next(iter(inputs.values())))
    if not examples:
        return np.empty((0, *model.output_shape[1:]), np.float32)

    def batch_from(first: int) -> dict[str, Any]:
        end = min(first + batch_size, examples)
        rows = {name: reader.read(first, end) for name, reader in readers.items()}
        return {
            name: tf.constant(rows[name].astype(spec.dtype.as_numpy_dtype, copy=False)) for name, spec in specs.items()
        }

    return np.concatenate([forward(batch_from(first)).numpy() for first in range(0, examples, batch_size)])


def repeated(model: keras.Model, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    """A function that returns the model's output for the same examples with its current weights.

    float32 (n, outputs), in inference mode, in one batch. It is traced once, when it is first called.
    """
    batch = {tensor.name: tf.constant(inputs[tensor.name], tensor.dtype) for tensor in model.inputs}
    forward = tf.function(lambda: model(batch, training=False), autograph=False)

    def predict_again() -> np.ndarray:
        outputs: np.ndarray = forward().numpy()
        return outputs

    return predict_again
