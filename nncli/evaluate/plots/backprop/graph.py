"""A computation graph with its forward values and its gradients, from left to right; does not know what it computes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nncli.evaluate.plots.backprop.file import to_bytes
from nncli.evaluate.plots.canvas import COLOURS, GREY, new_figure

# Inches between layers and between rows, and around the graph.
_ACROSS, _DOWN = 1.9, 1.05
_MARGIN = 0.5
# Inches that a picture is at most wide or high; a longer graph is drawn smaller.
_LARGEST = 40.0
_FORWARD, _BACKWARD = COLOURS[0], COLOURS[1]
# Half the size of a node, in layers and rows.
_HALF_WIDTH, _HALF_HEIGHT = 0.29, 0.22

Point = tuple[float, float]


@dataclass(frozen=True)
class DrawnNode:
    """A box at (layer, row) with a name and a formula; `value` and `gradient` are left out where they are ""."""

    place: Point
    name: str
    formula: str
    value: str
    gradient: str


@dataclass(frozen=True)
class DrawnEdge:
    """A line through points, from the place of a node to that of the one it goes into, and its local derivative."""

    points: Sequence[Point]
    derivative: str


def computation_graph(
    nodes: Sequence[DrawnNode], edges: Sequence[DrawnEdge], *, gradient: str, form: str = "png"
) -> bytes:
    """The graph as a PNG or SVG: values above the nodes, gradients below, local derivatives beside the edges.

    `gradient` is what the numbers below the nodes are, such as ∂J/∂node.
    """
    columns = [node.place[0] for node in nodes]
    rows = [node.place[1] for node in nodes] + [point[1] for edge in edges for point in edge.points]
    wide = (max(columns) - min(columns) + 1) * _ACROSS + 2 * _MARGIN
    high = (max(rows) - min(rows) + 1) * _DOWN + 2 * _MARGIN
    scale = min(1.0, _LARGEST / max(wide, high))
    figure = new_figure(wide * scale, high * scale)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(min(columns) - 0.5, max(columns) + 0.5)
    axes.set_ylim(min(rows) - 0.55, max(rows) + 0.55)
    for edge in edges:
        _draw_edge(axes, edge, scale)
    for node in nodes:
        _draw_node(axes, node, scale)
    _add_legend(figure, gradient, has_numbers=any(node.gradient for node in nodes))
    return to_bytes(figure, form)


def _draw_node(axes: Any, node: DrawnNode, scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = node.place
    box = FancyBboxPatch(
        (x - _HALF_WIDTH, y - _HALF_HEIGHT),
        2 * _HALF_WIDTH,
        2 * _HALF_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor="white" if node.formula else "#F0F0F0",
        edgecolor="black",
        linewidth=1.1 * scale,
        zorder=2,
    )
    axes.add_patch(box)
    text = f"{node.name} = {node.formula}" if node.formula else node.name
    size = 11 * min(1.0, 12.5 / max(len(text), 1)) * scale
    axes.text(x, y, text.replace("$", r"\$"), ha="center", va="center", fontsize=max(size, 3 * scale), zorder=3)
    told = {"ha": "center", "fontsize": 10 * scale, "zorder": 3}
    axes.text(x, y + _HALF_HEIGHT + 0.03, node.value, va="bottom", color=_FORWARD, **told)
    axes.text(x, y - _HALF_HEIGHT - 0.03, node.gradient, va="top", color=_BACKWARD, **told)


def _draw_edge(axes: Any, edge: DrawnEdge, scale: float) -> None:
    """A line from the right side of a box to the left side of another; its text stands before the last piece's end."""
    (x0, y0), *between, (x1, y1) = edge.points
    points = [(x0 + _HALF_WIDTH, y0), *between, (x1 - _HALF_WIDTH, y1)]
    if len(points) > 2:
        axes.plot(*zip(*points[:-1], strict=True), color=GREY, linewidth=1.1 * scale, zorder=1)
    arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.1 * scale, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=points[-1], xytext=points[-2], arrowprops=arrow, zorder=1)
    (xa, ya), (xb, yb) = points[-2:]
    axes.text(
        (xa + xb) / 2,
        (ya + yb) / 2,
        edge.derivative,
        ha="center",
        va="center",
        color=GREY,
        fontsize=8.5 * scale,
        zorder=2,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
    )


def _add_legend(figure: Any, gradient: str, *, has_numbers: bool) -> None:
    from matplotlib.lines import Line2D

    told = {"value, forward": _FORWARD, f"{gradient}, backward": _BACKWARD, "local derivative": GREY}
    told = told if has_numbers else {}
    if told:
        handles = [Line2D([], [], color=colour, marker="s", linestyle="", label=text) for text, colour in told.items()]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9, handletextpad=0.1
        )
