"""Digits as masks of ink, float32 (height, width) from 0 to 1: drawn with a pen, or taken from images of MNIST."""

import numpy as np
from PIL import Image, ImageDraw

# Ways to write each digit: strokes, parted by slashes, as points x,y of a smooth curve, x to the right and y down, in a
# square of side 100. A point given twice is a corner.
_WAYS: dict[int, tuple[str, ...]] = {
    0: (
        "55,0 25,12 12,50 25,88 50,100 75,88 86,50 74,12 50,0",
        "60,3 35,5 20,40 28,85 50,98 72,75 78,35 60,6 45,2",
    ),
    1: (
        "50,0 50,100",
        "30,25 55,0 55,0 52,100",
        "62,0 42,100",
    ),
    2: (
        "15,25 30,5 55,0 78,18 70,45 40,75 12,100 12,100 85,98",
        "20,20 45,0 75,15 72,40 45,75 22,97 15,85 35,82 60,97 90,92",
    ),
    3: (
        "20,12 45,0 75,12 70,38 42,48 42,48 75,58 80,85 50,100 15,88",
        "20,2 80,2 80,2 42,40 42,40 75,52 78,85 48,100 15,90",
    ),
    4: (
        "30,0 12,58 12,58 88,55 / 70,20 62,100",
        "25,2 20,50 20,50 75,50 / 75,0 72,100",
        "72,100 72,0 72,0 10,65 10,65 92,65",
    ),
    5: (
        "78,2 28,2 28,2 22,45 22,45 55,38 80,60 72,90 42,100 15,88",
        "30,5 22,45 22,45 60,42 78,68 60,97 20,93 / 30,5 82,0",
    ),
    6: (
        "68,0 35,25 18,65 30,95 60,100 78,78 62,55 35,60 20,78",
        "50,0 28,40 22,80 45,100 72,85 66,62 40,60 24,75",
    ),
    7: (
        "12,5 85,2 85,2 58,45 42,100",
        "12,8 82,3 82,3 55,50 40,100 / 32,52 78,48",
    ),
    8: (
        "70,12 48,0 25,12 30,36 50,48 75,66 75,90 50,100 22,88 25,66 50,48 72,32 70,12",
        "50,46 28,30 32,6 55,0 74,14 70,36 50,46 24,62 22,88 50,100 78,86 72,60 50,46",
    ),
    9: (
        "75,20 55,2 28,10 22,36 45,50 70,38 76,18 76,18 72,60 62,100",
        "72,15 45,0 22,20 35,46 62,42 74,15 74,15 74,70 55,98 25,95",
    ),
}


def draw_digit(digit: int, rng: np.random.Generator, *, pen: float, side: int = 400) -> np.ndarray:
    """A digit that fills a square of `side` pixels but for a margin, with a pen as wide as that share of its height."""
    ways = _WAYS[digit]
    strokes = ways[int(rng.integers(len(ways)))]
    slant, turn = rng.uniform(-0.25, 0.25), rng.uniform(-0.12, 0.12)
    stretch = rng.uniform(0.75, 1.05)
    height = side * 0.7
    image = Image.new("L", (side, side))
    canvas = ImageDraw.Draw(image)
    width = max(2.0, pen * height)
    for stroke in strokes.split("/"):
        points = np.array([point.split(",") for point in stroke.split()], float) / 100 - 0.5
        shaken = points + rng.normal(0, 0.012, points.shape)
        # Corners stay corners.
        same = np.r_[False, (np.diff(points, axis=0) == 0).all(axis=1)]
        shaken[same] = shaken[np.flatnonzero(same) - 1]
        x = shaken[:, 0] * stretch - slant * shaken[:, 1]
        y = shaken[:, 1]
        turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
        curve = _curve(turned * height + side / 2)
        for index, (x0, y0) in enumerate(curve):
            # The pressure of a hand varies a little along the stroke.
            half = width / 2 * (1 + 0.12 * np.sin(index / 17 + slant * 9))
            canvas.ellipse((x0 - half, y0 - half, x0 + half, y0 + half), fill=255)
    return np.asarray(image, np.float32) / 255


def enlarge_digit(pixels: np.ndarray, side: int = 400) -> np.ndarray:
    """An image of MNIST, uint8 (28, 28), as a sharp mask of `side` pixels."""
    large = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC), np.float32)
    return np.clip((large - 118) / 20, 0, 1)


def _curve(points: np.ndarray) -> np.ndarray:
    """Catmull and Rom's spline (1974) through the points, one place a pixel or so."""
    places = []
    padded = np.concatenate([points[:1], points, points[-1:]])
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        steps = max(1, int(np.hypot(*(end - start))))
        for t in np.arange(steps) / steps:
            places.append(
                0.5
                * (
                    2 * start
                    + (end - before) * t
                    + (2 * before - 5 * start + 4 * end - after) * t**2
                    + (3 * start - before - 3 * end + after) * t**3
                )
            )
    return np.array([*places, points[-1]])
