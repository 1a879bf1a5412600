"""The images for timing predictions of a loaded model."""

from pathlib import Path

import numpy as np


def load_images(folder: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (count, 28, 28, 1) and their digits."""
    with np.load(folder / "images.npz", allow_pickle=False) as arrays:
        return np.ascontiguousarray(arrays["image"][:count]), arrays["targets"][:count]


def accuracy(outputs: np.ndarray, digits: np.ndarray) -> float:
    """The fraction of images whose most probable class is their digit."""
    return float(np.mean(np.argmax(outputs, axis=1) == digits))
