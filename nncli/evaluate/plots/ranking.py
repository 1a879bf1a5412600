"""How well probabilities put positive rows before negative ones: ROC and precision-recall curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import (
    COLOURS,
    GREY,
    LINE_STYLES,
    Picture,
    distinct_labels,
    new_figure,
    plain_frame,
    to_picture,
)

_MOST_CURVES = 7
_STEPS = 300  # to each side of a panel; points that are closer together fall on one pixel


def class_curves(targets: np.ndarray, probabilities: np.ndarray, names: Sequence[str]) -> Picture | None:
    """The curves of each class of several against the rest, from classes (n,) and probabilities (n, classes).

    Above seven classes those with the smallest average precision are drawn.
    """
    from sklearn.metrics import average_precision_score

    truth = np.asarray(targets).reshape(-1, 1) == np.arange(len(names))
    present = [index for index in range(len(names)) if 0 < truth[:, index].sum() < len(truth)]
    scores = {index: average_precision_score(truth[:, index], probabilities[:, index]) for index in present}
    hardest = sorted(sorted(present, key=lambda index: scores[index])[:_MOST_CURVES])
    shown = [names[index] for index in hardest]
    note = f"the {len(shown)} hardest of {len(names)} classes, each against the rest"
    title = note if len(shown) < len(present) else "each class against the rest"
    return ranking_curves(truth[:, hardest], probabilities[:, hardest], shown, title)


def ranking_curves(
    targets: np.ndarray, probabilities: np.ndarray, names: Sequence[str], title: str = ""
) -> Picture | None:
    """The ROC curve (left) and the precision-recall curve (right) of each column, as scikit-learn has them.

    Both arrays are (n, columns): one column for binary, named by its positive class, or one for each label. Columns
    with only positive or only negative rows have no curve; None where no column has one. Above seven the first are
    drawn.
    """
    truth = np.asarray(targets) > 0.5
    drawable = [index for index in range(len(names)) if 0 < truth[:, index].sum() < len(truth)]
    if not drawable:
        return None
    figure = new_figure(10.0, 5.2)
    left, right = figure.subplots(1, 2)
    labels = distinct_labels(names, 20)
    for place, index in enumerate(drawable[:_MOST_CURVES]):
        style = {"color": COLOURS[place % len(COLOURS)], "linestyle": LINE_STYLES[place % len(LINE_STYLES)]}
        _draw_column(left, right, truth[:, index], probabilities[:, index], labels[index], style)
    left.plot([0, 1], [0, 1], ":", color=GREY, linewidth=1, label="guessing")
    _finish(left, "false positive rate", "true positive rate (recall)", "lower right")
    _finish(right, "recall", "precision", "lower left")
    if title:
        figure.suptitle(title, fontsize=11)
    return to_picture(figure)


def _draw_column(
    left: Any, right: Any, truth: np.ndarray, scores: np.ndarray, name: str, style: dict[str, Any]
) -> None:
    """The curves of one column; the dotted line is the precision of guessing, the share of positive rows."""
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    false_positives, true_positives, _ = roc_curve(truth, scores)
    left.plot(
        *_thin_out(false_positives, true_positives), label=f"{name}: AUC {roc_auc_score(truth, scores):.4f}", **style
    )
    precision, recall, _ = precision_recall_curve(truth, scores)
    told = f"{name}: average precision {average_precision_score(truth, scores):.4f}"
    right.plot(*_thin_out(recall, precision), drawstyle="steps-post", label=told, **style)
    right.axhline(float(truth.mean()), linestyle=":", color=style["color"], linewidth=1)


def _thin_out(across: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of many points, the first and the last of those in a row within one of 300 × 300 fields."""
    if len(across) <= _STEPS:
        return across, up
    fields = np.round(across * _STEPS) * (_STEPS + 1) + np.round(up * _STEPS)
    moves = np.diff(fields) != 0
    chosen = np.append(True, moves) | np.append(moves, True)
    return across[chosen], up[chosen]


def _finish(axes: Any, across: str, up: str, place: str) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_aspect("equal")
    plain_frame(axes)
    axes.legend(loc=place, fontsize=8)
