"""Heat maps as SVG of the page's own: a row of cells for each layer, in ten shades that the style sheet knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.report.shading import STEPS

MOST_CELLS = 2000  # of all maps of a page
_ACROSS, _DOWN, _HEAD, _FOOT = 310, 16, 22, 62
_LONGEST_LABEL, _LETTER = 18, 7
_TICKS = 6
_BAR, _BAR_HEIGHT = 120, 10


@dataclass(frozen=True)
class HeatMap:
    """A title, epochs across, and for each layer its shares of the scale from 0 to 1, None for an epoch without.

    `ends` are the texts at both ends of the scale.
    """

    title: str
    epochs: Sequence[int]
    shares: Mapping[str, Sequence[float | None]]
    ends: tuple[str, str]


def lay_out_heat(maps: Sequence[HeatMap]) -> list[dict[str, Any]]:
    """For the template: each map as paths, one for all cells of a shade, with its layers, epochs and scale.

    Of more than 2,000 cells in all, evenly spaced epochs are taken, with the last.
    """
    most = max(2, MOST_CELLS // max(1, sum(len(each.shares) for each in maps)))
    return [_lay_out(each, _spaced(len(each.epochs), most)) for each in maps]


def _spaced(count: int, most: int) -> list[int]:
    """At most this many of the places, evenly spaced from the first to the last."""
    taken = min(count, most)
    return sorted({round(place * (count - 1) / max(1, taken - 1)) for place in range(taken)})


def _lay_out(heat: HeatMap, places: Sequence[int]) -> dict[str, Any]:
    names = [_shortened(name) for name in heat.shares]
    left = 12 + _LETTER * max(map(len, (*names, "epoch")))
    width, bottom = _ACROSS / len(places), _HEAD + len(names) * _DOWN
    ticks = _spaced(len(places), _TICKS)
    scale = bottom + 36
    return {
        "title": heat.title,
        "width": left + _ACROSS + 10,
        "height": bottom + _FOOT,
        "shades": _cells(heat, places, left, width),
        "layers": [(_HEAD + row * _DOWN + 12, name) for row, name in enumerate(names)],
        "epochs": [(round(left + (tick + 0.5) * width, 1), heat.epochs[places[tick]]) for tick in ticks],
        "left": left,
        "bottom": bottom + 14,
        "scale": [
            (step, _rectangle(left + (step - 1) * _BAR / STEPS, scale, _BAR / STEPS, _BAR_HEIGHT))
            for step in range(1, STEPS + 1)
        ],
        "ends": [(left, scale + 21, heat.ends[0]), (left + _BAR, scale + 21, heat.ends[1])],
    }


def _cells(heat: HeatMap, places: Sequence[int], left: float, width: float) -> list[tuple[int, str]]:
    """Shades from 1 to 10, each with the path around all of its cells; the palest one is still no empty place."""
    paths: dict[int, list[str]] = {}
    for row, shares in enumerate(heat.shares.values()):
        for column, place in enumerate(places):
            share = shares[place]
            if share is not None:
                cell = _rectangle(left + column * width, _HEAD + row * _DOWN, width, _DOWN)
                paths.setdefault(min(STEPS, 1 + int(STEPS * share)), []).append(cell)
    return [(step, "".join(cells)) for step, cells in sorted(paths.items())]


def _rectangle(left: float, top: float, width: float, height: float) -> str:
    """From and to whole tenths, so that no line shows between two."""
    across = round(left + width, 1) - round(left, 1)
    return f"M{round(left, 1):g} {top:g}h{across:.1f}v{height:g}h-{across:.1f}z"


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 7]}…{name[-6:]}"
