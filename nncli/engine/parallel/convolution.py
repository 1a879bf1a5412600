"""A convolution with its bias, relu and max-pooling, the cheap part of it compiled into one pass.

The gradient of TensorFlow's own max-pooling takes a third of a small CNN's time, and bias and relu each read and write
the whole output of the convolution again. Here XLA compiles bias, relu and pooling into one forward and one backward
pass. The results equal Keras's, ties included: the first maximum of a window gets the gradient.
"""

from typing import Any

import keras
import tensorflow as tf


def is_plain_convolution(layer: keras.Layer) -> bool:
    """Whether `convolve` can replace the layer: 2-D, channels last, with a bias, and relu or no activation."""
    return (
        type(layer) is keras.layers.Conv2D
        and layer.data_format == "channels_last"
        and layer.groups == 1
        and layer.use_bias
        and layer.activity_regularizer is None
        and layer.activation in (keras.activations.relu, keras.activations.linear)
    )


def is_plain_pooling(layer: keras.Layer) -> bool:
    """Whether `max_pool` can replace the layer: 2-D, channels last, windows that do not overlap, no padding."""
    return (
        type(layer) is keras.layers.MaxPooling2D
        and layer.data_format == "channels_last"
        and tuple(layer.pool_size) == tuple(layer.strides)
        and layer.padding == "valid"
    )


def convolve(layer: keras.layers.Conv2D, images: Any, window: tuple[int, int] = (1, 1)) -> Any:
    """The output of the layer, followed by max-pooling with this window, for images (n, height, width, channels)."""
    sums = tf.nn.conv2d(
        images,
        tf.convert_to_tensor(layer.kernel),
        strides=layer.strides,
        padding=layer.padding.upper(),
        dilations=layer.dilation_rate,
    )
    return _activate(sums, tf.convert_to_tensor(layer.bias), window, layer.activation is keras.activations.relu)


def max_pool(images: Any, window: tuple[int, int]) -> Any:
    """The maximum of each window, as in `keras.layers.MaxPooling2D(window)`."""
    return _activate(images, tf.zeros([images.shape[-1]]), window, False)


def _activate(sums: Any, bias: Any, window: tuple[int, int], rectified: bool) -> Any:
    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def activate(sums: Any, bias: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            return _backward(sums, bias, upstream, window, rectified)

        return _forward(sums, bias, window, rectified), gradient

    return activate(sums, bias)


@tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
def _forward(sums: Any, bias: Any, window: tuple[int, int], rectified: bool) -> Any:
    return _largest(_corners(_rectify(sums + bias, rectified), window))


@tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
def _backward(sums: Any, bias: Any, upstream: Any, window: tuple[int, int], rectified: bool) -> tuple[Any, Any]:
    """The gradients of the sums and the bias; recomputes the forward pass, which is cheaper than storing it."""
    corners = _corners(_rectify(sums + bias, rectified), window)
    largest = _largest(corners)
    if rectified:
        upstream = tf.where(largest > 0, upstream, 0.0)
    winner = tf.fill(tf.shape(largest), len(corners) - 1)
    for index in reversed(range(len(corners) - 1)):
        winner = tf.where(corners[index] == largest, index, winner)
    height, width = (size // step * step for size, step in zip(sums.shape[1:3], window, strict=True))
    place = (tf.range(height) % window[0])[:, None] * window[1] + (tf.range(width) % window[1])[None, :]
    spread = tf.where(_widen(winner, window) == place[None, :, :, None], _widen(upstream, window), 0.0)
    rest = [[0, 0], [0, sums.shape[1] - height], [0, sums.shape[2] - width], [0, 0]]
    return tf.pad(spread, rest), tf.reduce_sum(upstream, [0, 1, 2])


def _rectify(values: Any, rectified: bool) -> Any:
    return tf.nn.relu(values) if rectified else values


def _corners(values: Any, window: tuple[int, int]) -> list[Any]:
    """The values at each position of a window, for all windows at once, in row-major order as Keras breaks ties."""
    examples, height, width, channels = values.shape
    rows, columns = height // window[0], width // window[1]
    whole = values[:, : rows * window[0], : columns * window[1]]
    tiled = tf.reshape(whole, [examples, rows, window[0], columns, window[1], channels])
    return [tiled[:, :, row, :, column] for row in range(window[0]) for column in range(window[1])]


def _largest(corners: list[Any]) -> Any:
    largest = corners[0]
    for corner in corners[1:]:
        largest = tf.maximum(largest, corner)
    return largest


def _widen(values: Any, window: tuple[int, int]) -> Any:
    """Repeats each value at all positions of its window."""
    examples, rows, columns, channels = values.shape
    shape = [examples, rows, window[0], columns, window[1], channels]
    repeated = tf.broadcast_to(values[:, :, None, :, None, :], shape)
    return tf.reshape(repeated, [examples, rows * window[0], columns * window[1], channels])
