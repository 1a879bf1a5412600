"""LayerCAM on a network whose answer rests on a single place."""

import keras
import numpy as np
import pytest

from nncli.engine.layer_cam import layer_cam


def make(activation: str | None) -> keras.Model:
    image = keras.Input((6, 6, 1), dtype="float32")
    features = keras.layers.Conv2D(2, 1, activation="relu", use_bias=False)(image)
    outputs = keras.layers.Dense(2, activation=activation, use_bias=False)(keras.layers.Flatten()(features))
    model = keras.Model(image, outputs)
    kernel = np.zeros((72, 2), np.float32)
    kernel[2 * (6 * 1 + 4), 0] = 1.0  # class 0: the first channel at row 1, column 4
    kernel[2 * (6 * 5 + 0), 1] = 1.0  # class 1: the same at row 5, column 0
    model.set_weights([np.array([1.0, 0.0], np.float32).reshape(1, 1, 1, 2), kernel])
    return model


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_it_marks_the_place_of_each_output(activation: str | None) -> None:
    images = np.ones((2, 6, 6, 1), np.float32)
    maps = layer_cam(make(activation), images, np.array([0, 1]), logits=activation is None)
    assert maps is not None and maps.shape == (2, 6, 6)
    assert np.unravel_index(maps[0].argmax(), (6, 6)) == (1, 4)
    assert np.unravel_index(maps[1].argmax(), (6, 6)) == (5, 0)
    assert (maps >= 0).all() and (maps > 1e-9).sum(axis=(1, 2)).tolist() == [1, 1]


def test_a_network_without_convolutions_has_none() -> None:
    image = keras.Input((6, 6, 1))
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    assert layer_cam(model, np.ones((1, 6, 6, 1), np.float32), np.array([0]), logits=True) is None
