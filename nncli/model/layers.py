"""The table from a layer of the config to the Keras layer it stands for; knows nothing of data or training."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from nncli.config import layers as sections
from nncli.config.layers.contract import WeightedLayer


@dataclass(frozen=True)
class Placement:
    """Where a layer stands: its name, its activation when it names none, the seed of its randomness."""

    name: str
    activation: str
    seed: int
    bias: tuple[float, ...] = ()


Maker = Callable[[Any, Placement], keras.layers.Layer]


def make_layer(section: sections.LayerSection, placement: Placement) -> keras.layers.Layer:
    """The Keras layer for one entry of `model.layers`."""
    return MAKERS[type(section)](section, placement)


def _weight_options(section: WeightedLayer, placement: Placement) -> dict[str, Any]:
    regularizer = section.kernel_regularizer
    return {
        "name": placement.name,
        "activation": section.activation or placement.activation,
        "use_bias": section.use_bias,
        "kernel_initializer": _initializer(section.kernel_initializer, placement.seed),
        "bias_initializer": keras.initializers.Constant(np.asarray(placement.bias, "float32"))
        if placement.bias
        else "zeros",
        "kernel_regularizer": keras.regularizers.L1L2(regularizer.l1, regularizer.l2) if regularizer else None,
    }


def _initializer(name: str, seed: int) -> keras.initializers.Initializer:
    """With a seed of its own, so that the weights a config starts from hang on nothing but the config."""
    options = {} if name == "zeros" else {"seed": seed}
    return keras.initializers.get({"class_name": name, "config": options})


def _dense(section: sections.Dense, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Dense(section.units, **_weight_options(section, placement))


def _activation(section: sections.Activation, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Activation(section.activation, name=placement.name)


def _dropout(section: sections.Dropout, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Dropout(section.rate, seed=placement.seed, name=placement.name)


def _flatten(section: sections.Flatten, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Flatten(name=placement.name)


def _conv2d(section: sections.Conv2D, placement: Placement) -> keras.layers.Layer:
    return keras.layers.Conv2D(
        section.filters,
        section.kernel_size,
        strides=section.strides,
        padding=section.padding,
        **_weight_options(section, placement),
    )


def _max_pooling2d(section: sections.MaxPooling2D, placement: Placement) -> keras.layers.Layer:
    return keras.layers.MaxPooling2D(
        section.pool_size, strides=section.strides, padding=section.padding, name=placement.name
    )


def _average_pooling2d(section: sections.AveragePooling2D, placement: Placement) -> keras.layers.Layer:
    return keras.layers.AveragePooling2D(
        section.pool_size, strides=section.strides, padding=section.padding, name=placement.name
    )


def _global_average_pooling2d(section: sections.GlobalAveragePooling2D, placement: Placement) -> keras.layers.Layer:
    return keras.layers.GlobalAveragePooling2D(name=placement.name)


def _batch_normalization(section: sections.BatchNormalization, placement: Placement) -> keras.layers.Layer:
    return keras.layers.BatchNormalization(momentum=section.momentum, epsilon=section.epsilon, name=placement.name)


def _layer_normalization(section: sections.LayerNormalization, placement: Placement) -> keras.layers.Layer:
    return keras.layers.LayerNormalization(epsilon=section.epsilon, name=placement.name)


# `Output` is absent: resolving a config turns it into the dense layer it stands for.
MAKERS: dict[type[sections.LayerSection], Maker] = {
    sections.Dense: _dense,
    sections.Activation: _activation,
    sections.Dropout: _dropout,
    sections.Flatten: _flatten,
    sections.Conv2D: _conv2d,
    sections.MaxPooling2D: _max_pooling2d,
    sections.AveragePooling2D: _average_pooling2d,
    sections.GlobalAveragePooling2D: _global_average_pooling2d,
    sections.BatchNormalization: _batch_normalization,
    sections.LayerNormalization: _layer_normalization,
}
