"""How unlike the training images an image is: novelty detection by the distance to the nearest training images.

The distance to the nearest neighbour as a measure is that of Sun, Ming, Zhu and Li, "Out-of-Distribution Detection with
Deep Nearest Neighbors" (2022), here between images themselves and not between features of a network, so that it does
not share the network's blind spots. It is taken in the space of the principal components; what lies outside that space
counts in full, as in Moghaddam and Pentland, "Probabilistic Visual Learning for Object Representation" (1997). A blank
image lies near many thin drawings, so faint images are noticed by their contrast instead.
"""

import io
import math
import zipfile
from dataclasses import dataclass

import numpy as np

from nncli.errors import RunError

# Components and neighbours: more of them find little more, and cost time and room in every run.
_COMPONENTS = 50
_SAMPLE = 2_000
# Images are shrunk by whole factors to at most this many values, in which strangeness is still visible.
_MOST_VALUES = 1_024
# The share of validation images that score above 1.
_FALSE_MARKS = 0.005
# Images with less than this share of the contrast of the faintest training images are marked.
_FAINT = 0.5
_HIGHEST = 99.0
_BLOCK = 1_024


@dataclass(frozen=True)
class Novelty:
    """What is known of the training images, in values from 0 to 1.

    `mean` (values,) and `components` (values, k) span the space of the images, `references` (n, k) are training images
    in it; `limit` is the distance that scores 1, `faintest` the standard deviation within an image that does.
    """

    mean: np.ndarray
    components: np.ndarray
    references: np.ndarray
    limit: float
    faintest: float

    def score(self, images: np.ndarray, scale: float) -> np.ndarray:
        """The score of each image, float32 (n,): above 1, it is unlike the training images.

        `images` are (n, height, width, channels) as the model takes them, `scale` maps their range to 0 to 1.
        """
        scores = [self._score(images[start : start + _BLOCK], scale) for start in range(0, len(images), _BLOCK)]
        return np.concatenate(scores) if scores else np.empty(0, np.float32)

    def _score(self, images: np.ndarray, scale: float) -> np.ndarray:
        values = _shrink(images, scale)
        contrast = values.std(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            faint = np.where(self.faintest > 0, self.faintest / contrast, 0)
            far = self.distances(values) / self.limit
        return np.minimum(np.maximum(far, faint), _HIGHEST).astype(np.float32)

    def distances(self, values: np.ndarray) -> np.ndarray:
        """The distance of each row of `values` (n, values) to its nearest reference, float32 (n,)."""
        centred = values - self.mean
        places = centred @ self.components
        inside = (places**2).sum(axis=1)
        outside = np.maximum((centred**2).sum(axis=1) - inside, 0)
        squares = inside[:, None] - 2 * places @ self.references.T + (self.references**2).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(squares.min(axis=1), 0) + outside), np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """What `read_novelty` reads from a file; the large arrays in half precision, which is enough for a distance."""
        return {
            "mean": self.mean,
            "components": self.components.astype(np.float16),
            "references": self.references.astype(np.float16),
            "limits": np.array([self.limit, self.faintest]),
        }


def fit_novelty(training: np.ndarray, validation: np.ndarray, scale: float) -> Novelty | None:
    """Learns from training images what is usual, and from validation images how far is far; None for too few of them.

    Both are (n, height, width, channels) as the model takes them. The same images give the same result.
    """
    if len(training) < 2 or not len(validation):
        return None
    values = _shrink(_spread(training, _SAMPLE), scale)
    mean = values.mean(axis=0)
    components = _principal_components(values - mean, min(_COMPONENTS, len(values) - 1, values.shape[1]))
    # Rounded as in the file, so that scores are the same before and after it.
    components = components.astype(np.float16).astype(np.float32)
    references = ((values - mean) @ components).astype(np.float16).astype(np.float32)
    faintest = _FAINT * float(np.quantile(values.std(axis=1), _FALSE_MARKS))
    known = Novelty(mean, components, references, 1.0, faintest)
    distances = known.distances(_shrink(_spread(validation, _SAMPLE), scale))
    limit = max(float(np.quantile(distances, 1 - _FALSE_MARKS)), 1e-6)
    return Novelty(mean, components, references, limit, faintest)


def read_novelty(content: bytes) -> Novelty:
    """From an .npz file of `Novelty.arrays`. Raises RunError for anything else."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            limit, faintest = arrays["limits"].tolist()
            large = [arrays[name].astype(np.float32) for name in ("mean", "components", "references")]
            return Novelty(large[0], large[1], large[2], limit, faintest)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(f"the measure of novelty cannot be read: {error}", hint="train again") from None


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    """At most that many rows, evenly spaced, so that sorted classes all have some."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def _shrink(images: np.ndarray, scale: float) -> np.ndarray:
    """Images as rows of values from 0 to 1, float32, averaged over squares of pixels if there are many."""
    count, height, width, channels = images.shape
    values = images.astype(np.float32) * np.float32(scale)
    factor = max(1, math.ceil(math.sqrt(height * width * channels / _MOST_VALUES)))
    if factor > 1:
        for axis, size in ((1, height), (2, width)):
            starts = np.arange(0, size, factor)
            shape = [1] * 4
            shape[axis] = len(starts)
            lengths = np.diff([*starts, size]).reshape(shape)
            values = np.add.reduceat(values, starts, axis=axis) / lengths.astype(np.float32)
    return values.reshape(count, -1)


def _principal_components(centred: np.ndarray, count: int) -> np.ndarray:
    """The first principal directions of rows (n, values) as columns (values, count).

    By random projections with power iterations, which take a tenth of the time of all directions: Halko, Martinsson and
    Tropp, "Finding Structure with Randomness" (2011), algorithms 4.4 and 5.1.
    """
    generator = np.random.default_rng(0)
    width = min(count + 10, min(centred.shape))
    basis = generator.standard_normal((centred.shape[1], width)).astype(np.float32)
    for _ in range(3):
        basis, _ = np.linalg.qr(centred.T @ (centred @ basis))
    projected = centred @ basis
    _, directions = np.linalg.eigh(projected.T @ projected)
    return np.asarray(basis @ directions[:, ::-1][:, :count], np.float32)
