"""Kernels as tiles, pixel by pixel, which a page enlarges."""

import io
import math
from dataclasses import dataclass

import numpy as np

_RED, _WHITE, _BLUE = np.array([178, 24, 43]), np.array([247, 247, 247]), np.array([33, 102, 172])
_LEVELS = 64  # of a colour; more cannot be told apart and make the file larger


@dataclass(frozen=True)
class Tiles:
    """A PNG of one pixel for each weight.

    It has `count` tiles of `tile` pixels (height, width) in `columns`, with `gap` pixels (down, across) after each that
    are seen through. The strongest colours are those of `limit` and minus `limit`.
    """

    png: bytes
    count: int
    columns: int
    tile: tuple[int, int]
    gap: tuple[int, int]
    limit: float


def kernel_tiles(kernels: np.ndarray) -> Tiles:
    """A tile for each unit of (height, width, channels, units).

    Red is positive, blue negative, on one scale; channels are summed up by their mean.
    """
    from PIL import Image

    values = np.nan_to_num(kernels.mean(axis=2))
    height, width, count = values.shape
    columns = math.ceil(math.sqrt(count * height / width))
    gap = max(1, math.ceil(height * 0.3)), max(1, math.ceil(width * 0.1))
    limit = float(np.abs(values).max()) or 1.0
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * (height + gap[0]), columns * (width + gap[1]), 4), np.uint8)
    for unit in range(count):
        top, left = (unit // columns) * (height + gap[0]), (unit % columns) * (width + gap[1])
        sheet[top : top + height, left : left + width, :3] = paint(values[..., unit] / limit)
        sheet[top : top + height, left : left + width, 3] = 255
    buffer = io.BytesIO()
    few = Image.fromarray(sheet).quantize(2 * _LEVELS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(buffer, "PNG", optimize=True)
    return Tiles(buffer.getvalue(), count, columns, (height, width), gap, limit)


def paint(shares: np.ndarray) -> np.ndarray:
    """Shares from -1 to 1 as colours from blue over white to red, uint8 (..., 3)."""
    steps = np.round(np.clip(shares, -1, 1) * _LEVELS)[..., None] / _LEVELS
    painted: np.ndarray = (_WHITE + np.abs(steps) * (np.where(steps > 0, _RED, _BLUE) - _WHITE)).astype(np.uint8)
    return painted
