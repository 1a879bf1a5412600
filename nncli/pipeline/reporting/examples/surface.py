"""What a network says over the plane of its two inputs, as a small picture with the training rows as points."""

from typing import Any

import numpy as np

from nncli.config.facts import Task
from nncli.data.dataset import Part
from nncli.evaluate.plots.canvas import COLOURS
from nncli.evaluate.plots.images.thumbnails import colour_map
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.reporting.examples.own_rows import OwnRows
from nncli.pipeline.reporting.tables import show
from nncli.report.page import data_uri

_SIDE = 100
_MOST_POINTS = 400
_MARGIN = 0.08
_CLASSES = 6  # as many colours as can be told apart
_LOW, _HIGH = np.array([247, 251, 255]) / 255, np.array([8, 48, 107]) / 255  # of numbers


def has_plane(run: OpenRun) -> bool:
    """Whether the network has two numbers as its inputs, and one output or classes."""
    inputs, target = run.facts.inputs, run.facts.target
    if inputs.kind != "table" or len(inputs.numbers) != 2 or inputs.categories or inputs.dates:
        return False
    return len(target.classes) <= _CLASSES and (target.task is Task.MULTICLASS or target.outputs == 1)


def draw_surface(run: OpenRun, own: OwnRows) -> dict[str, Any]:
    """The picture, where the points lie in it (from 0 to 1), its limits and what its colours mean."""
    inputs, target, part = run.facts.inputs, run.facts.target, own.dataset.train
    points, truth = _points(part)
    low, high = _limits(points)
    across, up = np.meshgrid(np.linspace(low[0], high[0], _SIDE), np.linspace(high[1], low[1], _SIDE))
    grid = np.stack([across.ravel(), up.ravel()], axis=1).astype(np.float32)
    outputs = own.predictor.predict({"numbers": grid}).astype(np.float64)
    places = (points - low) / (high - low)
    if target.task.is_regression:
        ends = float(truth.min()), float(truth.max())
        share = _share(outputs[:, 0], *ends)[:, None]
        colours, looks = _LOW + share * (_HIGH - _LOW), np.zeros(len(points), dtype=int)
        legend = [f"light {show(ends[0])} to dark {show(ends[1])}: {target.columns[0]}"]
    else:
        colours, looks = _class_colours(outputs), truth.astype(int)
        legend = list(target.classes or ("no", "yes"))
    names = [column.name for column in inputs.numbers] if inputs.kind == "table" else ["", ""]
    return {
        "uri": data_uri(colour_map(colours.reshape(_SIDE, _SIDE, 3))),
        "points": [
            (round(float(x), 4), round(1 - float(y), 4), int(look)) for (x, y), look in zip(places, looks, strict=True)
        ],
        "names": names,
        "low": [show(float(each)) for each in low],
        "high": [show(float(each)) for each in high],
        "legend": legend,
        "is_number": target.task.is_regression,
    }


def _points(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Training rows without gaps, (n, 2) and (n,); evenly chosen if there are many."""
    points = part.inputs["numbers"].astype(np.float64)
    whole = np.flatnonzero(np.isfinite(points).all(axis=1))
    rows = whole[:: max(1, -(-len(whole) // _MOST_POINTS))]
    return points[rows], part.targets.reshape(len(part), -1)[rows, 0]


def _limits(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, (high - low) * _MARGIN, 1.0)
    return low - margin, high + margin


def _share(values: np.ndarray, low: float, high: float) -> np.ndarray:
    share: np.ndarray = np.clip((values - low) / max(high - low, 1e-12), 0.0, 1.0)
    return share


def _class_colours(outputs: np.ndarray) -> np.ndarray:
    """The colour of the class that is predicted, (n, 3) from 0 to 1; paler where it is less certain."""
    probabilities = np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs
    palette = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in COLOURS[:_CLASSES]])
    best = probabilities.max(axis=1, keepdims=True)
    least = 1.0 / probabilities.shape[1]
    strength = 0.1 + 0.5 * np.clip((best - least) / (1.0 - least), 0.0, 1.0)
    colours: np.ndarray = 1.0 - strength * (1.0 - palette[probabilities.argmax(axis=1)])
    return colours
