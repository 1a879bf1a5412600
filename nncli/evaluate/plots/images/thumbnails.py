"""Arrays as small PNG files, for pages that hold many; draws no axes and needs no matplotlib."""

import io

import numpy as np
from PIL import Image

# The longest side of a thumbnail, in pixels.
_LONGEST = 72
_COLOURS = 128


def thumbnail(image: np.ndarray, lowest: float, highest: float) -> bytes:
    """An image (height, width, channels) with `lowest` as black and `highest` as white, at most 72 pixels long."""
    span = max(float(highest) - float(lowest), 1e-12)
    values = np.clip((np.asarray(image, np.float64) - lowest) / span, 0.0, 1.0)
    pixels = np.round((values if values.shape[-1] in (3, 4) else values[..., 0]) * 255).astype(np.uint8)
    picture = Image.fromarray(pixels)
    picture.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BILINEAR)
    return _saved(picture.convert("RGB") if picture.mode == "RGBA" else picture)


def colour_map(colours: np.ndarray) -> bytes:
    """Colours (rows, columns, 3) from 0 to 1, a pixel each."""
    return _saved(Image.fromarray(np.round(np.clip(colours, 0.0, 1.0) * 255).astype(np.uint8)))


def share_map(shares: np.ndarray, enlarged: int) -> bytes:
    """Shares from 0 to 1 (rows, columns) as blue on white, a square of `enlarged` pixels each.

    Small ones are lifted by a square root, so that they are seen.
    """
    share = np.sqrt(np.clip(np.kron(shares, np.ones((enlarged, enlarged))), 0.0, 1.0))[..., None]
    return colour_map(1.0 - share * (1.0 - np.array([7, 62, 102]) / 255))


def with_few_colours(png: bytes) -> bytes:
    """The same picture in 128 colours, a third of the size; a smaller file stays as it is."""
    with Image.open(io.BytesIO(png)) as picture:
        seen_through = picture.mode == "RGBA" and min(picture.getchannel("A").tobytes()) < 255
        smaller = _saved(picture if seen_through else picture.convert("RGB"))
    return min(smaller, png, key=len)


def _saved(picture: Image.Image) -> bytes:
    if picture.mode in ("RGB", "RGBA"):
        picture = picture.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
