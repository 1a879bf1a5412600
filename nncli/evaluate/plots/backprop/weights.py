"""The gradient of each weight array of a network as a coloured grid; does not know where the gradients come from."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nncli.evaluate.plots.backprop.file import to_bytes
from nncli.evaluate.plots.canvas import label, new_figure, whole_numbers

_MOST = 12  # arrays in a picture
_COLUMNS = 3
_SIDE = 3.2  # inches of a panel
# A grid that is longer than wide by more than this is drawn with cells that are no squares.
_SLIM = 4


def weight_gradients(gradients: Mapping[str, np.ndarray], *, form: str = "png") -> bytes:
    """A panel for each array, as a PNG or SVG: rows are the inputs of a layer, columns its neurons.

    Blue is negative, red positive, white 0; each panel has its own scale. Arrays of more than two axes are flattened to
    (all but the last, last); the first twelve arrays are drawn.
    """
    chosen = list(gradients.items())[:_MOST]
    columns = min(_COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = new_figure(_SIDE * columns, _SIDE * rows)
    panels = np.atleast_1d(figure.subplots(rows, columns)).reshape(-1)
    for axes, (path, gradient) in zip(panels, chosen, strict=False):
        _draw_panel(figure, axes, path, gradient)
    for axes in panels[len(chosen) :]:
        axes.set_axis_off()
    figure.suptitle("∂J/∂weight", fontsize=11)
    return to_bytes(figure, form)


def _draw_panel(figure: Any, axes: Any, path: str, gradient: np.ndarray) -> None:
    grid = np.atleast_2d(gradient.reshape(-1, gradient.shape[-1]) if gradient.ndim else gradient)
    limit = float(np.abs(grid).max()) or 1.0
    high, wide = grid.shape
    aspect = "equal" if max(high, wide) <= _SLIM * min(high, wide) else "auto"
    image = axes.imshow(grid, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect=aspect, interpolation="nearest")
    axes.set_title(f"{label(path, 28)}, {' × '.join(map(str, gradient.shape))}", fontsize=9)
    axes.tick_params(labelsize=7)
    axes.set_xlabel("neuron" if gradient.ndim <= 2 else "filter", fontsize=8)
    whole_numbers(axes.xaxis)
    if gradient.ndim > 1:
        axes.set_ylabel("input", fontsize=8)
        whole_numbers(axes.yaxis)
    else:
        axes.set_yticks([])
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.ax.tick_params(labelsize=7)
