"""The health of a training as heat maps: a row for each layer, a column for each epoch that was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.evaluate.health.grids import Grid, layer_grids
from nncli.evaluate.plots.canvas import label, new_figure, to_png

_TICKS = 6


def health_maps(records: Sequence[Mapping[str, Any]], *, run: str = "") -> bytes | None:
    """Gradient, update, dead and saturated shares of the layers over the epochs, a PNG; None without a layer.

    `records` are the lines of health.jsonl. A panel that no layer has a measure for is left out. White is where there
    is no measure.
    """
    grids = layer_grids(records)
    if not grids:
        return None
    layers = grids[0].layers
    figure = new_figure(1.6 + 3.4 * len(grids), 1.5 + 0.3 * max(4, len(layers)))
    panels = np.atleast_1d(figure.subplots(1, len(grids), sharey=True))
    for axes, grid in zip(panels, grids, strict=True):
        _draw(figure, axes, grid)
    panels[0].set_yticks(range(len(layers)), [label(name, 34) for name in layers])
    if run:
        figure.suptitle(label(run, 60), fontsize=11)
    return to_png(figure)


def _draw(figure: Any, axes: Any, grid: Grid) -> None:
    colours = "cividis" if grid.is_logarithmic else "magma_r"
    image = axes.imshow(grid.shades, aspect="auto", cmap=colours, interpolation="nearest")
    image.set_clim(*grid.limits)
    axes.set_title(grid.title, fontsize=10)
    axes.set_xlabel("epoch (0: untrained)")
    count = len(grid.epochs)
    places = np.unique(np.linspace(0, count - 1, min(_TICKS, count)).round().astype(int))
    axes.set_xticks(places, [str(grid.epochs[place]) for place in places])
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.9)
    ticks, labels = zip(*grid.marks(4), strict=True)
    bar.set_ticks(ticks, labels=labels)
