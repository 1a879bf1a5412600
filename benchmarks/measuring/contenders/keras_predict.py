"""`model.predict` of a loaded Keras file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from measuring.baton import Baton
from measuring.contenders.images import accuracy, load_images


def race(folder: Path, baton: Baton, turns: int, count: int, calls: int) -> float:
    """`calls` calls per turn, each with `count` images; returns the accuracy."""
    return race_with(lambda model, images: model.predict(images, verbose=0), folder, baton, turns, count, calls)


def race_with(
    predict: Callable[[Any, np.ndarray], np.ndarray], folder: Path, baton: Baton, turns: int, count: int, calls: int
) -> float:
    """The same for any function that calls a Keras model."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras

    model = keras.models.load_model(folder / "model.keras")
    images, digits = load_images(folder, count)

    def work() -> np.ndarray:
        for _ in range(calls):
            outputs = predict(model, images)
        return outputs

    baton.detail = "model.keras"
    baton.report()
    baton.repeat(turns, work, pieces=calls)
    baton.wait()
    return accuracy(work(), digits)
