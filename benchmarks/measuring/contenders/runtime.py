"""nncli's runtime: the exported model of a run, without TensorFlow."""

from pathlib import Path

import numpy as np

from measuring.baton import Baton
from measuring.contenders.images import accuracy, load_images


def race(folder: Path, baton: Baton, turns: int, count: int, calls: int) -> float:
    """`calls` calls per turn, each with `count` images; returns the accuracy."""
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
