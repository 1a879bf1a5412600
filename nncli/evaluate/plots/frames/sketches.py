"""Frames made of characters, ASCII alone, for a terminal: a few lines each, and several side by side."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

# Regions of classes; what is nearly undecided stays blank.
CLASS_SIGNS = ".#o+x%*@"
_SHADES = " .:-=+*#%@"
_SIGNED = "=- +#"  # strongly negative to strongly positive
# Of the way from chance to certainty, up to which a class is not told: a probability of 0.6 of two classes.
_UNDECIDED = 0.2


def sketch_classes(values: np.ndarray, columns: int, rows: int, *, classes: int = 2) -> list[str]:
    """Regions of classes, from (rows, columns, 2), the number of the class and its probability, from the bottom up."""
    small = _pick(values, columns, rows)
    least = (1 + _UNDECIDED * (classes - 1)) / classes
    return [
        "".join(CLASS_SIGNS[int(number) % len(CLASS_SIGNS)] if chance > least else " " for number, chance in line)
        for line in small[::-1]
    ]


def sketch_label(values: np.ndarray, columns: int, rows: int) -> list[str]:
    """Where a probability (rows, columns) is above and below one half, and the strip between, from the bottom up."""
    number, sure = (values > 0.5).astype(float), np.abs(values - 0.5) + 0.5
    return sketch_classes(np.stack([number, sure], axis=-1), columns, rows)


def sketch_numbers(values: np.ndarray, columns: int, rows: int, limits: tuple[float, float]) -> list[str]:
    """A surface (rows, columns) from the bottom up; darker characters are larger numbers between the limits."""
    low, high = limits
    share = np.clip((_pick(values, columns, rows) - low) / max(high - low, 1e-12), 0.0, 1.0)
    return ["".join(_SHADES[min(len(_SHADES) - 1, int(each * len(_SHADES)))] for each in line) for line in share[::-1]]


def sketch_matrix(weights: np.ndarray, columns: int, rows: int) -> list[str]:
    """Weights (inputs, units) as a line for each unit: `=` and `-` negative, `+` and `#` positive."""
    shown = weights[:columns, :rows]
    wide = max(1, min(2, columns // max(1, len(shown))))
    return ["".join(sign * wide for sign in line) for line in _signs(shown.T)]


def sketch_tiles(kernels: np.ndarray, columns: int, rows: int) -> list[str]:
    """As many kernels of (height, width, channels, units) as there is room for, side by side."""
    height, width, _, units = kernels.shape
    tall, wide = min(height, 7), min(2 * width, 11)
    across, down = max(1, (columns + 1) // (wide + 1)), max(1, (rows + 1) // (tall + 1))
    lines: list[str] = []
    for start in range(0, min(units, across * down), across):
        tiles = [kernels[..., unit].mean(axis=2) for unit in range(start, min(start + across, units))]
        blocks = [_signs(_average(tile, wide, tall)) for tile in tiles]
        lines += [""] * bool(lines) + [" ".join(parts) for parts in zip(*blocks, strict=True)]
    return lines


def side_by_side(blocks: Sequence[tuple[str, Sequence[str]]], width: int) -> list[str]:
    """Blocks with a caption each, two blanks apart, as many as fit: the last and evenly spaced ones before it."""
    widths = [max(len(caption), *(len(line) for line in lines)) for caption, lines in blocks]
    count = min(len(blocks), max(1, (width + 2) // (max(widths) + 2)))
    places = np.unique(np.linspace(len(blocks) - 1, 0, count).round().astype(int)) if count > 1 else [len(blocks) - 1]
    chosen = [(widths[place], blocks[place]) for place in places]
    tall = max(len(lines) for _, (_, lines) in chosen)
    shown = ["  ".join(caption.ljust(wide) for wide, (caption, _) in chosen)]
    for row in range(tall):
        shown.append("  ".join((lines[row] if row < len(lines) else "").ljust(wide) for wide, (_, lines) in chosen))
    return [line.rstrip() for line in shown]


def _pick(values: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """Evenly spaced places, (rows, columns, ...)."""
    down = np.linspace(0, len(values) - 1, rows).round().astype(int)
    across = np.linspace(0, values.shape[1] - 1, columns).round().astype(int)
    picked: np.ndarray = values[down][:, across]
    return picked


def _average(tile: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """The tile with `rows` and `columns` values: means of areas, or repeated values where it is smaller."""
    for axis, count in ((0, rows), (1, columns)):
        size = tile.shape[axis]
        edges = np.linspace(0, size, count + 1)
        areas = [range(int(low), max(int(low) + 1, int(np.ceil(high)))) for low, high in pairwise(edges)]
        parts = [np.take(tile, area, axis=axis, mode="clip").mean(axis=axis) for area in areas]
        tile = np.stack(parts, axis=axis)
    return tile


def _signs(values: np.ndarray) -> list[str]:
    """A character a value by its share of the largest: below 1/4 blank, above 2/3 strong."""
    share = values / max(float(np.abs(values).max()), 1e-12)
    level = np.sign(share) * ((np.abs(share) > 0.25).astype(int) + (np.abs(share) > 2 / 3))
    return ["".join(_SIGNED[int(each) + 2] for each in line) for line in level]
