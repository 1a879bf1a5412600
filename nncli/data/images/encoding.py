"""Writes the array of an image as a PNG file that decodes to the same array; the inverse of `decoding`."""

import io

import numpy as np
from PIL import Image

from nncli.config.facts import ImageInput

# The numbers of channels that an image file can have.
CHANNELS = (1, 3, 4)


def round_pixels(pixels: np.ndarray, image: ImageInput) -> np.ndarray:
    """Images (n, height, width, channels) with the values that 8 bits can hold; those of uint8 images as they are."""
    if image.dtype == "uint8":
        return pixels
    rounded: np.ndarray = _to_bytes(pixels, image) * np.float32(1 / image.scale / 255)
    return rounded.astype(np.float32)


def encode_png(pixels: np.ndarray, image: ImageInput) -> bytes:
    """One image (height, width, channels) of `image.channels` channels, with its range stretched to 0 to 255."""
    values = _to_bytes(pixels, image)
    buffer = io.BytesIO()
    picture = Image.fromarray(values[..., 0] if image.channels == 1 else values)
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _to_bytes(pixels: np.ndarray, image: ImageInput) -> np.ndarray:
    if image.dtype == "uint8" and abs(1 / image.scale - 255) < 1:
        return pixels
    values = np.round(np.clip(pixels * image.scale, 0.0, 1.0) * 255).astype(np.uint8)
    # A file with no value above the range of the training images is read as being in that range.
    return pixels if image.dtype == "uint8" and values.max(initial=0) <= 1 / image.scale else values
