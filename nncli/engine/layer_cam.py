"""LayerCAM: which places of an image the last convolution rests an output on; does not depend on classes or files."""

import keras
import numpy as np
import tensorflow as tf

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.SeparableConv2D, keras.layers.DepthwiseConv2D)


def layer_cam(model: keras.Model, images: np.ndarray, outputs: np.ndarray, *, logits: bool) -> np.ndarray | None:
    """For each image what its output rests on, float64 (n, height, width) of the layer; None without a convolution.

    Each channel of the last two-dimensional convolution is weighted, place by place, by the positive part of the
    gradient of the output (Jiang et al., "LayerCAM: Exploring hierarchical class activation maps for localization",
    2021, equation 6). `images` are (n, height, width, channels), `outputs` the index of an output for each image,
    int (n,). Where the model gives probabilities and no `logits`, the gradient is that of their logarithm.
    """
    layers = [layer for layer in model.layers if isinstance(layer, _CONVOLUTIONS)]
    if not layers:
        return None
    both = keras.Model(model.inputs, [layers[-1].output, model.outputs[0]])
    with tf.GradientTape() as tape:  # it watches the weights, and so everything that follows from them
        activations, values = both([tf.convert_to_tensor(images)], training=False)
        values = values if logits else tf.math.log(tf.maximum(values, 1e-12))
        chosen = tf.gather(values, tf.convert_to_tensor(outputs, tf.int32), axis=1, batch_dims=1)
    gradient = tape.gradient(chosen, activations)
    maps = tf.nn.relu(tf.reduce_sum(tf.nn.relu(gradient) * activations, axis=-1))
    found: np.ndarray = maps.numpy().astype(np.float64)
    return found
