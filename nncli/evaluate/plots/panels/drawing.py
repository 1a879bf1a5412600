"""Draws panels with matplotlib, as the bytes of a PNG or an SVG."""

import io
import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import COLOURS, GREY, LINE_STYLES, new_figure, plain_frame, whole_numbers
from nncli.evaluate.plots.panels.panel import Bars, Blocks, Curves, Drawing, Grid, Line, Panel, Surface

FORMATS = ("png", "svg")
# Stands in the beginning of each file, so that only such a picture is ever replaced by one.
MARK = "a lesson of nncli"
_PANEL_INCHES = (4.6, 3.7)
_HIGHEST_OF_SURFACE = 1e3  # times its edge: a path that leaves further is cut
_HIGHEST = 1e100  # beyond, axes overflow
_MOST_NAMES = 12  # on the axis of bars; of more, the labels would overlap


def draw(drawing: Drawing, kind: str) -> bytes:
    """The drawing as the bytes of a file of that kind (`png` or `svg`), the same bytes for the same drawing."""
    columns = min(drawing.columns, len(drawing.panels))
    rows = math.ceil(len(drawing.panels) / columns)
    figure = new_figure(_PANEL_INCHES[0] * columns, _PANEL_INCHES[1] * rows + 0.3)
    places = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes, panel in zip(places, drawing.panels, strict=False):
        _DRAWERS[type(panel)](axes, panel)
        axes.set_title(_plain(panel.title), fontsize=10)
    for axes in places[len(drawing.panels) :]:
        axes.set_axis_off()
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.12)
    figure.suptitle(_plain(drawing.title), fontsize=12)
    return _to_bytes(figure, kind)


def _to_bytes(figure: Any, kind: str) -> bytes:
    import matplotlib as mpl

    buffer = io.BytesIO()
    # Without a date and with fixed names of the elements, the same drawing has the same bytes.
    metadata = {"Title": MARK, "Software": None} if kind == "png" else {"Title": MARK, "Date": None, "Creator": None}
    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": "nncli"}):
        warnings.filterwarnings("ignore", message=".*Glyph .* missing from .*font")
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def _plain(text: str) -> str:
    """A text without the beginning of a formula."""
    return text.replace("$", r"\$")


def _draw_curves(axes: Any, panel: Curves) -> None:
    # Curves have the first colours and styles; dots and paths lie on them.
    order = sorted(panel.lines, key=lambda line: line.kind != "curve")
    for place, line in enumerate(order):
        y = np.asarray(line.y, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            _draw_line(axes, line, np.where(np.abs(y) < _HIGHEST, y, np.nan), place)
    if panel.log_y:
        axes.set_yscale("log")
    if panel.y_range is not None:
        axes.set_ylim(*panel.y_range)
    for span in panel.spans:
        axes.axvspan(*span, color=GREY, alpha=0.18, linewidth=0)
    if panel.whole_x:
        whole_numbers(axes.xaxis)
    _finish(axes, panel.x_label, panel.y_label, len(panel.lines))


def _draw_line(axes: Any, line: Line, y: np.ndarray, place: int) -> None:
    colour = COLOURS[place % len(COLOURS)]
    if line.kind == "dots":
        axes.plot(line.x, y, "o", color=colour, markersize=6, label=_plain(line.name), zorder=3)
    elif line.kind == "path":
        style = {"color": colour, "linewidth": 1.4, "markersize": 3.5, "label": _plain(line.name)}
        axes.plot(line.x, y, "o-", zorder=3, **style)
    else:
        style = {"color": colour, "linestyle": LINE_STYLES[place % len(LINE_STYLES)], "label": _plain(line.name)}
        axes.plot(line.x, y, linewidth=1.9, **style)


def _finish(axes: Any, x_label: str, y_label: str, lines: int) -> None:
    plain_frame(axes)
    axes.set_xlabel(_plain(x_label))
    axes.set_ylabel(_plain(y_label))
    if lines > 1:
        axes.legend(fontsize=8, frameon=True, framealpha=0.85, edgecolor="none")


def _draw_bars(axes: Any, panel: Bars) -> None:
    places = np.arange(len(panel.labels))
    axes.bar(places, panel.values, 0.8, color=COLOURS[0])
    axes.axhline(0, color=GREY, linewidth=0.8)
    if len(panel.labels) <= _MOST_NAMES:
        axes.set_xticks(places, [_plain(label) for label in panel.labels])
    if panel.y_range is not None:
        axes.set_ylim(*panel.y_range)
    plain_frame(axes)
    axes.grid(visible=False, axis="x")


def _draw_grid(axes: Any, panel: Grid) -> None:
    values = np.asarray(panel.values, dtype=np.float64)
    most = float(np.abs(values).max()) or 1.0
    if panel.signed:
        image = axes.imshow(values, cmap="RdBu_r", vmin=-most, vmax=most)
    else:
        image = axes.imshow(values, cmap="Greys", vmin=min(0.0, float(values.min())), vmax=most)
    axes.set_xlabel(_plain(panel.x_label))
    axes.set_ylabel(_plain(panel.y_label))
    axes.set_xticks(range(0, values.shape[1], max(1, values.shape[1] // 8)))
    axes.set_yticks(range(0, values.shape[0], max(1, values.shape[0] // 8)))
    if not panel.numbers:
        axes.figure.colorbar(image, ax=axes, shrink=0.75)
        return
    for (row, column), value in np.ndenumerate(values):
        dark = abs(value) > 0.6 * most
        text = f"{round(value, 2) + 0.0:g}".replace("-", "−")
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color="white" if dark else "black")


def _draw_surface(axes: Any, panel: Surface) -> None:
    z = np.asarray(panel.z)
    # Levels grow like powers, so that the bottom of a valley has its own.
    low = float(z.min())
    levels = low + (float(z.max()) - low) * np.linspace(0.0, 1.0, 14) ** 2.5
    axes.contourf(panel.x, panel.y, z, levels=levels, cmap="Greys", alpha=0.55)
    axes.contour(panel.x, panel.y, z, levels=levels, colors=GREY, linewidths=0.5, linestyles="solid")
    for place, path in enumerate(panel.paths):
        y = np.asarray(path.y, dtype=np.float64)
        far = _HIGHEST_OF_SURFACE * float(np.abs(panel.y).max())
        _draw_line(axes, path, np.where(np.abs(y) <= far, y, np.nan), place)
    axes.set_xlim(panel.x[0], panel.x[-1])
    axes.set_ylim(panel.y[0], panel.y[-1])
    _finish(axes, panel.x_label, panel.y_label, len(panel.paths) + 1)
    axes.grid(visible=False)


def _draw_blocks(axes: Any, panel: Blocks) -> None:
    """Each matrix in the middle of a cell that also has room for its name, each sign in a narrow one."""
    largest = max(side for row in panel.rows for entry in row if isinstance(entry, tuple) for side in entry[1:])
    widest, top = 0.0, 0.0
    for row in panel.rows:
        x, height = 0.0, max(_side_length(entry[1], largest) for entry in row if isinstance(entry, tuple))
        for place, entry in enumerate(row):
            if isinstance(entry, str):
                axes.text(x + 0.15, top - height / 2, entry, ha="center", va="center", fontsize=12)
                x += 0.3
            else:
                x += _draw_block(axes, entry, largest, (x, top - height / 2), COLOURS[place // 2 % len(COLOURS)])
        widest, top = max(widest, x), top - height - 0.35
    axes.set_xlim(-0.1, widest + 0.1)
    axes.set_ylim(top + 0.2, 0.15)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _draw_block(axes: Any, block: tuple[str, int, int], largest: int, left: tuple[float, float], colour: str) -> float:
    """One matrix, its cell's left side at that point; returns the width of the cell."""
    from matplotlib.patches import Rectangle

    name, rows, columns = block
    tall, wide = _side_length(rows, largest), _side_length(columns, largest)
    cell = max(wide, 0.55)
    corner = (left[0] + (cell - wide) / 2, left[1] - tall / 2)
    axes.add_patch(Rectangle(corner, wide, tall, facecolor=colour, alpha=0.3, edgecolor=colour))
    text = f"{_plain(name)}: {rows} × {columns}"
    axes.text(left[0] + cell / 2, corner[1] - 0.03, text, ha="center", va="top", fontsize=8)
    return cell


def _side_length(count: int, largest: int) -> float:
    """How long a side is drawn: by the root, so that 2 beside 64 can still be seen."""
    return max(0.12, math.sqrt(count / largest))


_DRAWERS: Mapping[type[Panel], Callable[[Any, Any], None]] = {
    Curves: _draw_curves,
    Bars: _draw_bars,
    Grid: _draw_grid,
    Surface: _draw_surface,
    Blocks: _draw_blocks,
}
