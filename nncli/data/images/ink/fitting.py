"""Brings one drawing to the form of the training images, as the makers of MNIST and of `digits` describe it.

MNIST (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; LeCun, Bottou, Bengio and Haffner 1998,
"Gradient-based learning applied to document recognition", section III.A): black-and-white digits are scaled to fit a
box of 20 x 20 pixels, keeping their proportions, which makes them grey at the edges, and placed in 28 x 28 pixels with
their centre of mass in the middle.

`digits` (Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI): normalized bitmaps of 32 x 32
pixels, of which those that are on are counted in blocks of 4 x 4, 0 to 16. The bitmaps come from NIST's programs
(Garris et al. 1994, NISTIR 5469). What they look like was read off the counts: upright, as high as the bitmap, at most
about 20 pixels wide, and with nearly the same number of pixels on in all digits, thin and thick ones.
"""

import numpy as np
from PIL import Image

from nncli.data.images.ink.strokes import grow, stroke_width

# MNIST's proportions: the longest side of the digit in the whole image.
_BOX = 20 / 28
# The stroke width as a share of the box: of the training digits, nine in ten lie between 1.6 and 3.6 of 20 pixels.
_THIN, _THICK = 2.0 / 20, 3.2 / 20
# The ends of short, thick strokes count as width, so that one change does not always reach it.
_CHANGES = 3
# Shapes are changed at this many pixels for each of the result's.
_FINE = 8
# `digits`: bitmap, the digit's width in it, pixels that are on (a quarter of the training digits have fewer, one more).
_BITMAP, _BITMAP_WIDTH, _BLOCK = 32, 20, 4
_FEWEST_ON, _MOST_ON = 290, 345
_MOST_SHEAR = 0.8  # columns a row


def fit_centred(strength: np.ndarray, height: int, width: int) -> np.ndarray:
    """A drawing, float32 (rows, columns) from 0 to 1 cut to its ink, as MNIST's images: uint8 (height, width)."""
    side = max(4, round(_BOX * min(height, width)))
    fine = _with_ordinary_strokes(strength, side)
    rows, columns = fine.shape
    scale = side / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    box = np.asarray(Image.fromarray(fine).resize(size, Image.Resampling.BOX), np.float32)
    full = max(float(box.max()), 1e-6)
    return _centre_by_mass(np.round(box.clip(0.0, full) / full * 255).astype(np.uint8), height, width)


def fit_counts(strength: np.ndarray) -> np.ndarray:
    """A drawing, as above, as the images of `digits`: uint8 (8, 8) from 0 to 16."""
    upright = _crop_to_ink(_without_slant(_resize_to(strength, _FINE * _BITMAP)))
    fine = _as_high_as_bitmap(upright)
    count = fine.sum() / _FINE**2
    if not _FEWEST_ON <= count <= _MOST_ON:
        sign = 1 if count < _FEWEST_ON else -1
        padded = np.pad(fine > 0.5, 3 * _FINE)
        for radius in range(2, 3 * _FINE, 2):
            changed = grow(padded, sign * radius)
            if not changed.any():
                break
            fine = _as_high_as_bitmap(_crop_to_ink(changed.astype(np.float32)))
            count = fine.sum() / _FINE**2
            if sign * (count - (_FEWEST_ON if sign > 0 else _MOST_ON)) >= 0:
                break
    left = (_FINE * _BITMAP - fine.shape[1]) // 2
    whole = np.zeros((_FINE * _BITMAP, _FINE * _BITMAP), np.float32)
    whole[:, left : left + fine.shape[1]] = fine
    block, blocks = _FINE * _BLOCK, _BITMAP // _BLOCK
    shares = whole.reshape(blocks, block, blocks, block).mean(axis=(1, 3))
    return np.asarray(np.round(shares * _BLOCK**2), np.uint8)


def _as_high_as_bitmap(strength: np.ndarray) -> np.ndarray:
    """The drawing as high as the bitmap and as wide as the digits in it may be, at _FINE times its pixels."""
    rows, columns = strength.shape
    height = _FINE * _BITMAP
    width = min(_FINE * _BITMAP_WIDTH, max(1, round(columns * height / rows)))
    return np.asarray(Image.fromarray(strength).resize((width, height), Image.Resampling.BILINEAR), np.float32)


def _with_ordinary_strokes(strength: np.ndarray, side: int) -> np.ndarray:
    """The drawing, its longest side about _FINE · side pixels, with strokes no thinner or thicker than MNIST's."""
    fine = _resize_to(strength, _FINE * side)
    for _ in range(_CHANGES):
        longest = max(fine.shape)
        width = stroke_width(fine)
        wanted = min(max(width, _THIN * longest), _THICK * longest)
        if abs(wanted - width) < 0.02 * width:
            break
        # Growing makes the drawing longer, too, which the box makes up for: (width + 2r) / (longest + 2r) is the share.
        share = wanted / longest
        radius = 0.5 * (share * longest - width) / (1 - share)
        grown = grow(np.pad(fine > 0.5, max(1, int(radius) + 2)), radius)
        if not grown.any():
            break
        fine = _crop_to_ink(grown.astype(np.float32))
    return fine


def _resize_to(strength: np.ndarray, longest: int) -> np.ndarray:
    """The drawing with a longest side of that many pixels and edges of a pixel's width, float32 from 0 to 1."""
    rows, columns = strength.shape
    scale = longest / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    resized = np.asarray(Image.fromarray(strength).resize(size, Image.Resampling.BICUBIC), np.float32)
    return np.clip(resized, 0.0, 1.0)


def _centre_by_mass(box: np.ndarray, height: int, width: int) -> np.ndarray:
    """The box in an image of that size with its centre of mass in the middle, or as near as the image allows."""
    image = np.zeros((height, width), np.uint8)
    total = float(box.sum(dtype=np.float64)) or 1.0
    starts = []
    for axis, (length, whole) in enumerate(zip(box.shape, (height, width), strict=True)):
        mass = box.sum(axis=1 - axis, dtype=np.float64)
        middle = float((mass * (np.arange(length) + 0.5)).sum()) / total
        starts.append(min(max(0, round(whole / 2 - middle)), whole - length))
    top, left = starts
    image[top : top + box.shape[0], left : left + box.shape[1]] = box
    return image


def _crop_to_ink(strength: np.ndarray) -> np.ndarray:
    """Cut to what is more than half ink; unchanged where nothing is."""
    rows, columns = np.nonzero((strength > 0.5).any(axis=1))[0], np.nonzero((strength > 0.5).any(axis=0))[0]
    if not len(rows):
        return strength
    return strength[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _without_slant(strength: np.ndarray) -> np.ndarray:
    """Sheared so that the line through the middles of its rows is upright."""
    rows, columns = np.mgrid[: strength.shape[0], : strength.shape[1]]
    total = float(strength.sum(dtype=np.float64)) or 1.0
    middle_row, middle_column = float((strength * rows).sum()) / total, float((strength * columns).sum()) / total
    spread = float((strength * (rows - middle_row) ** 2).sum())
    shear = float((strength * (rows - middle_row) * (columns - middle_column)).sum()) / max(spread, 1e-6)
    shear = min(max(shear, -_MOST_SHEAR), _MOST_SHEAR)
    margin = int(abs(shear) * strength.shape[0]) + 1
    wide = Image.fromarray(np.pad(strength, ((0, 0), (margin, margin))))
    affine = (1, shear, -shear * middle_row, 0, 1, 0)
    return np.asarray(wide.transform(wide.size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR), np.float32)
