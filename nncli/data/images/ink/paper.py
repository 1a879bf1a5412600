"""Takes the paper away: from the grey values of a picture to the strength of its ink; knows no files and no digits.

The paper is what most of the picture's edge shows. Its brightness is estimated everywhere, from the pixels without ink,
so that a shadow or a lamp to one side leaves no trace: ink is what differs from the paper around it. The threshold is
chosen from the picture, as in Ridler and Calvard (1978): half-way between the paper and the ink above the threshold.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from nncli.data.images.border import median

# The paper is estimated on a copy of at most this many pixels a side.
_SMALL_SIDE = 128
_FRAME = 0.08  # of the side: what counts as the edge of a picture
_STRONGEST = 0.01  # the share of pixels that decides whether ink is darker or lighter than paper
_LEAST_CONTRAST = 0.05  # of the paper's brightness; what differs less is no ink
_NOISE = 5.0  # ink must be this many deviations of the paper's noise above it
_BLURRINGS = 3  # by boxes, that together are nearly a Gaussian
_ROUNDS = 3
_EVEN = 0.5  # the least share of a drawing made on a screen that is paper
_LITTLE_DOUBT = 1.0  # edges are neither paper nor ink; of a shadow, much more is
_CLOSED = 0.08  # of the side: half of the widest stroke that a closing removes


@dataclass(frozen=True)
class Ink:
    """The strength of ink (height, width), float32 from 0 for paper to 1; whether it is lighter than the paper."""

    strength: np.ndarray
    is_light: bool

    @property
    def on(self) -> np.ndarray:
        """The pixels that have ink, bool (height, width)."""
        return self.strength > 0.5


def find_ink(grey: np.ndarray, *, is_fine: bool = True) -> Ink | None:
    """The ink of a picture whose grey values, 0 to 255, are (height, width); None if it has none.

    Where the picture is not fine but a few pixels enlarged, these were grey as they were only partly covered, and stay.
    """
    grey = grey.astype(np.float32)
    small = _shrink(grey)
    paper, is_light = _estimate_paper(small)
    height, width = grey.shape
    around = np.asarray(Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR))
    contrast = _contrast(grey, around, is_light)
    threshold = choose_threshold(contrast)
    above = contrast > threshold
    if not above.any():
        return None
    paper_noise = 1.4826 * _median(np.abs(contrast[~above])) if not above.all() else 0.0
    full = _median(contrast[above])
    if full < max(_LEAST_CONTRAST, _NOISE * paper_noise):
        return None
    middle = max(0.5 * full, min(3 * paper_noise, 0.7 * full))
    # Of a fine picture steeper than its own edges, so that blur and the paper's texture are gone; still antialiased.
    strength = np.clip(0.5 + (contrast - middle) / (0.5 * full if is_fine else full), 0.0, 1.0)
    return Ink(strength.astype(np.float32), is_light)


def choose_threshold(contrast: np.ndarray) -> float:
    """Half-way between the mean of the paper and the median of the ink, where these two stay the same.

    It starts from Otsu's threshold (1979), the one with the largest variance between the two sides.
    """
    sample = np.maximum(contrast.ravel()[:: max(1, contrast.size // 60_000)], 0.0)
    threshold = _otsu(sample)
    for _ in range(10):
        above = sample > threshold
        if not above.any() or above.all():
            break
        chosen = 0.5 * float(sample[~above].mean() + _median(sample[above]))
        if abs(chosen - threshold) < 1e-3:
            break
        threshold = chosen
    return threshold


def best_channel(colours: np.ndarray) -> np.ndarray:
    """The grey values (height, width) of a picture (height, width, 3) in which its ink shows best.

    Yellow on white is hardly darker, but has no blue; where one colour does not help much, it is the brightness.
    """
    brightness = colours @ np.array([0.299, 0.587, 0.114], np.float32)
    planes = [brightness, *(colours[..., channel].astype(np.float32) for channel in range(3))]
    differences = []
    for plane in planes:
        small = _shrink(plane)
        left = small - _plane_through(small, _frame(small.shape))
        differences.append(_quantile(np.abs(left), 0.995))
    best = int(np.argmax(differences))
    return planes[best] if differences[best] > 1.4 * differences[0] else planes[0]


def _shrink(grey: np.ndarray) -> np.ndarray:
    height, width = grey.shape
    scale = min(1.0, _SMALL_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(grey.astype(np.float32)).resize(size, Image.Resampling.BOX), np.float32)


def _frame(shape: tuple[int, ...]) -> np.ndarray:
    """The pixels at the edge, bool of that shape."""
    frame = np.ones(shape, bool)
    thick = max(1, round(_FRAME * min(shape)))
    frame[thick:-thick, thick:-thick] = False
    return frame


def _estimate_paper(small: np.ndarray) -> tuple[np.ndarray, bool]:
    """The brightness of the paper, float32 of the same shape, and whether the ink is lighter than it.

    Two ways to begin are tried, and the one is taken after which paper and ink are told apart best: a plane, under
    which the thickest pen is still ink, and a closing of the picture, which follows any shadow but fills thick strokes.
    """
    flat = _plane_through(small, _frame(small.shape))
    left = small - flat
    strongest = np.abs(left) >= _quantile(np.abs(left), 1 - _STRONGEST)
    is_light = bool(left[strongest].sum() > 0)
    even = _even_paper(small, is_light)
    if even is not None:
        return even, is_light
    starts = [flat, _close(small, is_light)]
    papers = [_refine_paper(small, start, is_light) for start in starts]
    return min(papers, key=lambda paper: _doubtful_share(_contrast(small, paper, is_light))), is_light


def _even_paper(small: np.ndarray, is_light: bool) -> np.ndarray | None:
    """The paper of a picture that was drawn on a screen, which has one value all over; None for any other.

    Five sixths of the time go into estimating paper, and a page that answers while one draws has none to lose.
    """
    value = small[0, 0]
    on_the_other_side = small < value if is_light else small > value
    if on_the_other_side.any() or (small[_frame(small.shape)] != value).any() or (small == value).mean() < _EVEN:
        return None
    paper = np.full_like(small, value)
    return paper if _doubtful_share(_contrast(small, paper, is_light)) < _LITTLE_DOUBT else None


def _refine_paper(small: np.ndarray, start: np.ndarray, is_light: bool) -> np.ndarray:
    """The paper's brightness again and again from the pixels that are not ink by the estimate before."""
    paper = start
    for _ in range(_ROUNDS):
        contrast = _contrast(small, paper, is_light)
        threshold = choose_threshold(contrast)
        # Ink spreads into its neighbours by blur, and what is as far on the other side is no paper either.
        ink = _blur((contrast > 0.7 * threshold).astype(np.float32), 1) > 0.05
        weight = np.where(ink | (contrast < -2 * threshold), 0.0, 1.0).astype(np.float32)
        reach = max(2, round(0.05 * max(small.shape)))
        near, enough = _blur(small * weight, reach), _blur(weight, reach)
        # Far from any paper, such as inside a thick stroke, the start is all there is to go by.
        paper = (near + 0.02 * _level(small, start, weight)) / (enough + 0.02)
    return paper


def _doubtful_share(contrast: np.ndarray) -> float:
    """How many pixels are neither paper nor ink, for each one that is ink; infinite where nothing is."""
    threshold = choose_threshold(contrast)
    above = contrast > threshold
    if not above.any():
        return float("inf")
    full = _median(contrast[above])
    between = np.abs(contrast) > 0.2 * full
    return float((between & (contrast < 0.6 * full)).sum() / above.sum())


def _close(small: np.ndarray, is_light: bool) -> np.ndarray:
    """The picture without strokes: the brightest of a neighbourhood and then the darkest of these, or for light ink
    the other way round."""
    size = 2 * round(_CLOSED * max(small.shape)) + 1
    picture = Image.fromarray(np.round(small).astype(np.uint8))
    filters = [ImageFilter.MaxFilter(size), ImageFilter.MinFilter(size)]
    for step in filters[::-1] if is_light else filters:
        picture = picture.filter(step)
    return np.asarray(picture, np.float32)


def _level(small: np.ndarray, flat: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The plane, moved to the mean brightness of the paper that was found."""
    total = float(weight.sum())
    return flat if total == 0 else flat + float(((small - flat) * weight).sum()) / total


def _plane_through(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The plane a + b·x + c·y through the chosen values, by least squares without those that lie far off."""
    height, width = values.shape
    rows, columns = np.mgrid[:height, :width]
    design = np.stack([np.ones(values.size), rows.ravel() / height, columns.ravel() / width], axis=1)
    kept = chosen.ravel().copy()
    wanted = values.ravel().astype(np.float64)
    left = wanted - _median(wanted[kept])
    for _ in range(5):
        deviation = max(2.0, 1.4826 * _median(np.abs(left[kept])))
        near = kept & (np.abs(left) < 3 * deviation)
        if near.sum() < 8:
            break
        solution, *_ = np.linalg.lstsq(design[near], wanted[near], rcond=None)
        left = wanted - design @ solution
    return np.asarray((wanted - left).reshape(values.shape), np.float32)


def _contrast(grey: np.ndarray, paper: np.ndarray, is_light: bool) -> np.ndarray:
    """How much darker than the paper, or lighter, as a share of what is possible there: light falls off in shadows."""
    if is_light:
        return np.asarray((grey - paper) / np.maximum(255.0 - paper, 32.0))
    return np.asarray((paper - grey) / np.maximum(paper, 32.0))


def _otsu(values: np.ndarray) -> float:
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-6:
        return high
    counts, edges = np.histogram(values, bins=128, range=(low, high))
    centres = 0.5 * (edges[:-1] + edges[1:])
    below = np.cumsum(counts)
    sums = np.cumsum(counts * centres)
    above = below[-1] - below
    valid = (below > 0) & (above > 0)
    means_below = sums / np.maximum(below, 1)
    means_above = (sums[-1] - sums) / np.maximum(above, 1)
    between = np.where(valid, below * above * (means_below - means_above) ** 2.0, 0.0)
    return float(edges[int(np.argmax(between)) + 1])


def _blur(values: np.ndarray, reach: int) -> np.ndarray:
    """The values averaged over boxes of 2·reach + 1 pixels, several times, with the edge continued."""
    for _ in range(_BLURRINGS):
        for axis in (0, 1):
            padding = [(0, 0), (0, 0)]
            padding[axis] = (reach + 1, reach)
            sums = np.cumsum(np.pad(values, padding, mode="edge"), axis=axis, dtype=np.float64)
            length, size = values.shape[axis], 2 * reach + 1
            upper = np.take(sums, range(size, size + length), axis=axis)
            lower = np.take(sums, range(length), axis=axis)
            values = ((upper - lower) / size).astype(np.float32)
    return values


def _median(values: np.ndarray) -> float:
    return float(median(values.reshape(1, -1))[0])


def _quantile(values: np.ndarray, share: float) -> float:
    """The value that this share does not exceed. NumPy's own imports masked arrays, as its median does."""
    place = min(values.size - 1, int(share * values.size))
    return float(np.partition(values.ravel(), place)[place])
