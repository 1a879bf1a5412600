"""How a picture is brought to a height and width: padded, cropped or stretched; knows no files and no classes.

A picture that is many times larger is made smaller in two steps, of which the first is done while it is decoded: the
JPEG decoder leaves out detail that would be averaged away (a half, a quarter or an eighth of each side), and what other
formats give is averaged over rectangles of pixels. Both leave at least three times the size that is wanted, so that the
second step, bilinear and antialiased, decides what the result looks like.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from nncli.config.facts import Resize
from nncli.data.images.border import border_median

# How much larger than wanted a picture stays in the first step.
_MARGIN = 3
_RESAMPLING = Image.Resampling.BILINEAR


@dataclass(frozen=True)
class Fit:
    """The height and width that are wanted, and how another aspect gets there."""

    height: int
    width: int
    resize: Resize = "stretch"

    def enough(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) that a picture of that size needs to have before it is fitted; at most its own."""
        scales = self.width / width, self.height / height
        scale = min(1.0, _MARGIN * (min(scales) if self.resize == "pad" else max(scales)))
        return max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))

    def reduce(self, picture: Image.Image) -> Image.Image:
        """A picture averaged over rectangles of pixels to the size that is enough."""
        return picture.resize(self.enough(*picture.size), Image.Resampling.BOX)

    def apply(self, picture: Image.Image) -> np.ndarray:
        """Its pixels uint8 (height, width, channels): brought to the aspect as `resize` says, then to the size."""
        height, width = self.height, self.width
        if picture.size != (width, height):
            if self.resize == "pad":
                picture = _pad_to_aspect(picture, height, width)
            elif self.resize == "crop":
                picture = _crop_to_aspect(picture, height, width)
            picture = picture.resize((width, height), _RESAMPLING)
        return np.asarray(picture, np.uint8).reshape(height, width, -1)


def _pad_to_aspect(picture: Image.Image, height: int, width: int) -> Image.Image:
    """Shrunk to fit first, so that the bars around a large, long image cost no memory; padded to the aspect."""
    shrink = min(1.0, height / picture.height, width / picture.width)
    if shrink < 1.0:
        size = max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink))
        picture = picture.resize(size, _RESAMPLING)
    aspect = width / height
    wanted = (max(picture.width, round(picture.height * aspect)), max(picture.height, round(picture.width / aspect)))
    if wanted == picture.size:
        return picture
    pixels = np.asarray(picture).reshape(picture.height, picture.width, -1)
    colour = tuple(int(median) for median in border_median(pixels.transpose(2, 0, 1)[..., None]))
    padded = Image.new(picture.mode, wanted, colour if len(colour) > 1 else colour[0])
    padded.paste(picture, ((wanted[0] - picture.width) // 2, (wanted[1] - picture.height) // 2))
    return padded


def _crop_to_aspect(picture: Image.Image, height: int, width: int) -> Image.Image:
    """The largest area in the middle that has the aspect."""
    wide = max(1, min(picture.width, round(picture.height * width / height)))
    high = max(1, min(picture.height, round(picture.width * height / width)))
    left, top = (picture.width - wide) // 2, (picture.height - high) // 2
    return picture.crop((left, top, left + wide, top + high))
