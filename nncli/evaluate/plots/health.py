"""The health of a training as heat maps: a row for each layer, a column for each epoch that was measured."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import Picture, label, new_figure, to_picture

# measure -> its title, and whether its colours are of the logarithm
_PANELS: dict[str, tuple[str, bool]] = {
    "gradient": ("gradient norm", True),
    "update": ("update / weight, over an epoch", True),
    "dead": ("dead units (relu)", False),
    "saturated": ("saturated outputs", False),
}
_SMALLEST = 1e-12  # what a logarithm takes for zero
_MOST_LAYERS = 40
_TICKS = 6
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")  # as text: a formula would have to be parsed


def health_maps(records: Sequence[Mapping[str, Any]], *, run: str = "") -> Picture | None:
    """Gradient, update, dead and saturated shares of the layers over the epochs; None without a layer.

    `records` are the lines of health.jsonl. A panel that no layer has a measure for is left out, and so are layers
    without any. Of more than 40 layers, evenly spaced ones are drawn. White is where there is no measure.
    """
    names = [str(layer["layer"]) for layer in records[0]["layers"]] if records else []
    panels = {key: _grid(records, names, key) for key in _PANELS}
    panels = {key: grid for key, grid in panels.items() if np.isfinite(grid).any()}
    if not panels:
        return None
    rows = np.flatnonzero(np.any([np.isfinite(grid).any(axis=1) for grid in panels.values()], axis=0))
    rows = rows[:: max(1, math.ceil(len(rows) / _MOST_LAYERS))]
    figure = new_figure(1.6 + 3.4 * len(panels), 1.5 + 0.3 * max(4, len(rows)))
    grid_of_axes = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
    for axes, (key, grid) in zip(grid_of_axes, panels.items(), strict=True):
        _draw(figure, axes, grid[rows], key, [int(record["epoch"]) for record in records])
    grid_of_axes[0].set_yticks(range(len(rows)), [label(names[row], 34) for row in rows])
    if run:
        figure.suptitle(label(run, 60), fontsize=11)
    return to_picture(figure)


def _grid(records: Sequence[Mapping[str, Any]], names: Sequence[str], key: str) -> np.ndarray:
    """One measure, float64 (layers, records), NaN where a layer has none."""
    grid = np.full((len(names), len(records)), np.nan)
    places = {name: place for place, name in enumerate(names)}
    for column, record in enumerate(records):
        for layer in record["layers"]:
            if layer.get(key) is not None and layer["layer"] in places:
                grid[places[layer["layer"]], column] = float(layer[key])
    return grid


def _draw(figure: Any, axes: Any, grid: np.ndarray, key: str, epochs: Sequence[int]) -> None:
    title, is_logarithmic = _PANELS[key]
    if is_logarithmic:
        values = np.log10(np.maximum(grid, _SMALLEST))
        # At least a factor of 1000 from end to end, so that small differences look small.
        high = math.ceil(np.nanmax(values))
        limits = (min(high - 3, math.floor(np.nanmin(values))), high)
    else:
        values, limits = grid, (0, 1)
    image = axes.imshow(values, aspect="auto", cmap="cividis" if is_logarithmic else "magma_r", interpolation="nearest")
    image.set_clim(*limits)
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("epoch (0: untrained)")
    places = np.unique(np.linspace(0, len(epochs) - 1, min(_TICKS, len(epochs))).round().astype(int))
    axes.set_xticks(places, [str(epochs[place]) for place in places])
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.9)
    if is_logarithmic:
        ticks = np.unique(np.linspace(limits[0], limits[1], 4).round().astype(int))
        bar.set_ticks(ticks, labels=[f"10{str(tick).translate(_RAISED)}" for tick in ticks])
    else:
        bar.set_ticks([0, 0.5, 1], labels=["0 %", "50 %", "100 %"])
