"""Curves of several values over the epochs, drawn with characters; does not depend on terminals."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from nncli.console.drawing.braille import ACROSS, DOWN, bit_of, sign_of

# Pieces of a line: a text, rich's name of its style.
Line = list[tuple[str, str]]

_LABEL = 8
# From this ratio of the largest to the smallest value on, the scale is logarithmic.
_WIDE = 20.0
_FIRST_END = 10


@dataclass(frozen=True)
class Curve:
    """The values of one number over the epochs, the style of its line, and the sign where there are no colours."""

    name: str
    values: Sequence[float]
    style: str
    sign: str


@dataclass(frozen=True)
class _Scale:
    """From a value to a share of the height, 0 to 1."""

    low: float
    high: float
    is_logarithmic: bool

    def share(self, value: float) -> float:
        low, high, value = (math.log(each) if self.is_logarithmic else each for each in (self.low, self.high, value))
        return (value - low) / (high - low) if high > low else 0.5


def draw_curves(curves: Sequence[Curve], width: int, rows: int, *, epochs: int, braille: bool) -> list[Line]:
    """`rows` lines with the curves on one scale, labelled left, and one below with the epochs and what is drawn.

    At most `width` columns. The axis reaches to the last of `epochs`, while few are done to an earlier one. [] before
    there are two values, and where there is no room.
    """
    scale = _scale([value for curve in curves for value in curve.values])
    done = max((len(curve.values) for curve in curves), default=0)
    columns = width - _LABEL - 1
    if scale is None or done < 2 or columns < _LABEL or rows < 2:
        return []
    end = axis_end(done, epochs)
    cells = [[(0, "") for _ in range(columns)] for _ in range(rows)]
    for number, curve in enumerate(curves):
        across, down = (ACROSS, DOWN) if braille else (1, 1)
        for x, y in _dots(curve.values, scale, columns * across, rows * down, end):
            bits, _ = cells[y // down][x // across]
            bits = bits | bit_of(x, y) if braille else number + 1
            cells[y // down][x // across] = bits, curve.style
    signs = "".join(curve.sign for curve in curves)
    lines = []
    for number, row in enumerate(cells):
        label = scale.high if number == 0 else scale.low if number == rows - 1 else None
        told = "" if label is None else f"{label:.3g}"
        lines.append([(f"{told:>{_LABEL}} ", ""), *_pieces(row, "" if braille else signs)])
    return [*lines, _caption(curves, columns, end, scale, braille=braille)]


def axis_end(done: int, epochs: int) -> int:
    """The last epoch of the axis: 10, doubled whenever it is full, at most the last one of the training."""
    end = _FIRST_END
    while end < done:
        end *= 2
    return max(done, min(end, epochs))


def _scale(values: Sequence[float]) -> _Scale | None:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    return _Scale(low, high, low > 0 and high / low > _WIDE)


def _dots(values: Sequence[float], scale: _Scale, width: int, height: int, end: int) -> list[tuple[int, int]]:
    """Places (across, from the top) of a line through the values; where several share one, through their mean."""
    places: dict[int, list[float]] = {}
    for epoch, value in enumerate(values):
        if math.isfinite(value):
            places.setdefault(round(epoch / max(1, end - 1) * (width - 1)), []).append(scale.share(value))
    points = [(x, (1.0 - sum(shares) / len(shares)) * (height - 1)) for x, shares in places.items()]
    dots = [(x, round(y)) for x, y in points[:1]]
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        steps = max(next_x - x, math.ceil(abs(next_y - y)))
        dots += [
            (round(x + (next_x - x) * step / steps), round(y + (next_y - y) * step / steps))
            for step in range(1, steps + 1)
        ]
    return dots


def _pieces(row: Sequence[tuple[int, str]], signs: str) -> Line:
    """Cells of a line, those of one style together; `signs` stand for the curves, without them braille."""
    pieces: Line = []
    used = max((place for place, (bits, _) in enumerate(row, 1) if bits), default=0)
    for bits, style in row[:used]:
        text = " " if not bits else signs[bits - 1] if signs else sign_of(bits)
        if pieces and pieces[-1][1] == style:
            pieces[-1] = (pieces[-1][0] + text, style)
        else:
            pieces.append((text, style))
    return pieces


def _caption(curves: Sequence[Curve], columns: int, end: int, scale: _Scale, *, braille: bool) -> Line:
    """The first epoch of the axis, the curves with their last values, the last epoch; shorter where it is narrow."""
    last = f"{end:,}"
    told: Line = []
    for curve in curves:
        told.append(("━ " if braille else f"{curve.sign} ", curve.style))
        told.append((f"{curve.name} {curve.values[-1]:.4g}  ", ""))
    told[-1] = (told[-1][0].rstrip(), "")
    room = columns - len("1") - len(last) - 2
    if scale.is_logarithmic and sum(len(text) for text, _ in told) + len(", log") <= room:
        told.append((", log", ""))
    length = sum(len(text) for text, _ in told)
    if length > room:
        told, length = [], 0
    left = (room - length) // 2
    return [(" " * (_LABEL + 1) + "1" + " " * (left + 1), ""), *told, (" " * (room - length - left + 1) + last, "")]
