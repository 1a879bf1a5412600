"""Applies the augmentation layers of a config to images, to show their effect; does not depend on files or training."""

from collections.abc import Sequence

import keras
import numpy as np

from nncli.config.facts import ImageInput
from nncli.config.layers import LayerSection
from nncli.model.layers.making import make_layer
from nncli.model.layers.placement import Placement


def augment(layers: Sequence[LayerSection], image: ImageInput, pixels: np.ndarray, seed: int) -> np.ndarray:
    """Images (n, height, width, channels) after `layers`, as uint8 from 0 to 255; `pixels` have the range of the data.

    The layers run as in training; each image is changed differently.
    """
    tensor = keras.ops.convert_to_tensor(pixels.astype(np.float32) * image.scale)
    for position, section in enumerate(layers):
        derived = int(np.random.SeedSequence([seed, position]).generate_state(1)[0])
        layer = make_layer(section, Placement(name=f"{section.kind}_{position}", activation="linear", seed=derived))
        tensor = layer(tensor, training=True)  # type: ignore[call-arg]
    values = np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)
    return np.clip(np.round(values * 255), 0, 255).astype(np.uint8)
