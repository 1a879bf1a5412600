"""The width of strokes: measured, and changed by growing or shrinking a shape."""

import numpy as np


def stroke_width(strength: np.ndarray) -> float:
    """The mean width in pixels of the strokes in (height, width), 0 to 1; 0 without ink.

    A long stroke of width w and length l has the area w·l and a border of 2·l; the border's length is the total
    variation, which antialiased edges do not change.
    """
    padded = np.pad(strength.astype(np.float64), ((1, 1), (1, 1)))
    across = padded[1:, 1:] - padded[1:, :-1]
    down = padded[1:, 1:] - padded[:-1, 1:]
    border = float(np.sqrt(across**2 + down**2).sum())
    return 2 * float(strength.sum()) / border if border else 0.0


def grow(on: np.ndarray, radius: float) -> np.ndarray:
    """A shape, bool (height, width), grown by a disc of that radius in pixels; shrunk if it is negative."""
    if radius < 0:
        return ~grow(~on, -radius)
    grown = on.copy()
    width = on.shape[1]
    rows = int(radius)
    # How many pixels are on before each place of a row; with its ends repeated, "is one near" compares two slices.
    sums = np.pad(np.cumsum(on, axis=1, dtype=np.int32), ((0, 0), (1, 0)))
    sums = np.pad(sums, ((0, 0), (rows, rows)), mode="edge")
    for row in range(-rows, rows + 1):
        reach = int((radius**2 - row**2) ** 0.5)
        last = rows + reach + 1
        near = sums[:, last : last + width] > sums[:, rows - reach : rows - reach + width]
        source = near[max(0, -row) : on.shape[0] - max(0, row)]
        grown[max(0, row) : on.shape[0] - max(0, -row)] |= source
    return grown
