"""A batch in parts that run side by side: the same update from less time of a CPU.

The layers of a model are called in order, as Keras does, but layers that treat each example independently are called
once for each part. TensorFlow runs independent operations at the same time, so each part has its own thread. Layers
that need the whole batch (batch normalization) get it. Loss, metrics and optimizer see the whole batch, so there is
still one gradient and one update.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.parallel.convolution import convolve, is_plain_convolution, is_plain_pooling, max_pool
from nncli.engine.parallel.dropout import can_drop_in_parts, drop_in_parts

_ALONE = (
    "Activation", "AveragePooling1D", "AveragePooling2D", "Conv1D", "Conv2D", "Dense", "DepthwiseConv2D", "ELU",
    "EinsumDense", "Flatten", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GroupNormalization", "LayerNormalization", "LeakyReLU", "MaxPooling1D", "MaxPooling2D",
    "PReLU", "Permute", "ReLU", "Rescaling", "Reshape", "SeparableConv2D", "Softmax", "UpSampling2D", "ZeroPadding2D",
)  # fmt: skip
_MERGES = ("Add", "Average", "Concatenate", "Maximum", "Multiply", "Subtract")


class _Batch:
    """The values of one tensor of the model for a batch, whole or in parts; each form is made on first use."""

    def __init__(self, sizes: Sequence[int], whole: Any = None, parts: list[Any] | None = None) -> None:
        self._sizes, self._whole, self._parts = sizes, whole, parts

    def whole(self) -> Any:
        if self._whole is None:
            self._whole = tf.concat(self._parts, 0)
        return self._whole

    def parts(self) -> list[Any]:
        if self._parts is None:
            self._parts = tf.split(self._whole, list(self._sizes))
        return self._parts


@dataclass(frozen=True)
class _Call:
    """One layer, or a convolution with its pooling: the ids of its input tensors and of its output tensor.

    `one_part` computes a part of the output from the same part of the inputs; if None, the layer needs whole batches.
    """

    layer: keras.Layer
    inputs: tuple[int, ...]
    output: int
    one_part: Callable[..., Any] | None


def is_divided(model: keras.Model) -> bool:
    """Whether the model currently runs in parts, within the body of `dividing`."""
    return "call" in vars(model)


@contextlib.contextmanager
def dividing(model: keras.Model, parts: int) -> Iterator[None]:
    """Within the body, every call of the model, also from Keras's `train_step`, runs its batch in this many parts.

    Meant for tracing with batches of a known size: the traced function keeps the parts afterwards. With one part, or a
    model that cannot be divided, nothing changes.
    """
    calls = _calls(model) if parts > 1 else None
    if calls is None:
        yield
        return

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        given = [inputs[each.name] for each in model.inputs] if isinstance(inputs, dict) else tf.nest.flatten(inputs)
        return _run(model, calls, given, parts, training=bool(training))

    model.call = call
    try:
        yield
    finally:
        del model.call


def _run(model: keras.Model, calls: list[_Call], given: list[Any], parts: int, *, training: bool) -> Any:
    examples = given[0].shape[0]
    sizes = [len(part) for part in np.array_split(np.arange(examples), min(parts, examples))]
    values = {
        id(tensor): _Batch(sizes, whole=tf.cast(value, tensor.dtype))
        for tensor, value in zip(model.inputs, given, strict=True)
    }
    for call in calls:
        arguments = [values[index] for index in call.inputs]
        values[call.output] = _evaluate(call, arguments, sizes, training=training)
    outputs = [values[id(tensor)].whole() for tensor in model.outputs]
    return outputs[0] if len(outputs) == 1 else outputs


def _evaluate(call: _Call, arguments: list[_Batch], sizes: Sequence[int], *, training: bool) -> _Batch:
    layer = call.layer
    if call.one_part is not None:
        by_part = zip(*(argument.parts() for argument in arguments), strict=True)
        return _Batch(sizes, parts=[call.one_part(*values) for values in by_part])
    if type(layer) is keras.layers.Dropout:  # its subclasses drop whole channels
        if not training or layer.rate == 0:
            return arguments[0]
        if can_drop_in_parts(layer, arguments[0].parts()):
            return _Batch(sizes, parts=drop_in_parts(layer, arguments[0].parts()))
    whole = arguments[0].whole()
    return _Batch(
        sizes, whole=layer(whole, whole) if isinstance(layer, keras.layers.MultiHeadAttention) else layer(whole)
    )


def _calls(model: keras.Model) -> list[_Call] | None:
    """The layers in call order, each convolution merged with the pooling that follows it; None if not divisible."""
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    links = [_links(layer) for layer in layers]
    if not links or None in links:
        return None
    given = {id(tensor) for tensor in model.inputs} | {output for _, output in filter(None, links)}
    takers = [index for inputs, _ in filter(None, links) for index in inputs] + [id(tensor) for tensor in model.outputs]
    if not given.issuperset(takers):
        return None  # some layers are connected by operations that are not layers
    calls: list[_Call] = []
    for layer, (inputs, output) in zip(layers, filter(None, links), strict=True):
        before = calls[-1] if calls else None
        if (
            before is not None
            and inputs == (before.output,)
            and takers.count(before.output) == 1
            and is_plain_convolution(before.layer)
            and is_plain_pooling(layer)
        ):
            calls[-1] = _Call(layer, before.inputs, output, _pooled_convolution(before.layer, layer))
        else:
            calls.append(_Call(layer, inputs, output, _for_one_part(layer)))
    return calls


def _links(layer: keras.Layer) -> tuple[tuple[int, ...], int] | None:
    """The ids of the layer's input tensors and its output tensor; None unless one call maps them to one tensor."""
    try:
        inputs, output = layer.input, layer.output
    except (AttributeError, ValueError):  # Keras raises one of these if the layer is called more than once, or never
        return None
    flat = tf.nest.flatten(inputs)
    if _looks_at_itself(layer, flat):
        flat = flat[:1]
    simple = len(flat) == 1 or type(layer).__name__ in _MERGES
    if not simple or isinstance(output, list | tuple | dict):
        return None
    return tuple(id(tensor) for tensor in flat), id(output)


def _looks_at_itself(layer: keras.Layer, inputs: Sequence[Any]) -> bool:
    """Whether it is self-attention, which takes the same tensor twice."""
    return isinstance(layer, keras.layers.MultiHeadAttention) and len({id(tensor) for tensor in inputs}) == 1


def _for_one_part(layer: keras.Layer) -> Callable[..., Any] | None:
    if isinstance(layer, keras.layers.MultiHeadAttention):
        # Attention dropout draws its mask for the whole batch.
        return None if layer.get_config()["dropout"] else lambda tensor: layer(tensor, tensor)
    if layer.activity_regularizer is not None:
        return None  # the penalty is a mean over the batch
    if is_plain_convolution(layer):
        return lambda images: convolve(layer, images)
    if is_plain_pooling(layer):
        return lambda images: max_pool(images, layer.pool_size)
    if type(layer).__name__ in _MERGES:
        return lambda *values: layer(list(values))
    return layer if type(layer).__name__ in _ALONE else None


def _pooled_convolution(convolution: keras.layers.Conv2D, pooling: keras.layers.MaxPooling2D) -> Callable[..., Any]:
    return lambda images: convolve(convolution, images, pooling.pool_size)
