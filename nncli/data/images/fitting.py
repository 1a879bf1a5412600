"""Resizes an image to a height and width by padding, cropping or stretching; does not depend on files or classes.

A much larger image is reduced in two steps. The first happens during decoding: the JPEG decoder can reduce each side to
a half, a quarter or an eighth; images in other formats are averaged over rectangles of pixels. This step leaves at
least three times the final size, so that the second one, antialiased bilinear resizing, determines what the result
looks like.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from nncli.config.facts import Resize
from nncli.data.images.border import border_median

# How many times the final size an image keeps in the first step.
_MARGIN = 3
_RESAMPLING = Image.Resampling.BILINEAR


@dataclass(frozen=True)
class Fit:
    """The height and width to resize to, and how images with another aspect ratio are treated."""

    height: int
    width: int
    resize: Resize = "stretch"

    def enough(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) to which an image of that size may be reduced in the first step."""
        scales = self.width / width, self.height / height
        scale = min(1.0, _MARGIN * (min(scales) if self.resize == "pad" else max(scales)))
        return max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))

    def reduce(self, picture: Image.Image) -> Image.Image:
        """The image reduced to the size of `enough` by averaging over rectangles of pixels."""
        return picture.resize(self.enough(*picture.size), Image.Resampling.BOX)

    def apply(self, picture: Image.Image) -> np.ndarray:
        """Its pixels, uint8 (height, width, channels), padded or cropped as `resize` says, then resized."""
        height, width = self.height, self.width
        if picture.size != (width, height):
            if self.resize == "pad":
                picture = _pad_to_aspect(picture, height, width)
            elif self.resize == "crop":
                picture = _crop_to_aspect(picture, height, width)
            picture = picture.resize((width, height), _RESAMPLING)
        return np.asarray(picture, np.uint8).reshape(height, width, -1)


def _pad_to_aspect(picture: Image.Image, height: int, width: int) -> Image.Image:
    """Pad to the aspect ratio; the image is shrunk first, so that padding a large, long image needs little memory."""
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
    """The largest area in the centre with the aspect ratio."""
    wide = max(1, min(picture.width, round(picture.height * width / height)))
    high = max(1, min(picture.height, round(picture.width * height / width)))
    left, top = (picture.width - wide) // 2, (picture.height - high) // 2
    return picture.crop((left, top, left + wide, top + high))
