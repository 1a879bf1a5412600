"""Switches off what keeps a network from learning rows by heart: augmentation, dropout, noise, penalties of weights."""

from typing import Any

import keras

from nncli.engine.gradients import augmentations, without_augmentation


def quiet(model: keras.Model) -> tuple[keras.Model, list[str]]:
    """The same network and weights without them, before it is compiled, and the names of what was switched off."""
    off = augmentations(model)
    model = without_augmentation(model)
    for layer in model.layers:
        off += [layer.name] * _quiet_layer(layer)
    return model, off


def _quiet_layer(layer: Any) -> bool:
    """Whether there was something to switch off in the layer or the layers inside it."""
    found = False
    for each in layer._flatten_layers():
        for option in ("rate", "stddev", "_dropout"):  # dropout, noise, attention
            if isinstance(getattr(each, option, None), float) and getattr(each, option) > 0:
                setattr(each, option, 0.0)
                found = True
    for variable in layer.trainable_variables:
        if variable.regularizer is not None:
            variable.regularizer = None
            found = True
    return found
