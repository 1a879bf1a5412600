"""Finds the drawings in a decoded picture, and makes each what a model takes."""

import numpy as np
from PIL import Image

from nncli.config.facts import ImageInput
from nncli.data.images.ink.drawings import Drawing, find_drawings
from nncli.data.images.ink.fitting import fit_centred, fit_counts
from nncli.data.images.ink.paper import Ink, best_channel, find_ink

# Pictures are looked at with at most this many pixels a side, and enlarged to the smaller number.
MOST_SIDE, LEAST_SIDE = 512, 112
# A region that fills so much of its box, which is no narrow one, is a sheet of paper with the drawing on it.
_SHEET_FILLS, _SHEET_ASPECT, _SHEET_SIDE = 0.72, 0.35, 0.3
_BLOCK_VALUES = 16


def find_in(grey: np.ndarray, *, is_fine: bool = True) -> tuple[Ink, np.ndarray, list[Drawing]] | None:
    """The ink of a picture, the label of each pixel, and the drawings; None if there are none.

    Where what stands out is a sheet of paper on a table, the drawings on that sheet.
    """
    ink = find_ink(grey, is_fine=is_fine)
    if ink is None:
        return None
    labels, drawings = find_drawings(ink.on)
    if not drawings:
        return None
    largest = max(drawings, key=lambda drawing: drawing.area)
    if _is_sheet(largest, grey.shape):
        box = largest.box
        edge = round(0.04 * min(box.height, box.width))
        on_sheet = find_in(grey[box.top + edge : box.bottom - edge, box.left + edge : box.right - edge])
        return (ink, labels, drawings) if on_sheet is None else on_sheet
    return ink, labels, drawings


def _is_sheet(drawing: Drawing, shape: tuple[int, ...]) -> bool:
    box = drawing.box
    sides = min(box.height, box.width), box.longest
    return (
        drawing.area > _SHEET_FILLS * box.height * box.width
        and sides[0] > _SHEET_ASPECT * sides[1]
        and sides[0] > _SHEET_SIDE * min(shape)
    )


def has_counts(image: ImageInput) -> bool:
    """Whether the training images are counts of pixels in blocks of 4 x 4, as those of `digits` are."""
    return round(1 / image.scale) == _BLOCK_VALUES


def fills_square(drawings: list[Drawing], shape: tuple[int, ...]) -> bool:
    """Whether the only drawing already fills a square, as an enlarged image of `digits` does."""
    height, width = shape
    is_square = abs(height - width) <= 0.05 * height
    return is_square and len(drawings) == 1 and drawings[0].box.height >= 0.95 * height


def to_grey(picture: Image.Image) -> np.ndarray:
    """The grey values, float32 (height, width) from 0 to 255, at a size at which strokes can be measured."""
    longest = max(picture.size)
    scale = min(1.0, MOST_SIDE / longest) if longest > LEAST_SIDE else LEAST_SIDE / longest
    if scale != 1.0:
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    pixels = np.asarray(picture, np.float32)
    return pixels if pixels.ndim == 2 else best_channel(pixels)


def fit_drawing(ink: Ink, labels: np.ndarray, drawing: Drawing, image: ImageInput) -> np.ndarray:
    """A drawing as the model takes it, (height, width, channels), without the others around it."""
    box = drawing.box
    # A pixel more on each side, for the grey edge.
    rows = slice(max(0, box.top - 1), box.bottom + 1)
    columns = slice(max(0, box.left - 1), box.right + 1)
    others = (labels[rows, columns] > 0) & ~np.isin(labels[rows, columns], drawing.labels)
    strength = np.where(others, np.float32(0), ink.strength[rows, columns])
    if has_counts(image):
        return fit_counts(strength)[..., None]
    return to_range(fit_centred(strength, image.height, image.width), image)


def to_range(pixels: np.ndarray, image: ImageInput) -> np.ndarray:
    """Light ink on black, 0 to 255, as the training images have it: perhaps dark on light, in their range and dtype."""
    full = 1 / image.scale
    if image.border is not None and image.border * image.scale > 0.5:
        pixels = 255 - pixels
    values = pixels[..., None] * np.float32(full / 255)
    return values.astype(np.float32) if image.dtype == "float32" else np.round(values).astype(np.uint8)
