"""Makes the Keras layer for a layer of the config, by a table of all kinds; does not depend on data or training."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from nncli.config import layers as sections
from nncli.config.layer_section import WeightedLayer
from nncli.model.layers import blocks
from nncli.model.layers.placement import Placement, initializer_of, kernel_options, regularizer_of

# Returns a Keras layer, or a function that applies several in sequence.
Maker = Callable[[Any, Placement], Callable[[Any], Any]]


def make_layer(section: sections.LayerSection, placement: Placement) -> Callable[[Any], Any]:
    """The Keras layer for one entry of `model.layers`, or a function that applies several."""
    return MAKERS[type(section)](section, placement)


def _shared_options(section: WeightedLayer, placement: Placement) -> dict[str, Any]:
    return {
        "name": placement.name,
        "activation": section.activation or placement.activation,
        "use_bias": section.use_bias,
        "bias_initializer": keras.initializers.Constant(np.asarray(placement.bias, "float32"))
        if placement.bias
        else "zeros",
    }


def _weight_options(section: WeightedLayer, placement: Placement) -> dict[str, Any]:
    return {**_shared_options(section, placement), **kernel_options(section, placement)}


def _dense(section: sections.Dense, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Dense(section.units, **_weight_options(section, placement))


def _activation(section: sections.Activation, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Activation(section.activation, name=placement.name)


def _dropout(section: sections.Dropout, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Dropout(section.rate, seed=placement.seed, name=placement.name)


def _flatten(section: sections.Flatten, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Flatten(name=placement.name)


def _gaussian_noise(section: sections.GaussianNoise, placement: Placement) -> keras.layers.Layer:
    return keras.layers.GaussianNoise(section.stddev, seed=placement.seed, name=placement.name)


def _reshape(section: sections.Reshape, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Reshape(section.target_shape, name=placement.name)


def _convolution(layer: Any) -> Maker:
    """For Keras layers with filters and one kernel."""

    def make(section: sections.Conv1D | sections.Conv2D, placement: Placement) -> keras.layers.Layer:
        return layer(
            section.filters,
            section.kernel_size,
            strides=section.strides,
            padding=section.padding,
            **_weight_options(section, placement),
        )

    return make


def _depthwise_conv2d(section: sections.DepthwiseConv2D, placement: Placement) -> keras.layers.Layer:
    return keras.layers.DepthwiseConv2D(
        section.kernel_size,
        strides=section.strides,
        padding=section.padding,
        depth_multiplier=section.depth_multiplier,
        depthwise_initializer=initializer_of(section, placement.seed),
        depthwise_regularizer=regularizer_of(section),
        **_shared_options(section, placement),
    )


def _separable_conv2d(section: sections.SeparableConv2D, placement: Placement) -> keras.layers.Layer:
    return keras.layers.SeparableConv2D(
        section.filters,
        section.kernel_size,
        strides=section.strides,
        padding=section.padding,
        depth_multiplier=section.depth_multiplier,
        depthwise_initializer=initializer_of(section, placement.derived_seed(0)),
        pointwise_initializer=initializer_of(section, placement.derived_seed(1)),
        depthwise_regularizer=regularizer_of(section),
        pointwise_regularizer=regularizer_of(section),
        **_shared_options(section, placement),
    )


def _pooling(layer: Any) -> Maker:
    """For Keras layers with a pooling window."""

    def make(section: Any, placement: Placement) -> keras.layers.Layer:
        return layer(section.pool_size, strides=section.strides, padding=section.padding, name=placement.name)

    return make


def _global_pooling(layer: Any) -> Maker:
    """For Keras layers without options."""
    return lambda section, placement: layer(name=placement.name)


def _recurrent(layer: Any) -> Maker:
    """For Keras's recurrent layers; the recurrent kernel is initialized as an orthogonal matrix."""

    def make(section: sections.Lstm | sections.Gru, placement: Placement) -> keras.layers.Layer:
        return layer(
            section.units,
            activation=section.activation,
            return_sequences=section.return_sequences,
            use_bias=section.use_bias,
            recurrent_initializer=keras.initializers.Orthogonal(seed=placement.derived_seed(0)),
            recurrent_regularizer=regularizer_of(section),
            **kernel_options(section, placement),
        )

    return make


def _residual(section: sections.Residual, placement: Placement) -> Callable[[Any], Any]:
    return blocks.residual(section, placement, make_layer)


def _random_flip(section: sections.RandomFlip, placement: Placement) -> Callable[[Any], Any]:
    if section.mode != "both":
        return _flip(section.mode, placement)
    # Keras's own mode for both draws only once: it rotates half of the images by 180 degrees and mirrors none.
    across, down = _flip("horizontal", placement), _flip("vertical", placement.inside("vertical", 1))
    return lambda tensor, **options: down(across(tensor, **options), **options)


def _flip(mode: str, placement: Placement) -> Callable[..., Any]:
    layer: Callable[..., Any] = keras.layers.RandomFlip(mode, seed=placement.seed, name=placement.name)
    return layer


def _random_translation(section: sections.RandomTranslation, placement: Placement) -> keras.layers.Layer:
    return keras.layers.RandomTranslation(
        section.height_factor,
        section.width_factor,
        fill_mode=section.fill_mode,
        seed=placement.seed,
        name=placement.name,
    )


def _random_rotation(section: sections.RandomRotation, placement: Placement) -> keras.layers.Layer:
    return keras.layers.RandomRotation(
        section.factor, fill_mode=section.fill_mode, seed=placement.seed, name=placement.name
    )


def _random_zoom(section: sections.RandomZoom, placement: Placement) -> keras.layers.Layer:
    return keras.layers.RandomZoom(
        section.height_factor, fill_mode=section.fill_mode, seed=placement.seed, name=placement.name
    )


def _batch_normalization(section: sections.BatchNormalization, placement: Placement) -> keras.layers.Layer:
    return keras.layers.BatchNormalization(
        momentum=section.momentum,
        epsilon=section.epsilon,
        synchronized=section.synchronized,
        name=placement.name,
    )


def _group_normalization(section: sections.GroupNormalization, placement: Placement) -> keras.layers.Layer:
    return keras.layers.GroupNormalization(section.groups, epsilon=section.epsilon, name=placement.name)


def _layer_normalization(section: sections.LayerNormalization, placement: Placement) -> keras.layers.Layer:
    return keras.layers.LayerNormalization(epsilon=section.epsilon, name=placement.name)


# `Output` is missing because resolving a config replaces it with a dense layer.
MAKERS: dict[type[sections.LayerSection], Maker] = {
    sections.Dense: _dense,
    sections.Activation: _activation,
    sections.Dropout: _dropout,
    sections.GaussianNoise: _gaussian_noise,
    sections.BatchNormalization: _batch_normalization,
    sections.LayerNormalization: _layer_normalization,
    sections.GroupNormalization: _group_normalization,
    sections.Flatten: _flatten,
    sections.Reshape: _reshape,
    sections.Conv2D: _convolution(keras.layers.Conv2D),
    sections.Conv1D: _convolution(keras.layers.Conv1D),
    sections.DepthwiseConv2D: _depthwise_conv2d,
    sections.SeparableConv2D: _separable_conv2d,
    sections.MaxPooling2D: _pooling(keras.layers.MaxPooling2D),
    sections.AveragePooling2D: _pooling(keras.layers.AveragePooling2D),
    sections.GlobalAveragePooling2D: _global_pooling(keras.layers.GlobalAveragePooling2D),
    sections.GlobalMaxPooling2D: _global_pooling(keras.layers.GlobalMaxPooling2D),
    sections.MaxPooling1D: _pooling(keras.layers.MaxPooling1D),
    sections.AveragePooling1D: _pooling(keras.layers.AveragePooling1D),
    sections.GlobalAveragePooling1D: _global_pooling(keras.layers.GlobalAveragePooling1D),
    sections.GlobalMaxPooling1D: _global_pooling(keras.layers.GlobalMaxPooling1D),
    sections.Embedding: blocks.embedding,
    sections.Lstm: _recurrent(keras.layers.LSTM),
    sections.Gru: _recurrent(keras.layers.GRU),
    sections.MultiHeadAttention: blocks.multi_head_attention,
    sections.TransformerBlock: blocks.transformer_block,
    sections.Patches: blocks.patches,
    sections.Residual: _residual,
    sections.RandomFlip: _random_flip,
    sections.RandomTranslation: _random_translation,
    sections.RandomRotation: _random_rotation,
    sections.RandomZoom: _random_zoom,
}
