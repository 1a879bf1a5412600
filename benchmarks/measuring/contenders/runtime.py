"""nncli's runtime: a run's exported model without TensorFlow."""

from pathlib import Path

import numpy as np

from measuring.baton import Baton
from measuring.contenders.images import accuracy, load_images


def race(folder: Path, baton: Baton, turns: int, count: int, calls: int) -> float:
    """So many calls a turn, each with `count` images; the accuracy."""
    from nncli.runtime import Predictor

    predictor = Predictor((folder / "model.tflite").read_bytes())
    images, digits = load_images(folder, count)

    def work() -> np.ndarray:
        for _ in range(calls):
            outputs = predictor.predict({"image": images})
        return outputs

    baton.detail = "model.tflite"
    baton.report()
    baton.repeat(turns, work, pieces=calls)
    baton.wait()
    return accuracy(work(), digits)
