"""`model(x)` of a loaded Keras file, often considered the faster way."""

from pathlib import Path

import numpy as np

from measuring.baton import Baton
from measuring.contenders import keras_predict


def race(folder: Path, baton: Baton, turns: int, count: int, calls: int) -> float:
    """`calls` calls per turn, each with `count` images; returns the accuracy."""
    return keras_predict.race_with(
        lambda model, images: np.asarray(model(images, training=False)), folder, baton, turns, count, calls
    )
