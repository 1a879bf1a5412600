"""The measures of the layers as grids, a row for each layer and a column for each measured epoch, to be shaded."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# measure -> its title, and whether its shades are of the logarithm
_MEASURES: dict[str, tuple[str, bool]] = {
    "gradient": ("gradient norm", True),
    "update": ("update / weight, over an epoch", True),
    "dead": ("dead units (relu)", False),
    "saturated": ("saturated outputs", False),
}
_SMALLEST = 1e-12  # what a logarithm takes for zero
_MOST_LAYERS = 40
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")  # as text: a formula would have to be parsed
_LEAST_DECADES = 3  # from end to end of a logarithmic scale, so that small differences look small


@dataclass(frozen=True)
class Grid:
    """One measure: float64 (layers, epochs), NaN where a layer has none, and the ends of its scale.

    With `is_logarithmic` the ends are exponents of ten.
    """

    title: str
    is_logarithmic: bool
    layers: Sequence[str]
    epochs: Sequence[int]
    values: np.ndarray
    limits: tuple[int, int]

    @property
    def shades(self) -> np.ndarray:
        """The values as they are drawn: logarithms of ten, or shares."""
        return np.log10(np.maximum(self.values, _SMALLEST)) if self.is_logarithmic else self.values

    @property
    def shares_of_layers(self) -> dict[str, list[float | None]]:
        """Where on the scale the values of each layer that has any lie, from 0 to 1."""
        low, high = self.limits
        shares = (self.shades - low) / (high - low)
        return {
            name: [None if each != each else float(each) for each in row]
            for name, row in zip(self.layers, shares, strict=True)
            if np.isfinite(row).any()
        }

    @property
    def ends(self) -> tuple[str, str]:
        """What stands at the ends of the scale."""
        marks = self.marks(2)
        return marks[0][1], marks[-1][1]

    def marks(self, count: int) -> list[tuple[int, str]]:
        """Up to `count` places on the scale, in its own unit, with what stands there."""
        if not self.is_logarithmic:
            return [(0, "0 %"), (1, "100 %")]
        places = np.unique(np.linspace(*self.limits, count).round().astype(int))
        return [(int(place), f"10{str(place).translate(_RAISED)}") for place in places]


def layer_grids(records: Sequence[Mapping[str, Any]]) -> list[Grid]:
    """A grid for each measure that some layer has, all of the same layers and epochs.

    `records` are the lines of health.jsonl. Layers without a measure are left out; of more than 40, evenly spaced ones
    are taken.
    """
    names = [str(layer["layer"]) for layer in records[0]["layers"]] if records else []
    values = {key: _values(records, names, key) for key in _MEASURES}
    values = {key: each for key, each in values.items() if np.isfinite(each).any()}
    if not values:
        return []
    rows = np.flatnonzero(np.any([np.isfinite(each).any(axis=1) for each in values.values()], axis=0))
    rows = rows[:: max(1, math.ceil(len(rows) / _MOST_LAYERS))]
    epochs = [int(record["epoch"]) for record in records]
    layers = [names[row] for row in rows]
    return [_grid(key, layers, epochs, each[rows]) for key, each in values.items()]


def _values(records: Sequence[Mapping[str, Any]], names: Sequence[str], key: str) -> np.ndarray:
    values = np.full((len(names), len(records)), np.nan)
    places = {name: place for place, name in enumerate(names)}
    for column, record in enumerate(records):
        for layer in record["layers"]:
            value = layer.get(key)
            if value is not None and math.isfinite(value) and layer["layer"] in places:
                values[places[layer["layer"]], column] = value
    return values


def _grid(key: str, layers: Sequence[str], epochs: Sequence[int], values: np.ndarray) -> Grid:
    title, is_logarithmic = _MEASURES[key]
    limits = (0, 1)
    if is_logarithmic and np.isfinite(values).any():
        exponents = np.log10(np.maximum(values, _SMALLEST))
        high = math.ceil(np.nanmax(exponents))
        limits = (min(high - _LEAST_DECADES, math.floor(np.nanmin(exponents))), high)
    return Grid(title, is_logarithmic, layers, epochs, values, limits)
