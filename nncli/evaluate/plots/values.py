"""Predicted against true values of a regression, and what is left over: the residuals."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import (
    COLOURS,
    GREY,
    MOST_VECTOR_POINTS,
    Picture,
    label,
    new_figure,
    plain_frame,
    thousands,
    to_picture,
)

_MOST_POINTS = 20_000
_MOST_PANELS = 9


def true_against_predicted(targets: np.ndarray, predictions: np.ndarray, names: Sequence[str]) -> Picture:
    """Each row of a regression as a point, true value across and predicted value up, a panel a column.

    Both arrays are (n, columns). Above 20,000 rows evenly spaced ones are drawn, above nine columns the first. The
    error and R² in the title are those of all rows. A line at zero is drawn where values or predictions are below it.
    """
    step = max(1, math.ceil(len(targets) / _MOST_POINTS))
    panels = min(len(names), _MOST_PANELS)
    columns = math.ceil(math.sqrt(panels))
    rows = math.ceil(panels / columns)
    figure = new_figure(0.6 + 4.2 * columns, 0.4 + 4.2 * rows)
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for index, axes in enumerate(grid):
        if index >= panels:
            axes.set_visible(False)
            continue
        truth, answers = targets[:, index], predictions[:, index]
        drawn = _draw_points(axes, truth[::step], answers[::step], label(names[index], 30))
        drawn.set_rasterized(panels * math.ceil(len(truth) / step) > MOST_VECTOR_POINTS)
        axes.set_title(_title(truth, answers, step), fontsize=10)
    return to_picture(figure)


def residuals(targets: np.ndarray, predictions: np.ndarray, names: Sequence[str]) -> Picture:
    """Each row's residual (true minus predicted) over its predicted value, a panel a column.

    Both arrays are (n, columns). Rows and columns are drawn as in `true_against_predicted`.
    """
    step = max(1, math.ceil(len(targets) / _MOST_POINTS))
    panels = min(len(names), _MOST_PANELS)
    figure = new_figure(7.0, 0.4 + 3.2 * panels)
    for index, axes in enumerate(np.atleast_1d(figure.subplots(panels, 1)).ravel()):
        answers = predictions[::step, index]
        left = targets[::step, index] - answers
        axes.axhline(0, linestyle="--", color=GREY, linewidth=1)
        many = len(left) > 1000
        size, strength = (5, 0.25) if many else (18, 0.6)
        drawn = axes.scatter(answers, left, s=size, alpha=strength, color=COLOURS[0], linewidths=0)
        drawn.set_rasterized(panels * len(left) > MOST_VECTOR_POINTS)
        plain_frame(axes)
        thousands(axes.xaxis, axes.get_xlim())
        thousands(axes.yaxis, axes.get_ylim())
        axes.set_xlabel(f"predicted {label(names[index], 30)}")
        axes.set_ylabel("true - predicted")
    return to_picture(figure)


def _title(targets: np.ndarray, predictions: np.ndarray, step: int) -> str:
    errors = targets - predictions
    spread = float(((targets - targets.mean()) ** 2).sum())
    told = [f"mean absolute error {np.abs(errors).mean():,.4g}"]
    if spread > 0:
        told.append(f"R² {1 - float((errors**2).sum()) / spread:.4g}")
    ordinal = {2: "2nd", 3: "3rd"}.get(step, f"{step}th")
    drawn = f"\nevery {ordinal} of {len(targets):,} rows drawn" if step > 1 else ""
    return ", ".join(told) + drawn


def _draw_points(axes: Any, targets: np.ndarray, predictions: np.ndarray, name: str) -> Any:
    many = len(targets) > 1000
    lowest = float(min(targets.min(), predictions.min()))
    highest = float(max(targets.max(), predictions.max()))
    margin = 0.04 * (highest - lowest) or 1.0
    limits = (lowest - margin, highest + margin)
    axes.plot(limits, limits, "--", color=GREY, linewidth=1)
    if lowest < 0 < highest:
        axes.axhline(0, color="#BBBBBB", linewidth=1)
        axes.axvline(0, color="#BBBBBB", linewidth=1)
    size, strength = (5, 0.25) if many else (18, 0.6)
    drawn = axes.scatter(targets, predictions, s=size, alpha=strength, color=COLOURS[0], linewidths=0)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_aspect("equal")
    axes.locator_params(nbins=6)
    plain_frame(axes)
    thousands(axes.xaxis, limits)
    thousands(axes.yaxis, limits)
    axes.set_xlabel(f"true {name}")
    axes.set_ylabel(f"predicted {name}")
    return drawn
