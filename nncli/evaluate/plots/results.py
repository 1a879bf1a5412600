"""Pictures of how good a model is, as PNG bytes; knows no files and no model."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import COLOURS, GREY, distinct_labels, label, new_figure, plain_frame, to_png
from nncli.evaluate.worst import WorstExample

_MOST_CELLS_WITH_TEXT = 40  # classes; above, the numbers would be smaller than can be read
_MOST_POINTS = 20_000
_MOST_PANELS = 9

# Characters of a file name above an image that is 1.85 inches wide.
_LONGEST_PLACE = 26


def confusion_matrix(counts: np.ndarray, names: Sequence[str]) -> bytes:
    """The confusion matrix (classes, classes), rows true and columns predicted, as a PNG.

    The colour is the share of the row, so that rare classes can be read as well; the number is the count.
    """
    counts = np.asarray(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    classes = len(names)
    cell = min(0.9, max(0.42, 4.0 / classes)) if classes <= _MOST_CELLS_WITH_TEXT else 14.0 / classes
    figure = new_figure(cell * classes + 3.0, cell * classes + 1.8)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    labels = distinct_labels(names)
    size = min(9.0, 72 * cell * 0.8)
    too_long = max(len(text) for text in labels) * _letter_width(size) > cell
    axes.set_xticks(range(classes), labels, fontsize=size, rotation=90 if too_long else 0)
    axes.set_yticks(range(classes), labels, fontsize=size)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"{int(np.trace(counts))} of {int(counts.sum())} right", fontsize=11)
    if classes <= _MOST_CELLS_WITH_TEXT:
        _write_counts(axes, counts, shares, cell)
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#EEEEEE", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    figure.colorbar(image, ax=axes, shrink=0.75, label="share of the true class")
    return to_png(figure)


def _letter_width(points: float) -> float:
    """About how wide a letter of that size is, in inches."""
    return 0.62 * points / 72


def _write_counts(axes: Any, counts: np.ndarray, shares: np.ndarray, cell: float) -> None:
    """The count in each cell that has one, in a size that the longest fits in."""
    digits = len(str(int(counts.max())))
    size = min(10.0, 0.85 * cell / (digits * _letter_width(1.0)))
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = f"{int(counts[row, column])}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def true_against_predicted(targets: np.ndarray, predictions: np.ndarray, names: Sequence[str]) -> bytes:
    """Each row of a regression as a point, true value across and predicted value up, a panel a column, as a PNG.

    Both arrays are (n, columns). Above 20,000 rows evenly spaced ones are drawn, above nine columns the first.
    """
    step = max(1, math.ceil(len(targets) / _MOST_POINTS))
    panels = min(len(names), _MOST_PANELS)
    columns = math.ceil(math.sqrt(panels))
    rows = math.ceil(panels / columns)
    figure = new_figure(0.6 + 4.2 * columns, 0.4 + 4.0 * rows)
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for index, axes in enumerate(grid):
        if index >= panels:
            axes.set_visible(False)
            continue
        _draw_points(axes, targets[::step, index], predictions[::step, index])
        axes.set_title(label(names[index], 40), fontsize=11)
    return to_png(figure)


def _draw_points(axes: Any, targets: np.ndarray, predictions: np.ndarray) -> None:
    many = len(targets) > 1000
    lowest = float(min(targets.min(), predictions.min()))
    highest = float(max(targets.max(), predictions.max()))
    margin = 0.04 * (highest - lowest) or 1.0
    limits = (lowest - margin, highest + margin)
    axes.plot(limits, limits, "--", color=GREY, linewidth=1)
    axes.scatter(targets, predictions, s=5 if many else 18, alpha=0.25 if many else 0.6, color=COLOURS[0], linewidths=0)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_aspect("equal")
    axes.locator_params(nbins=6)
    plain_frame(axes)
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")


def worst_images(images: np.ndarray, examples: Sequence[WorstExample], places: Sequence[str]) -> bytes:
    """A contact sheet as a PNG: the images (n, height, width, channels) with truth, prediction and probability.

    `places` names the file or row of each, which stands above it; of a long path the end is shown.
    """
    columns = max(2, math.ceil(math.sqrt(len(examples))))
    rows = max(1, math.ceil(len(examples) / columns))
    figure = new_figure(1.85 * columns, 0.45 + 2.25 * rows)
    figure.suptitle("Largest losses", fontsize=11)
    brightest = float(np.max(images)) if len(images) else 1.0
    for index, axes in enumerate(np.atleast_1d(figure.subplots(rows, columns)).ravel()):
        axes.set_axis_off()
        if index < len(examples):
            axes.imshow(_picture(images[index], brightest), cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
            axes.set_title(f"{_end_of(places[index])}\n{_caption(examples[index])}", fontsize=8)
    return to_png(figure)


def _picture(image: np.ndarray, brightest: float) -> np.ndarray:
    """Values from 0 to 1, (height, width) for a grey image, (height, width, 3 or 4) else."""
    lowest = min(0.0, float(np.min(image)))
    picture: np.ndarray = (image.astype(np.float64) - lowest) / max(brightest - lowest, 1e-12)
    return picture if image.shape[-1] in (3, 4) else picture[..., 0]


def _caption(example: WorstExample) -> str:
    true, predicted = _answer(example.true), _answer(example.predicted)
    if example.probability is None:
        return f"true {true}\npredicted {predicted}"
    verdict = "right, but only" if true == predicted else "at"
    percent = f"{100 * example.probability:.0f} %"
    return f"true {true}\npredicted {predicted}\n{verdict} {percent}"


def _end_of(place: str) -> str:
    """A path cut at its start, where it differs least from the others."""
    shown = place if len(place) <= _LONGEST_PLACE else f"...{place[3 - _LONGEST_PLACE :]}"
    return label(shown, _LONGEST_PLACE)


def _answer(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return label(", ".join(_answer(item) for item in value) or "none")
    return label(value, 16)
