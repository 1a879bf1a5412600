"""Occlusion: where covering a part of an image lowers the probability of what was predicted; for any model.

After Zeiler and Fergus ("Visualizing and understanding convolutional networks", 2014, section 4.2), with the mean of
all images in place of a grey square.
"""

from collections.abc import Callable

import numpy as np

_SQUARES = 7  # of the cover, along the shorter side


def occlusion_maps(
    images: np.ndarray, mean: np.ndarray, predict: Callable[[int, np.ndarray], np.ndarray]
) -> np.ndarray:
    """For each pixel the mean fall of the prediction over all covers on it, float64 (n, height, width).

    `images` are (n, height, width, channels), `mean` is (height, width, channels), and `predict` gives one number for
    each of many covered versions of an image, (versions,), from its index and the versions. Positive where covering
    lowers it. A cover is a seventh of the shorter side wide and moves by half of that: about two hundred predictions an
    image.
    """
    _, height, width, _ = images.shape
    size = max(1, min(height, width) // _SQUARES)
    step = max(1, size // 2)
    maps = np.zeros(images.shape[:3])
    for index, image in enumerate(images):
        squares = [
            (slice(top, top + size), slice(left, left + size))
            for top in _starts(height, size, step)
            for left in _starts(width, size, step)
        ]
        covered = np.repeat(image[None], len(squares) + 1, axis=0)
        for place, square in enumerate(squares):
            covered[place][square] = mean[square].astype(images.dtype)
        answers = predict(index, covered).astype(np.float64)
        counts = np.zeros((height, width))
        for place, square in enumerate(squares):
            maps[index][square] += answers[-1] - answers[place]
            counts[square] += 1
        maps[index] /= np.maximum(counts, 1)
    return maps


def _starts(side: int, size: int, step: int) -> list[int]:
    """Where covers begin, the last one at the edge."""
    starts = list(range(0, side - size + 1, step))
    return starts if starts[-1] == side - size else [*starts, side - size]
