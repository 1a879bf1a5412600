"""What a network says over the plane of its two inputs: classes as colours, probabilities as shades, numbers as a
surface; the examples of the training set as points over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import COLOURS, label
from nncli.evaluate.plots.frames.animation import Scene

# Colours that are told apart on white; classes beyond them begin again.
_CLASS_COLOURS = COLOURS[:6]
_PALEST = 0.15
# So that an example in full colour can be seen on its own class.
_STRONGEST = 0.65
_SMALL_INCHES = 1.5  # the width of a panel of the strip
_NUMBERS = "viridis"
_MOST_NAMES = 6


@dataclass(frozen=True)
class Plane:
    """The plane: names of the two inputs, limits (left, right, bottom, top), and examples as points.

    `kind` says what is predicted: `classes` (values of a frame are (rows, columns, 2): the number of the class and its
    probability), `labels` (the probability of each of the `outputs`, (rows, columns, outputs)) or `numbers`
    ((rows, columns, outputs)). Rows go from the bottom to the top. `points` is (n, 2), `truth` (n, outputs), or the
    numbers of the classes, (n, 1). `names` are those of the classes, for labels (negative, positive).
    """

    kind: str
    inputs: tuple[str, str]
    limits: tuple[float, float, float, float]
    points: np.ndarray
    truth: np.ndarray
    names: tuple[str, ...]
    outputs: tuple[str, ...]


def boundary_scene(plane: Plane, title: str) -> Scene:
    """How frames of the plane are drawn."""

    def panel(output: int) -> Any:
        return lambda axes, values: _paint(axes, plane, values, output)

    names = plane.outputs if len(plane.outputs) > 1 else ("",)
    panels = tuple((name, panel(output)) for output, name in enumerate(names))

    def finish(figure: Any, axes: Sequence[Any]) -> None:
        _explain(figure, axes, plane)

    return Scene(title, panels, (1.5, 1.62), (3.9, 3.6), finish)


def _paint(axes: Any, plane: Plane, values: np.ndarray, output: int) -> None:
    """The prediction as an image, a line where it changes sides, the examples."""
    truth = plane.truth[:, output]
    options: dict[str, Any] = {"origin": "lower", "extent": plane.limits, "aspect": "auto"}
    size = _point_size(axes, len(truth))
    if plane.kind == "classes":
        axes.imshow(_shade(values), interpolation="nearest", **options)
        colours: Any = [_CLASS_COLOURS[int(each) % len(_CLASS_COLOURS)] for each in truth]
        axes.scatter(*plane.points.T, s=size, c=colours, edgecolors="white", linewidths=0.3)
    elif plane.kind == "labels":
        shown = values[..., output]
        axes.imshow(shown, cmap=_two_colours(), vmin=0.0, vmax=1.0, interpolation="bilinear", **options)
        if shown.min() < 0.5 < shown.max():
            axes.contour(shown, levels=[0.5], extent=plane.limits, colors="black", linewidths=0.8)
        colours = [COLOURS[int(each > 0.5)] for each in truth]
        axes.scatter(*plane.points.T, s=size, c=colours, edgecolors="white", linewidths=0.3)
    else:
        low, high = _span(truth)
        axes.imshow(values[..., output], cmap=_NUMBERS, vmin=low, vmax=high, interpolation="bilinear", **options)
        axes.scatter(
            *plane.points.T, s=size, c=truth, cmap=_NUMBERS, vmin=low, vmax=high, edgecolors="black", linewidths=0.4
        )
    axes.set_xlim(plane.limits[:2])
    axes.set_ylim(plane.limits[2:])
    axes.set_xlabel(label(plane.inputs[0], 20), fontsize=8)
    axes.set_ylabel(label(plane.inputs[1], 20), fontsize=8)
    axes.tick_params(labelsize=7)


def _point_size(axes: Any, count: int) -> float:
    """The area of a point: smaller where there are many, larger on a large panel."""
    inches = axes.get_window_extent().width / axes.figure.dpi
    return (5.0 if count > 150 else 9.0) * float(max(1.0, inches / _SMALL_INCHES))


def _shade(values: np.ndarray) -> np.ndarray:
    """The colour of the class that is predicted, paler where it is less certain, (rows, columns, 3)."""
    from matplotlib.colors import to_rgb

    palette = np.array([to_rgb(colour) for colour in _CLASS_COLOURS])
    colours = palette[values[..., 0].astype(int) % len(palette)]
    strength = np.clip(values[..., 1:], _PALEST, 1.0) * _STRONGEST
    shaded: np.ndarray = 1.0 - strength * (1.0 - colours)
    return shaded


def _two_colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    pale = [tuple(1 - _STRONGEST * (1 - np.array(to_rgb(colour)))) for colour in COLOURS[:2]]
    return LinearSegmentedColormap.from_list("two", [pale[0], "white", pale[1]])


def _span(truth: np.ndarray) -> tuple[float, float]:
    """From the smallest to the largest number, of any width where there is only one."""
    low, high = float(truth.min()), float(truth.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _explain(figure: Any, axes: Sequence[Any], plane: Plane) -> None:
    """Which colour is which class, or which number."""
    if plane.kind == "numbers":
        each = len(axes) // len(plane.outputs)
        for output in range(len(plane.outputs)):
            own = axes[output * each : (output + 1) * each]
            bar = figure.colorbar(own[0].images[0], ax=list(own), fraction=0.03, pad=0.02)
            bar.ax.tick_params(labelsize=7)
        return
    from matplotlib.lines import Line2D

    palette = COLOURS[:2] if plane.kind == "labels" else _CLASS_COLOURS
    handles = [
        Line2D([], [], marker="o", linestyle="", color=palette[place % len(palette)], label=label(name, 16))
        for place, name in enumerate(plane.names[:_MOST_NAMES])
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)
