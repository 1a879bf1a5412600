"""Sketches of drawings in characters, for a terminal; each has one ASCII letter that stands for it elsewhere."""

import itertools
from collections.abc import Sequence

import numpy as np

from nncli.evaluate.plots.panels import Bars, Blocks, Curves, Drawing, Grid, Line, Panel, Surface
from nncli.lessons.lesson import show_number

WIDTH = 80
_MARKS = "•∘×+"
_SHADES = " ░▒▓█"
_GAP = 2
_AXIS = 8  # columns of the numbers beside an axis


def sketch(drawing: Drawing) -> str:
    """The sketched panels of a drawing, in lines of at most 80 columns."""
    chosen = [drawing.panels[place] for place in drawing.sketched]
    across = drawing.sketch_columns
    width = (WIDTH - _GAP * (across - 1)) // across
    blocks = [_sketch_panel(panel, width, drawing.sketch_height) for panel in chosen]
    rows = [_side_by_side(blocks[start : start + across], width) for start in range(0, len(blocks), across)]
    return "\n".join(line for row in rows for line in row)


def _sketch_panel(panel: Panel, width: int, height: int) -> list[str]:
    if isinstance(panel, Curves):
        return _curves(panel, width, height)
    if isinstance(panel, Surface):
        return _surface(panel, width, height)
    if isinstance(panel, Bars):
        return _bars(panel, width)
    if isinstance(panel, Blocks):
        return []
    return _grid(panel)


def _side_by_side(blocks: Sequence[list[str]], width: int) -> list[str]:
    """Blocks side by side, each as wide as it must be if all fit in the line so, else in columns of equal widths."""
    own = [max(map(len, block), default=0) for block in blocks]
    spare = WIDTH - sum(own) - 3 * _GAP * (len(blocks) - 1)
    widths = [width] * len(blocks) if spare < 0 else [each + 2 * _GAP for each in own]
    lines = itertools.zip_longest(*blocks, fillvalue="")
    gap = " " * _GAP
    return [gap.join(f"{cell:<{each}}" for cell, each in zip(line, widths, strict=True)).rstrip() for line in lines]


def _legend(title: str, lines: Sequence[Line], width: int) -> list[str]:
    """The title with the mark of each line, on one line or two."""
    named = [f"{_MARKS[place % len(_MARKS)]} {line.name}" for place, line in enumerate(lines) if line.name]
    if len(lines) < 2:
        return [title[:width]]
    legend = "   ".join(named)
    if len(title) + 3 + len(legend) <= width:
        return [f"{title}:  {legend}"]
    return [title[:width], legend[:width]]


def _curves(panel: Curves, width: int, height: int) -> list[str]:
    ys = [np.asarray(line.y, dtype=np.float64) for line in panel.lines]
    xs = [np.asarray(line.x, dtype=np.float64) for line in panel.lines]
    every = np.concatenate([*ys, []])
    if panel.log_y:
        every = np.log10(every[every > 0])
    finite = every[np.isfinite(every)]
    if not finite.size:
        return [f"{panel.title}: nothing that could be drawn"]
    low, high = panel.y_range or (float(finite.min()), float(finite.max()))
    left, right = float(min(x.min() for x in xs)), float(max(x.max() for x in xs))
    room = width - _AXIS - 1
    cells = [[" "] * room for _ in range(height)]
    for place, (line, x, y) in reversed(list(enumerate(zip(panel.lines, xs, ys, strict=True)))):
        with np.errstate(divide="ignore", invalid="ignore"):
            heights = np.log10(y) if panel.log_y else y
        _mark(cells, x, heights, (left, right), (low, high), _MARKS[place % len(_MARKS)], line.kind)
    told = (10**low, 10**high) if panel.log_y else (low, high)
    return [*_legend(panel.title, panel.lines, width), *_frame(cells, told, (left, right), panel.x_label)]


def _mark(
    cells: list[list[str]],
    x: np.ndarray,
    y: np.ndarray,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    mark: str,
    kind: str,
) -> None:
    """Puts the mark in the cells that a line passes through; a curve is read at each column."""
    rows, columns = len(cells), len(cells[0])
    if kind == "curve" and len(x) > 1:
        order = np.argsort(x, kind="stable")
        grid = np.linspace(*x_range, columns)
        y = np.interp(grid, x[order], y[order], left=np.nan, right=np.nan)
        x = grid
    span = (x_range[1] - x_range[0]) or 1.0
    tall = (y_range[1] - y_range[0]) or 1.0
    for each_x, each_y in zip(x, y, strict=True):
        if not (np.isfinite(each_x) and np.isfinite(each_y)):
            continue
        column = round((each_x - x_range[0]) / span * (columns - 1))
        row = round((y_range[1] - each_y) / tall * (rows - 1))
        if 0 <= row < rows and 0 <= column < columns:
            cells[row][column] = mark


def _frame(
    cells: list[list[str]], y_range: tuple[float, float], x_range: tuple[float, float], x_label: str
) -> list[str]:
    """The cells with their axes: the largest and the smallest value beside and below them."""
    told = {0: _fit(y_range[1]), len(cells) - 1: _fit(y_range[0])}
    rows = [f"{told.get(place, ''):>{_AXIS - 1}} │{''.join(row)}".rstrip() for place, row in enumerate(cells)]
    room = len(cells[0])
    left, right = (show_number(value) for value in x_range)
    label = f"{left} {x_label:^{max(0, room - len(left) - len(right) - 2)}} {right}"
    return [*rows, f"{'':>{_AXIS}}└{'─' * (room - 1)}", f"{'':>{_AXIS}}{label}"]


def _fit(value: float) -> str:
    """A number with as many digits as there is room beside an axis."""
    texts = [f"{value + 0.0:.{digits}g}".replace("-", "−") for digits in (4, 3, 2, 1)]
    return next((text for text in texts if len(text) < _AXIS), texts[-1])


def _surface(panel: Surface, width: int, height: int) -> list[str]:
    room = width - _AXIS - 1
    columns = np.linspace(0, len(panel.x) - 1, room).round().astype(int)
    rows = np.linspace(len(panel.y) - 1, 0, height).round().astype(int)
    z = np.asarray(panel.z)[np.ix_(rows, columns)]
    # Equal numbers of cells get each shade, so that a steep surface is not all dark.
    edges = np.quantile(z, [0.2, 0.45, 0.7])
    shades = np.digitize(z, edges)
    cells = [[_SHADES[shade] for shade in row] for row in shades]
    x_range, y_range = (float(panel.x[0]), float(panel.x[-1])), (float(panel.y[0]), float(panel.y[-1]))
    for place, path in reversed(list(enumerate(panel.paths))):
        x, y = np.asarray(path.x, dtype=np.float64), np.asarray(path.y, dtype=np.float64)
        _mark(cells, x, y, x_range, y_range, _MARKS[place % len(_MARKS)], "path")
    return [*_legend(panel.title, panel.paths, width), *_frame(cells, y_range, x_range, panel.x_label)]


def _bars(panel: Bars, width: int) -> list[str]:
    """A line for each label; negative bars have another shade."""
    values = [float(value) for value in panel.values]
    longest = max(map(len, panel.labels))
    room = width - longest - 10
    most = panel.y_range[1] if panel.y_range else max(map(abs, values)) or 1.0
    lines = [panel.title[:width]]
    for label, value in zip(panel.labels, values, strict=True):
        bar = ("█" if value >= 0 else "░") * round(abs(value) / most * room)
        lines.append(f"{label:>{longest}} {show_number(value):>7} {bar}")
    return lines


def _grid(panel: Grid) -> list[str]:
    """The title above the cells: numbers, or shades two characters wide, so that cells are about square."""
    values = np.asarray(panel.values, dtype=np.float64)
    if panel.numbers:
        decimals = _decimals(values)
        cell = 5 if (values < 0).any() else 4
        rows = ["".join(f"{_show_short(value, decimals):>{cell}}" for value in row) for row in values]
    else:
        most = float(np.abs(values).max()) or 1.0
        shades = np.clip((np.abs(values) / most * len(_SHADES)).astype(int), 0, len(_SHADES) - 1)
        rows = ["".join(_SHADES[shade] * 2 for shade in row) for row in shades]
    return [panel.title, *rows]


def _decimals(values: np.ndarray) -> int:
    """How many decimals there is room for in a cell of three or four characters."""
    most = float(np.abs(values).max())
    return 2 if most < 1 else int(most < 10)


def _show_short(value: float, decimals: int) -> str:
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return "0"
    return ("−" if value < 0 else "") + (text.removeprefix("0") if text.startswith("0.") else text)
