"""The weights of a first layer as pictures: a tile for each unit or kernel, or a table of units and inputs."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import label
from nncli.evaluate.plots.frames.animation import Frame, Scene

_MOST_LABELS = 32
_LARGE_INCHES = 2.0  # a panel of the animation, not of the strip


def tiles_scene(frames: Sequence[Frame], title: str, names: Sequence[str] = ()) -> Scene:
    """How kernels are drawn, (height, width, channels, units): a tile for each unit.

    Three channels are drawn in colour, with grey for zero; otherwise red is positive, blue negative, white zero, and
    several channels are summed up by their mean. All frames share the scale of the last one. `names` are those of the
    units, written into the corners of their tiles.
    """
    limit = _limit(frames[-1].values)
    corners = _corners(frames[-1].values)

    def paint(axes: Any, values: np.ndarray) -> None:
        picture = mosaic(values)
        if picture.ndim == 3:
            axes.imshow(np.nan_to_num(np.clip(0.5 + picture / (2 * limit), 0, 1), nan=1.0), interpolation="nearest")
        else:
            axes.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        size = 5 if axes.get_window_extent().width < _LARGE_INCHES * axes.figure.dpi else 9
        behind = {"boxstyle": "square,pad=0.1", "facecolor": "white", "alpha": 0.7, "linewidth": 0}
        for name, (top, left) in zip(names, corners, strict=False):
            axes.text(left - 0.4, top - 0.4, label(name, 8), fontsize=size, ha="left", va="top", bbox=behind)
        axes.set(xticks=[], yticks=[])
        axes.set_frame_on(False)

    colours = frames[-1].values.shape[2] == 3
    return Scene(title, (("", paint),), (1.5, 1.62), (4.2, 4.2), lambda figure, axes: _scale(figure, axes, colours))


def matrix_scene(frames: Sequence[Frame], title: str, inputs: Sequence[str]) -> Scene:
    """How a matrix of weights is drawn, (inputs, units): a row for each unit, a column for each input."""
    limit = _limit(frames[-1].values)
    rows, columns = frames[-1].values.shape[1], frames[-1].values.shape[0]
    names = [label(name, 14) for name in inputs] if len(inputs) <= _MOST_LABELS else []

    def paint(axes: Any, values: np.ndarray) -> None:
        axes.imshow(values.T, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest", aspect="auto")
        if names:
            axes.set_xticks(range(columns), names, rotation=90, fontsize=6)
        axes.set_yticks(range(rows) if rows <= _MOST_LABELS else [])
        axes.set_yticklabels([str(row + 1) for row in range(rows)] if rows <= _MOST_LABELS else [], fontsize=6)
        axes.set_xlabel("input", fontsize=8)
        axes.set_ylabel("unit", fontsize=8)

    height = max(2.4, min(5.0, 0.16 * rows + 1.4))
    width = max(3.2, min(7.0, 0.2 * columns + 1.2))
    return Scene(title, (("", paint),), (1.5, 1.62), (width, height), lambda figure, axes: _scale(figure, axes, False))


def mosaic(kernels: np.ndarray) -> np.ndarray:
    """The tiles of (height, width, channels, units) in a square with a pixel of NaN between them.

    (rows, columns), or (rows, columns, 3) for three channels.
    """
    height, width, channels, _ = kernels.shape
    shown = kernels if channels == 3 else kernels.mean(axis=2, keepdims=True)
    corners = _corners(kernels)
    down, across = np.max(corners, axis=0) + np.array([height, width])
    picture = np.full((down, across, shown.shape[2]), np.nan)
    for unit, (top, left) in enumerate(corners):
        picture[top : top + height, left : left + width] = shown[..., unit]
    return picture if channels == 3 else picture[..., 0]


def _corners(kernels: np.ndarray) -> list[tuple[int, int]]:
    """The row and the column in the mosaic where each unit's tile begins."""
    height, width, _, units = kernels.shape
    across = math.ceil(math.sqrt(units))
    return [(unit // across * (height + 1), unit % across * (width + 1)) for unit in range(units)]


def _limit(weights: np.ndarray) -> float:
    """The size that is drawn darkest; a few weights may be larger."""
    return max(float(np.quantile(np.abs(weights), 0.97)), 1e-9)


def _scale(figure: Any, axes: Sequence[Any], colours: bool) -> None:
    if not colours:
        bar = figure.colorbar(axes[0].images[0], ax=list(axes), fraction=0.03, pad=0.02)
        bar.ax.tick_params(labelsize=7)
