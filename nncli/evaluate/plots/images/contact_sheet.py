"""Contact sheets: small pictures side by side with captions, as PNG bytes or as blocks of colour for a terminal.

Does not depend on data sets: pictures come as arrays with the names that stand above and below them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nncli.evaluate.plots.canvas import label, new_figure, to_png

Colour = tuple[int, int, int]

_TILE_INCHES = 0.85
# Where captions are all there is to read, they get more room.
_WIDE_TILE_INCHES = 1.25
_LONGEST_GROUP = 22


@dataclass(frozen=True)
class Picture:
    """A picture, uint8 (height, width, 1 or 3), with the group it belongs to and its own name."""

    group: str
    caption: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Thumbnail:
    """A picture for a terminal: rows of colours from 0 to 255, an even number of rows."""

    caption: str
    rows: tuple[tuple[Colour, ...], ...]


def draw_sheet(title: str, pictures: Sequence[Picture]) -> bytes:
    """A contact sheet as a PNG: a line of pictures for each group, the group's name before it, captions below.

    Pictures that are hardly ever of one group fill the lines one after the other, with their group as the caption.
    """
    lines = _lines(pictures)
    columns = max(len(line) for line in lines)
    grouped = _is_grouped(pictures)
    tile = _TILE_INCHES if grouped else _WIDE_TILE_INCHES
    margin = 0.3 + 0.075 * max(len(label(line[0].group, _LONGEST_GROUP)) for line in lines) if grouped else 0.1
    width = max(margin + columns * tile + 0.1, 3.0)
    height = 0.45 + len(lines) * (tile + 0.22)
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    figure.text(0.1 / width, 1 - 0.28 / height, label(title, int(width * 12)), fontsize=10, ha="left")
    for row, line in enumerate(lines):
        top = 0.45 + row * (tile + 0.22)
        if grouped:
            middle = 1 - (top + tile / 2) / height
            figure.text(0.1 / width, middle, label(line[0].group, _LONGEST_GROUP), fontsize=9, ha="left", va="center")
        for column, picture in enumerate(line):
            left, side = margin + column * tile, tile * 0.94
            axes = figure.add_axes((left / width, 1 - (top + side) / height, side / width, side / height))
            axes.set_axis_off()
            axes.imshow(_shown(picture.pixels), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            text = label(picture.caption if grouped or not picture.group else picture.group, int(tile * 17))
            place = 1 - (top + side + 0.03) / height
            figure.text((left + side / 2) / width, place, text, fontsize=6, ha="center", va="top")
    return to_png(figure)


def make_thumbnails(pictures: Sequence[Picture], *, most: int, side: int) -> list[Thumbnail]:
    """At most `most` pictures, evenly over their groups, as at most `side` pixels on the longer side."""
    return [
        Thumbnail(picture.group or picture.caption, _rows(_shrunk(picture.pixels, side)))
        for picture in choose_pictures(pictures, most)
    ]


def choose_pictures(pictures: Sequence[Picture], most: int) -> list[Picture]:
    """As many of each group as there is room for; with more groups than room, one of evenly spaced groups."""
    groups: dict[str, list[Picture]] = {}
    for picture in pictures:
        groups.setdefault(picture.group, []).append(picture)
    chosen = list(groups.values())
    if len(chosen) > most:
        chosen = [chosen[index] for index in np.unique(np.linspace(0, len(chosen) - 1, most).round().astype(int))]
    each = most // max(len(chosen), 1)
    return [picture for group in chosen for picture in group[: max(1, each)]]


def _lines(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """The lines of a sheet: one a group, or, where nearly every picture is a group, as many as fill a square."""
    if not _is_grouped(pictures):
        columns = max(1, math.ceil(math.sqrt(len(pictures))))
        return [list(pictures[start : start + columns]) for start in range(0, len(pictures), columns)]
    groups: dict[str, list[Picture]] = {}
    for picture in pictures:
        groups.setdefault(picture.group, []).append(picture)
    return list(groups.values())


def _is_grouped(pictures: Sequence[Picture]) -> bool:
    return (
        2 * len({picture.group for picture in pictures}) <= len(pictures)
        and len(pictures) > 1
        and any(picture.group for picture in pictures)
    )


def _shown(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.shape[-1] == 3 else pixels[..., 0]


def _shrunk(pixels: np.ndarray, side: int) -> np.ndarray:
    """The mean colour of each area, float (rows, columns, 3) of even rows; tiny pictures become some times larger."""
    times = max(1, side // max(pixels.shape[:2]))
    pixels = pixels.repeat(times, axis=0).repeat(times, axis=1)
    height, width = pixels.shape[:2]
    shrink = min(1.0, side / max(height, width))
    rows, columns = max(1, round(height * shrink)), max(1, round(width * shrink))
    colours = np.broadcast_to(pixels.astype(np.float64), (height, width, 3))
    by_row = np.stack([part.mean(axis=0) for part in _areas(colours, rows)])
    small = np.stack([part.mean(axis=0) for part in _areas(by_row.transpose(1, 0, 2), columns)], axis=1)
    return np.concatenate([small, small[-1:]]) if rows % 2 else small


def _areas(values: np.ndarray, count: int) -> list[np.ndarray]:
    """`count` stretches of nearly equal length, of which none is empty, along the first axis."""
    edges = np.linspace(0, len(values), count + 1)
    return [values[int(low) : max(int(low) + 1, math.ceil(high))] for low, high in pairwise(edges)]


def _rows(colours: np.ndarray) -> tuple[tuple[Colour, ...], ...]:
    whole = np.clip(colours.round(), 0, 255).astype(int)
    return tuple(tuple((int(r), int(g), int(b)) for r, g, b in row) for row in whole)
