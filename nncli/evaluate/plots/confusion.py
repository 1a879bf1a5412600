"""What a classifier says about each class: the confusion matrix, and how probable it finds the truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import (
    COLOURS,
    Picture,
    distinct_labels,
    label,
    new_figure,
    plain_frame,
    to_picture,
    to_png,
)

_MOST_CELLS_WITH_TEXT = 40  # classes; above, the numbers would be smaller than can be read
_BINS = 20


def confusion_matrix(counts: np.ndarray, names: Sequence[str], target: str = "class") -> bytes:
    """The confusion matrix (classes, classes), rows true and columns predicted values of `target`, as a PNG.

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
    axes.set_xlabel(f"predicted {label(target, 30)}")
    axes.set_ylabel(f"true {label(target, 30)}")
    right, rows = int(np.trace(counts)), int(counts.sum())
    axes.set_title(f"accuracy {right / max(rows, 1):.4g} ({right:,} of {rows:,} right)", fontsize=11)
    if classes <= _MOST_CELLS_WITH_TEXT:
        _write_counts(axes, counts, shares, cell)
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#EEEEEE", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    figure.colorbar(image, ax=axes, shrink=0.75, label=f"share of the true {label(target, 20)}")
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


def probabilities(
    targets: np.ndarray, predictions: np.ndarray, names: Sequence[str], target: str, threshold: float = 0.5
) -> Picture:
    """How probable a binary model finds its positive class, rows (n, 1) of each true class apart.

    Two heaps at the two ends are a sure model; a heap on the wrong side are its mistakes.
    """
    figure = new_figure(5.6, 3.6)
    axes = figure.subplots()
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    chosen = [predictions[:, 0][targets[:, 0] == value] for value in (0, 1)]
    told = [f"true: {label(name, 24)} ({len(values):,})" for name, values in zip(names, chosen, strict=True)]
    axes.hist(chosen, bins=edges, label=told, color=[COLOURS[1], COLOURS[0]], histtype="bar")
    axes.axvline(threshold, color="#777777", linewidth=1, linestyle=":", label="decision threshold")
    axes.set_xlim(0.0, 1.0)
    plain_frame(axes)
    axes.set_xlabel(f"predicted probability of {label(target, 24)} = {label(names[1], 24)}")
    axes.set_ylabel("rows")
    axes.legend(frameon=False, fontsize=9)
    return to_picture(figure)


def label_bars(labels: Sequence[dict[str, Any]]) -> Picture:
    """Precision, recall and F1 of each label beside the share of rows that have it.

    `labels` are those of `metrics.measure`: "name", "precision", "recall", "f1" and "support" of each, "rows" in all.
    """
    names = distinct_labels([entry["name"] for entry in labels], 28)
    figure = new_figure(6.4, 1.2 + 0.62 * len(names))
    axes = figure.subplots()
    places = np.arange(len(names), dtype=np.float64)
    for index, metric in enumerate(("precision", "recall", "f1")):
        values = [np.nan if entry[metric] is None else entry[metric] for entry in labels]
        axes.barh(places + (index - 1) * 0.26, values, height=0.24, color=COLOURS[index], label=metric)
    shares = [entry["share"] for entry in labels]
    axes.plot(shares, places, "k|", markersize=22, markeredgewidth=2, label="share of rows with the label")
    axes.set_yticks(places, names, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.0)
    plain_frame(axes)
    axes.set_xlabel("share (0 to 1)")
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return to_picture(figure)
