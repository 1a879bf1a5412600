"""From an image file to the arrays that a network trained on drawings takes: one for each drawing that is found."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from nncli.config.facts import ImageInput
from nncli.data.images.decoding import ImageFile, decode_image, has_colour, is_inverted, open_picture, read_header
from nncli.data.images.fitting import Fit
from nncli.data.images.ink.drawings import Drawing, find_drawings
from nncli.data.images.ink.fitting import fit_centred, fit_counts
from nncli.data.images.ink.paper import Ink, best_channel, find_ink

# Pictures are looked at with at most so many pixels a side, and enlarged to the smaller number.
_MOST_SIDE, _LEAST_SIDE = 512, 112
# A region that fills so much of its box, which is no narrow one, is a sheet of paper with the drawing on it.
_SHEET_FILLS, _SHEET_ASPECT, _SHEET_SIDE = 0.72, 0.35, 0.3
_BLOCK_VALUES = 16


MNIST_SIDE = 28


@dataclass(frozen=True)
class Prepared:
    """Images as the model takes them, (height, width, channels) each, warnings, and whether the file was changed."""

    images: list[np.ndarray]
    warnings: list[str]
    is_changed: bool

    def names(self, name: str) -> list[str]:
        """The name of each image, where `name` is that of the file; its drawings are counted from 1."""
        if len(self.images) == 1:
            return [name]
        return [f"{name}#{place}" for place in range(1, len(self.images) + 1)]


def read_images(file: ImageFile, image: ImageInput, *, split: bool = False) -> Prepared:
    """An image file as the model takes it: prepared if the model's images are drawings, else only decoded.

    Raises:
        DataError: the image cannot be read; the message is one line without the file's name.
    """
    if image.prepare == "ink" and image.channels == 1:
        return prepare_image(file, image, split=split)
    values, warnings = decode_image(file, image)
    return Prepared([values], warnings, is_changed=False)


def prepare_image(file: ImageFile, image: ImageInput, *, split: bool = False) -> Prepared:
    """The largest drawing in an image file, or with `split` all of them in the order in which one reads.

    A grey image of the training size whose border is as dark or light as theirs stays as it is, bit for bit.
    Raises DataError where the image cannot be read.
    """
    header = read_header(file)
    if (header.height, header.width) == (image.height, image.width):
        values, warnings = decode_image(file, image)
        grey = not header.may_have_colour or not has_colour(open_picture(file, 3, dark_border=None, fit=_fit())[0])
        is_blank = values.min() == values.max()  # told already, and nothing to be found
        if grey and (is_blank or not is_inverted(values, image)):
            return Prepared([values], warnings, is_changed=False)
    picture, warnings = open_picture(file, 3 if header.may_have_colour else 1, dark_border=False, fit=_fit())
    grey_values = _grey_values(picture)
    found = find_in(grey_values, is_fine=max(picture.size) > _LEAST_SIDE)
    if found is None:
        warnings.append("has no drawing on it that stands out from the paper")
        return Prepared([_to_range(np.zeros((image.height, image.width), np.uint8), image)], warnings, is_changed=True)
    ink, labels, drawings = found
    if _has_counts(image) and ink.is_light and _fills(drawings, grey_values.shape):
        values, warnings = decode_image(file, image)
        return Prepared([values], warnings, is_changed=False)
    chosen = drawings if split else [max(drawings, key=lambda drawing: drawing.area)]
    if len(drawings) > len(chosen):
        warnings.append(f"has {len(drawings)} separate drawings; the largest is used (--split predicts each)")
    return Prepared([_fit_drawing(ink, labels, drawing, image) for drawing in chosen], warnings, is_changed=True)


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


def _has_counts(image: ImageInput) -> bool:
    """Whether the training images are counts of pixels in blocks of 4 x 4, as those of `digits` are."""
    return round(1 / image.scale) == _BLOCK_VALUES


def _fills(drawings: list[Drawing], shape: tuple[int, ...]) -> bool:
    """Whether the only drawing already fills a square, as an enlarged image of `digits` does."""
    height, width = shape
    is_square = abs(height - width) <= 0.05 * height
    return is_square and len(drawings) == 1 and drawings[0].box.height >= 0.95 * height


def _fit() -> Fit:
    return Fit(_MOST_SIDE // 3, _MOST_SIDE // 3, "pad")


def _grey_values(picture: Image.Image) -> np.ndarray:
    """The grey values, float32 (height, width) from 0 to 255, at a size at which strokes can be measured."""
    longest = max(picture.size)
    scale = min(1.0, _MOST_SIDE / longest) if longest > _LEAST_SIDE else _LEAST_SIDE / longest
    if scale != 1.0:
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    pixels = np.asarray(picture, np.float32)
    return pixels if pixels.ndim == 2 else best_channel(pixels)


def _fit_drawing(ink: Ink, labels: np.ndarray, drawing: Drawing, image: ImageInput) -> np.ndarray:
    box = drawing.box
    # A pixel more on each side, for the grey edge.
    rows = slice(max(0, box.top - 1), box.bottom + 1)
    columns = slice(max(0, box.left - 1), box.right + 1)
    others = (labels[rows, columns] > 0) & ~np.isin(labels[rows, columns], drawing.labels)
    strength = np.where(others, np.float32(0), ink.strength[rows, columns])
    if _has_counts(image):
        return fit_counts(strength)[..., None]
    return _to_range(fit_centred(strength, image.height, image.width), image)


def _to_range(pixels: np.ndarray, image: ImageInput) -> np.ndarray:
    """Light ink on black, 0 to 255, as the training images have it: perhaps dark on light, in their range and dtype."""
    full = 1 / image.scale
    if image.border is not None and image.border * image.scale > 0.5:
        pixels = 255 - pixels
    values = pixels[..., None] * np.float32(full / 255)
    return values.astype(np.float32) if image.dtype == "float32" else np.round(values).astype(np.uint8)
