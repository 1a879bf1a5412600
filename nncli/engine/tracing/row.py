"""One row through a network: forward values layer by layer, the loss, every gradient, one update; in float64."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from nncli.engine.arrays import Arrays
from nncli.engine.gradients import Cost, Line, choose_entries, find_difference

# Beyond this relative error, a difference that a bend of the cost explains is a kink, as in `check_gradients`.
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class LayerValues:
    """The output of a layer for the row, without the axis of the examples; of a dense layer also z, before g(z)."""

    name: str
    kind: str
    output: np.ndarray
    activation: str | None = None
    before_activation: np.ndarray | None = None


@dataclass(frozen=True)
class WeightPass:
    """A weight array with its gradient and the central differences, NaN where none was computed, of equal shape.

    `errors` are the relative errors of the differences, NaN likewise; `kinks` counts the entries at which the cost has
    no derivative.
    """

    path: str
    values: np.ndarray
    gradient: np.ndarray
    numeric: np.ndarray
    errors: np.ndarray
    kinks: int


@dataclass(frozen=True)
class RowPass:
    """Both passes for one row; `loss_after` is the loss of the row after one step of gradient descent."""

    layers: list[LayerValues]
    loss: float
    weights: list[WeightPass]
    loss_after: float


def trace_row(
    model: keras.Model,
    shown: keras.Model,
    loss: keras.losses.Loss,
    row: Arrays,
    *,
    learning_rate: float,
    whole: int,
    samples: int,
    seed: int,
    progress: Callable[[str, float], None] = lambda what, fraction: None,
) -> RowPass:
    """Both passes for a batch of one row, in inference mode: no dropout, no augmentation, and
    batch normalization with its averages.

    Model and loss must have been created within `double_precision`; `shown` has the same layers, and those added for
    serving. Arrays of at most `whole` entries are compared with central differences entry by entry, larger ones in
    `samples` entries. The weights end as they were.
    """
    cost = Cost(model, loss, row, seed, training=False)
    layers, value = _trace_layers(shown, row), cost()
    generator = np.random.default_rng(seed)
    weights = []
    for position, (weight, gradient) in enumerate(zip(model.trainable_weights, cost.gradients(), strict=True)):
        progress("comparing gradients", position / len(model.trainable_weights))
        count = gradient.size if gradient.size <= whole else samples
        weights.append(_compare(weight, gradient, choose_entries(gradient.reshape(-1), count, generator), cost, value))
    for weight, found in zip(model.trainable_weights, weights, strict=True):
        weight.assign(found.values - learning_rate * found.gradient)
    after = cost()
    for weight, found in zip(model.trainable_weights, weights, strict=True):
        weight.assign(found.values)
    return RowPass(layers, value, weights, after)


def _trace_layers(model: keras.Model, row: Arrays) -> list[LayerValues]:
    layers = [layer for layer in model.layers if isinstance(layer.output, keras.KerasTensor)]
    tensors = {f"{index}": layer.output for index, layer in enumerate(layers)}
    tensors |= {
        f"{index} in": layer.input for index, layer in enumerate(layers) if isinstance(layer, keras.layers.Dense)
    }
    inputs = {name: keras.ops.convert_to_tensor(array) for name, array in row.inputs.items()}
    values = keras.Model(inputs=model.inputs, outputs=tensors)(inputs, training=False)
    return [_layer_values(layer, values[f"{index}"], values.get(f"{index} in")) for index, layer in enumerate(layers)]


def _layer_values(layer: Any, output: Any, before: Any) -> LayerValues:
    """The arrays of one layer; `before` is the input of a dense layer."""
    value = keras.ops.convert_to_numpy(output)[0]
    if before is None:
        return LayerValues(layer.name, type(layer).__name__, value)
    z = keras.ops.matmul(before, layer.kernel)
    z = z if layer.bias is None else z + layer.bias
    activation = layer.activation.__name__
    return LayerValues(layer.name, "Dense", value, activation, keras.ops.convert_to_numpy(z)[0])


def _compare(weight: Any, gradient: np.ndarray, entries: np.ndarray, cost: Cost, centre: float) -> WeightPass:
    start = np.array(weight.numpy())
    numeric, errors, kinks = np.full(gradient.size, np.nan), np.full(gradient.size, np.nan), 0
    flat = gradient.reshape(-1)
    for entry in entries:
        found = find_difference(Line(weight, start, int(entry), cost, centre), float(flat[entry]), _TOLERANCE)
        numeric[entry], errors[entry] = found.numeric, found.error
        kinks += found.error > _TOLERANCE and found.bend > abs(found.numeric - flat[entry]) / 4
    weight.assign(start)
    return WeightPass(
        weight.path, start, gradient, numeric.reshape(gradient.shape), errors.reshape(gradient.shape), int(kinks)
    )
