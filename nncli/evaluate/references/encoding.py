"""Inputs of a data set as one matrix, for models of scikit-learn; does not depend on models.

Inputs are arrays by name: "image" (n, height, width, channels), or "numbers" (n, k) with NaN for missing and
"categories" (n, m) with 0 for missing or unseen. All statistics are those of the training rows.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

Inputs = Mapping[str, np.ndarray]

# HistGradientBoosting takes at most 255 values of a category; 0 is kept for those that are not told apart.
MOST_WORDS = 254
_LARGEST_SIDE = 32  # of an image, in pixels; larger ones are averaged over squares
_MOST_DENSE_VALUES = 20_000_000  # of a matrix, above which one-hot columns are stored sparsely


def as_columns(training: Inputs, inputs: Inputs) -> tuple[np.ndarray, list[int]]:
    """Numbers with NaN, then categories as whole numbers, float64 (n, columns); and which columns are categories.

    Of a category with more than 254 values, those that are rarest in training become 0, as unseen ones are.
    """
    parts = [inputs["numbers"].astype(np.float64)] if "numbers" in inputs else []
    numbers = parts[0].shape[1] if parts else 0
    if numbers:  # boosted trees refuse a column without a single number
        parts[0][:, np.isnan(training["numbers"]).all(axis=0)] = 0.0
    categories = inputs["categories"].shape[1] if "categories" in inputs else 0
    for index in range(categories):
        known = _frequent(training["categories"][:, index])
        parts.append(known[np.minimum(inputs["categories"][:, index], len(known) - 1)][:, None].astype(np.float64))
    return np.concatenate(parts, axis=1), list(range(numbers, numbers + categories))


def as_one_hot(training: Inputs, inputs: Inputs) -> Any:
    """Standardized numbers with indicators of missing ones, then one-hot categories: (n, columns), float64.

    A missing number is the median of the training rows. A sparse matrix (CSR) where a dense one would be large.
    """
    from scipy import sparse

    parts: list[Any] = []
    if "numbers" in inputs:
        parts.append(_standardized(training["numbers"], inputs["numbers"]))
    for index in range(inputs["categories"].shape[1] if "categories" in inputs else 0):
        known = _frequent(training["categories"][:, index])
        places = known[np.minimum(inputs["categories"][:, index], len(known) - 1)]
        rows = np.flatnonzero(places)  # unseen and missing ones are rows of zeros
        shape = (len(places), int(known.max()))
        parts.append(sparse.csr_matrix((np.ones(len(rows)), (rows, places[rows] - 1)), shape=shape))
    if not any(part.shape[1] for part in parts):  # no column with a known value
        return np.zeros((len(next(iter(inputs.values()))), 1))
    width = sum(part.shape[1] for part in parts)
    if width * parts[0].shape[0] <= _MOST_DENSE_VALUES:
        return np.concatenate([part if isinstance(part, np.ndarray) else part.toarray() for part in parts], axis=1)
    return sparse.hstack(parts, format="csr")


def as_pixels(training: Inputs, inputs: Inputs) -> np.ndarray:
    """The pixels of images less their mean in training, over the largest distance from it: float32 (n, values).

    Sides of more than 32 pixels are averaged over squares first.
    """
    shown = _shrunk(training["image"])
    mean = shown.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = float(np.abs(shown - mean).max()) or 1.0
    return np.asarray((_shrunk(inputs["image"]) - mean) / np.float32(scale))


def _standardized(training: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Each number less its training mean, over its deviation; then a column for each that training lacks somewhere."""
    known = training.astype(np.float64)
    present = ~np.isnan(known)
    lacking = np.flatnonzero(~present.all(axis=0))
    medians = np.array(
        [
            np.median(column[is_there]) if is_there.any() else 0.0
            for column, is_there in zip(known.T, present.T, strict=True)
        ]
    )
    filled = np.where(present, known, medians)
    mean, deviation = filled.mean(axis=0), filled.std(axis=0)
    missing = np.isnan(numbers)
    scaled = (np.where(missing, medians, numbers) - mean) / np.where(deviation > 0, deviation, 1.0)
    return np.concatenate([scaled, missing[:, lacking]], axis=1)


def _frequent(indices: np.ndarray) -> np.ndarray:
    """For each index of the vocabulary its number from 1, the most frequent in training first; 0 for none, int64.

    The last entry stands for every index above those of the training rows.
    """
    counts = np.bincount(indices)
    counts[0] = 0
    order = np.argsort(-counts, kind="stable")[: min(MOST_WORDS, int(np.count_nonzero(counts)))]
    numbered = np.zeros(len(counts) + 1, np.int64)
    numbered[order] = np.arange(1, len(order) + 1)
    return numbered


def _shrunk(images: np.ndarray) -> np.ndarray:
    """(n, values) float32; the mean of squares where a side is above 32 pixels, their rest at the edge left out."""
    rows, height, width, channels = images.shape
    step = -(-max(height, width) // _LARGEST_SIDE)
    down, across = max(1, height // step), max(1, width // step)
    if step == 1 or min(height, width) < step:
        return images.reshape(rows, -1).astype(np.float32)
    squares = images[:, : down * step, : across * step].reshape(rows, down, step, across, step, channels)
    return np.asarray(squares.mean(axis=(2, 4), dtype=np.float32)).reshape(rows, -1)
