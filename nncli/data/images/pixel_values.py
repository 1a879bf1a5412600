"""The values of pixels in arrays of images: their range, and the form in which a model takes them; reads no files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.errors import DataError


@dataclass(frozen=True)
class PixelForm:
    """The type of pixels as a model takes them, uint8 or float32, and the factor that scales them to 0 to 1."""

    dtype: np.dtype
    scale: float

    def convert(self, images: np.ndarray) -> np.ndarray:
        """Images (n, height, width) or (n, height, width, channels) of a source in this form, with their channels."""
        return with_channels(images).astype(self.dtype)


def with_channels(images: np.ndarray) -> np.ndarray:
    """Images (n, height, width, channels); grey ones may come without their one channel."""
    return images[..., None] if images.ndim == 3 else images


def choose_form(shape: tuple[int, ...], kind: np.dtype, blocks: Iterable[np.ndarray], path: Path) -> PixelForm:
    """The form of all images of a source, whose shape (n, height, width, channels) and type are given; `blocks` are
    these, a few at a time.

    Raises:
        DataError: there are no images, or their values are not those of pixels.
    """
    if shape[-1] > 4 and shape[1] in (1, 3):
        raise DataError(
            f"{path} holds images of shape {shape[1:]}, with the channels first",
            hint="put the channels last: np.moveaxis(x, 1, -1)",
        )
    if 0 in shape:
        raise DataError(f"{path} holds no images (shape {shape})")
    if kind.kind == "b":
        return PixelForm(np.dtype(np.uint8), 1.0)
    low, high, whole = np.inf, -np.inf, True
    for block in blocks:
        # NumPy's minimum keeps a NaN, which no pixel is.
        low, high = float(np.minimum(low, block.min())), float(np.maximum(high, block.max()))
        whole = whole and (kind.kind in "iu" or bool((block == np.round(block)).all()))
    if kind.kind == "f" and low >= 0 and high <= 1:
        return PixelForm(np.dtype(np.float32), 1.0)
    if not (whole and low >= 0 and high <= 255):
        raise DataError(
            f"{path} holds images with values from {low:g} to {high:g}",
            hint="pixel values must be integers from 0 to 255, or floats from 0 to 1",
        )
    return PixelForm(np.dtype(np.uint8), 1.0 if high <= 1 else 1 / 16 if high <= 16 else 1 / 255)


def as_pixels(images: np.ndarray, path: Path) -> tuple[np.ndarray, float]:
    """Images as uint8 (0..255, 0..16 or 0..1) or float32 in [0, 1], with a channel axis, and their scale factor.

    Raises:
        DataError: there are no images, or their values are not those of pixels.
    """
    images = with_channels(images)
    form = choose_form(images.shape, images.dtype, [images], path)
    return form.convert(images), form.scale
