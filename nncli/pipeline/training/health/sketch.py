"""The layers over the epochs as characters, where a verdict is about them: a row each, from the output down."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.console.sparkline import sparkline

# The verdict, the measure it is about, its title, and whether the bars are of the logarithm.
_MEASURES = (
    ("vanishing", "gradient", "gradient norm, logarithmic", True),
    ("exploding", "gradient", "gradient norm, logarithmic", True),
    ("dead", "dead", "share of dead units", False),
    ("saturated", "saturated", "share of saturated outputs", False),
)
_SMALLEST = 1e-12  # what a logarithm takes for zero
_MOST_LAYERS = 12


def sketch_layers(records: Sequence[Mapping[str, Any]], rules: Sequence[str], width: int) -> list[str]:
    """Lines of at most `width` columns with the measure that the first of the verdicts `rules` is about.

    `records` are the lines of health.jsonl. [] where no verdict is about layers, or where the lines would be too long.
    Of more than 12 layers, evenly spaced ones are drawn.
    """
    chosen = next((each for each in _MEASURES if each[0] in rules), None)
    if chosen is None or len(records) < 2:
        return []
    _, key, title, is_logarithmic = chosen
    courses = {name: values for name, values in _courses(records, key).items() if values}
    names = list(courses)[:: -max(1, -(-len(courses) // _MOST_LAYERS))]
    room = width - max(map(len, names), default=0) - 28
    if not names or room < 1:
        return []
    scaled = {name: [_scale(value, is_logarithmic) for value in courses[name]] for name in names}
    every = [value for values in scaled.values() for value in values]
    limits = (min(every), max(every)) if is_logarithmic else (0.0, 1.0)
    lines = [f"{title}, from the output down to the input, epochs {records[0]['epoch']} to {records[-1]['epoch']}:"]
    for name in names:
        bars = sparkline(scaled[name], room, limits=limits)
        ends = f"{courses[name][0]:.2g} to {courses[name][-1]:.2g}"
        lines.append(f"  {name:<{max(map(len, names))}}  {bars}  {ends}")
    return lines


def _courses(records: Sequence[Mapping[str, Any]], key: str) -> dict[str, list[float]]:
    courses: dict[str, list[float]] = {str(layer["layer"]): [] for layer in records[0]["layers"]}
    for record in records:
        for layer in record["layers"]:
            if layer.get(key) is not None and math.isfinite(layer[key]):
                courses[str(layer["layer"])].append(float(layer[key]))
    return courses


def _scale(value: float, is_logarithmic: bool) -> float:
    return math.log10(max(value, _SMALLEST)) if is_logarithmic else value
