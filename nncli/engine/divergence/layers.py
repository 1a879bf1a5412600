"""One training step outside of the compiled program, looked at layer by layer: where values stop being finite."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays
from nncli.engine.divergence.snapshots import all_finite, first_bad

Part = Literal["output", "penalty", "loss", "gradient", "update"]


@dataclass(frozen=True)
class Place:
    """Where a step has its first value that is not finite.

    `output`: of `layer`, forward; `penalty`: of its regularizer; `loss`: of finite outputs, no layer; `gradient`: that
    of `variable` or, if empty, of the output of `layer`, from the loss backward; `update`: of `variable`, by finite
    gradients. `value` is that value. `inputs` names what the layer or the loss was given that was not finite before.
    """

    part: Part
    layer: str
    value: float
    variable: str = ""
    inputs: tuple[str, ...] = ()


def find_place(model: keras.Model, batch: Arrays, changed: Mapping[str, float]) -> Place | None:
    """Runs the model on a batch in training mode, from its state before it; None if all of it is finite.

    `changed` are weights that are not finite after the update. Changes nothing but the state of random layers and the
    moving averages of normalizations.
    """
    targets, weights = batch.targets, batch.weights
    inputs = {name: tf.convert_to_tensor(array) for name, array in batch.inputs.items()}
    with _listening(model) as calls, tf.GradientTape() as tape:
        outputs = model(inputs, training=True)
        loss = model.compute_loss(x=inputs, y=targets, y_pred=outputs, sample_weight=weights, training=True)
    forward = _forward(calls, batch)
    if forward is not None:
        return forward
    value = first_bad(loss)
    if value is not None:
        penalty = _penalty(calls)
        return penalty or Place("loss", "", value, inputs=_bad_arrays({"targets": targets, "weights": weights}))
    return _backward(calls, tape, loss) or _update(calls, changed)


@dataclass(frozen=True)
class _Call:
    layer: keras.Layer
    given: list[Any]
    output: Any


@contextlib.contextmanager
def _listening(model: keras.Model) -> Iterator[list[_Call]]:
    """Within the body, every call of a layer of the model is noted, in order."""
    calls: list[_Call] = []
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer | keras.Model)]

    def listen(layer: keras.Layer) -> None:
        original = layer.call

        def call(*arguments: Any, **options: Any) -> Any:
            output = original(*arguments, **options)
            calls.append(_Call(layer, tf.nest.flatten(arguments), output))
            return output

        layer.call = call

    for layer in layers:
        listen(layer)
    try:
        yield calls
    finally:
        for layer in layers:
            del layer.call


def _forward(calls: list[_Call], batch: Arrays) -> Place | None:
    for call in calls:
        value = first_bad(call.output)
        if value is not None:
            was_bad = not all_finite(given for given in call.given if tf.is_tensor(given))
            return Place("output", call.layer.name, value, inputs=_bad_arrays(batch.inputs) if was_bad else ())
    return None


def _penalty(calls: list[_Call]) -> Place | None:
    for call in calls:
        for loss in call.layer.losses:
            if (value := first_bad(loss)) is not None:
                return Place("penalty", call.layer.name, value)
    return None


def _backward(calls: list[_Call], tape: tf.GradientTape, loss: Any) -> Place | None:
    """The first gradient that is not finite, in the order of back-propagation: of an output, then of its weights."""
    own = [[variable for variable in call.layer.trainable_weights] for call in calls]
    sources = [[variable.value for variable in variables] for variables in own]
    outputs, gradients = tape.gradient(loss, ([call.output for call in calls], sources))
    for call, output, variables, found in reversed(list(zip(calls, outputs, own, gradients, strict=True))):
        if output is not None and (value := first_bad(output)) is not None:
            return Place("gradient", call.layer.name, value)
        for variable, gradient in zip(variables, found, strict=True):
            if gradient is None:
                continue
            value = first_bad(tf.convert_to_tensor(gradient))  # an embedding's comes as slices
            if value is not None:
                return Place("gradient", call.layer.name, value, variable.name)
    return None


def _update(calls: list[_Call], changed: Mapping[str, float]) -> Place | None:
    for call in calls:
        for variable in call.layer.variables:
            if variable.path in changed:
                return Place("update", call.layer.name, changed[variable.path], variable.name)
    return None


def _bad_arrays(arrays: Any) -> tuple[str, ...]:
    """The names of the arrays with values that are not finite."""
    known = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
    return tuple(name for name, array in known.items() if array.dtype.kind == "f" and not np.isfinite(array).all())
