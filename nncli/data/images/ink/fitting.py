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
# Shapes are changed at so many pixels for each of the result's.
_FINE = 8
# `digits`: bitmap, the digit's width in it, pixels that are on (a quarter of the training digits have fewer, one more).
_BITMAP, _BITMAP_WIDTH, _BLOCK = 32, 20, 4
_FEWEST_ON, _MOST_ON = 290, 345
_MOST_SHEAR = 0.8


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
    upright = _cut(_without_slant(_resize_to(strength, _FINE * _BITMAP)))
    rows, columns = upright.shape
    width = min(_BITMAP_WIDTH, max(1, round(columns * _BITMAP / rows)))
    fine = Image.fromarray(upright).resize((_FINE * width, _FINE * _BITMAP), Image.Resampling.BILINEAR)
    bitmap = _with_ordinary_count(np.asarray(fine) > 0.5)
    left = (_BITMAP - bitmap.shape[1]) // 2
    whole = np.zeros((_BITMAP, _BITMAP), bool)
    whole[:, left : left + bitmap.shape[1]] = bitmap
    blocks = _BITMAP // _BLOCK
    counts = whole.reshape(blocks, _BLOCK, blocks, _BLOCK).sum(axis=(1, 3))
    return np.asarray(counts, np.uint8)


def _with_ordinary_strokes(strength: np.ndarray, side: int) -> np.ndarray:
    """The drawing, its longest side about _FINE · side pixels, with strokes no thinner or thicker than MNIST's."""
    fine = _resize_to(strength, _FINE * side)
    longest = max(fine.shape)
    width = stroke_width(fine)
    wanted = min(max(width, _THIN * longest), _THICK * longest)
    if abs(wanted - width) < 0.02 * width:
        return fine
    # Growing makes the drawing longer, too, which the box makes up for: (width + 2r) / (longest + 2r) is the share.
    share = wanted / longest
    radius = 0.5 * (share * longest - width) / (1 - share)
    margin = max(1, int(radius) + 2)
    grown = grow(np.pad(fine > 0.5, margin), radius)
    return _cut(grown.astype(np.float32)) if grown.any() else fine


def _resize_to(strength: np.ndarray, longest: int) -> np.ndarray:
    """The drawing with a longest side of that many pixels and edges of a pixel's width, float32 from 0 to 1."""
    rows, columns = strength.shape
    scale = longest / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    resized = np.asarray(Image.fromarray(strength).resize(size, Image.Resampling.BICUBIC), np.float32)
    # An enlarged drawing has wide grey edges, from which its own resolution would be seen.
    return np.clip(0.5 + (resized - 0.5) * max(1.0, scale), 0.0, 1.0) if scale > 1 else np.clip(resized, 0.0, 1.0)


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


def _cut(strength: np.ndarray) -> np.ndarray:
    """Cut to what is more than half ink; unchanged where nothing is."""
    rows, columns = np.nonzero((strength > 0.5).any(axis=1))[0], np.nonzero((strength > 0.5).any(axis=0))[0]
    if not len(rows):
        return strength
    return strength[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _without_slant(strength: np.ndarray) -> np.ndarray:
    """Sheared so that the line through the middles of its rows is upright (by its moments)."""
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


def _with_ordinary_count(fine: np.ndarray) -> np.ndarray:
    """A bitmap 32 pixels high of a fine shape, grown or shrunk until an ordinary number of pixels is on."""
    margin = 2 * _FINE
    padded = np.pad(fine, margin)
    bitmap = _reduce(padded[margin:-margin, margin:-margin])
    radius = 0.0
    while not _FEWEST_ON <= bitmap.sum() <= _MOST_ON and abs(radius) < margin:
        radius += 0.5 * _FINE / 4 if bitmap.sum() < _FEWEST_ON else -0.5 * _FINE / 4
        changed = grow(padded, radius)
        if not changed.any():
            break
        again = _refit(changed, fine.shape)
        if (again.sum() < _FEWEST_ON) != (bitmap.sum() < _FEWEST_ON):
            return again
        bitmap = again
    return bitmap


def _refit(shape: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """A changed shape back at the size it had, as a bitmap."""
    cut = _cut(shape.astype(np.float32))
    fitted = Image.fromarray(cut).resize(
        (max(_FINE, min(cut.shape[1], _BITMAP_WIDTH * _FINE)), size[0]), Image.Resampling.BILINEAR
    )
    pixels = np.asarray(fitted) > 0.5
    return _reduce(np.pad(pixels, ((0, 0), (0, -pixels.shape[1] % _FINE))))


def _reduce(fine: np.ndarray) -> np.ndarray:
    rows, columns = fine.shape[0] // _FINE, fine.shape[1] // _FINE
    return np.asarray(fine.reshape(rows, _FINE, columns, _FINE).mean(axis=(1, 3)) >= 0.5)
