"""All metrics of a part of the data, with those of a baseline that knows only the training targets.

It takes arrays and names only; how metrics are shown is up to the command line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.errors import DataError, NncliError
from nncli.evaluate import blocks
from nncli.evaluate.baseline import Fixed, judge
from nncli.evaluate.classification import measure_classes, measure_labels
from nncli.evaluate.regression import measure_numbers
from nncli.evaluate.scores import Scores


@dataclass(frozen=True)
class Baseline:
    """Statistics of the training targets, as a data set's facts have them."""

    class_counts: Sequence[int] = ()
    """Rows of each class (binary, multiclass)."""
    means: Sequence[float] = ()
    """Mean of each target (regression), rate of each label (multilabel)."""


def measure(
    task: str,
    targets: np.ndarray,
    predictions: np.ndarray,
    names: Sequence[str],
    baseline: Baseline,
    thresholds: Sequence[float] = (),
) -> dict[str, Any]:
    """The metrics of a task as values that JSON can hold.

    `targets` are as a data set has them: binary (n, 1) of 0 and 1, multiclass (n,) indices, multilabel (n, L) of
    0 and 1, regression (n, T). `predictions` are probabilities, binary (n, 1), multiclass (n, C), multilabel
    (n, L), or values (n, T). `names` are those of the classes, for binary (negative, positive), of the labels or
    of the target columns. `thresholds`, one for binary or one for each label, say above which probability the positive
    class or a label is predicted; one half if left out. The baseline's is always one half.

    The keys, a public format:
    - "task", "rows": what and how many rows were measured
    - "metrics": name -> number, or null where it is not defined; for each task in this order
      - binary: accuracy, balanced_accuracy, precision, recall, f1 (of the positive class), macro_f1, log_loss, auc
      - multiclass: accuracy, balanced_accuracy (the mean recall of the classes that are there), macro_f1, log_loss
      - multilabel: subset_accuracy, micro_f1, macro_f1, log_loss, auc (mean over the labels)
      - regression: mean_absolute_error, root_mean_squared_error, r2_score
    - "undefined": name -> why it is null
    - "baseline": {"predicts": text, "metrics": as above}: always the majority class, label by label for
      multilabel, with the frequencies of the training set as probabilities; the training mean for numbers
    - "judged": whether the model is better than that, as `baseline.judge` says
    - "classes" (binary, multiclass): for each {"name", "precision", "recall", "f1", "support"}
    - "confusion_matrix" (binary, multiclass): rows are true, columns predicted classes, in the order of "classes"
    - "calibration" (binary, multiclass; multilabel over all rows and labels): {"expected_calibration_error", "bins"},
      see `measure_calibration`
    - "labels" (multilabel): for each also {"accuracy", "auc"}
    - "targets" (several target columns): for each {"name" and its three metrics}

    Raises DataError where the arrays do not fit each other or are empty, NncliError for predictions that are
    not finite numbers.
    """
    constant = constant_prediction(task, names, baseline)
    if len(targets) > blocks.MANY:
        scores, guessed, judged = _measure_many(task, targets, predictions, names, constant, thresholds)
    else:
        targets, predictions = _checked(task, targets, predictions, names)
        scores = _score(task, targets, predictions, names, thresholds)
        guessed = _score(task, targets, np.tile(constant, (len(targets), 1)), names)
        judged = judge(task, targets, predictions, constant, thresholds)
    return {
        "task": task,
        "rows": len(targets),
        "metrics": scores.metrics,
        "undefined": scores.undefined,
        "baseline": {
            "predicts": _describe(task, constant, names),
            "metrics": guessed.metrics,
        },
        "judged": judged,
        **scores.details,
    }


def _measure_many(
    task: str,
    targets: np.ndarray,
    predictions: np.ndarray,
    names: Sequence[str],
    constant: np.ndarray,
    thresholds: Sequence[float],
) -> tuple[Scores, Scores, dict[str, Any]]:
    """The scores, those of the baseline and the verdict, a block of rows at a time."""

    def parts() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(targets), blocks.BLOCK):
            rows = slice(start, start + blocks.BLOCK)
            yield _checked(task, targets[rows], predictions[rows], names)

    areas: list[float | None] = []
    if task in ("binary", "multilabel"):
        columns = range(predictions.shape[1])
        areas = [blocks.area_of_many(targets[:, place] > 0.5, predictions[:, place]) for place in columns]
    scores, guessed = blocks.score_blocks(task, parts, names, constant, areas, thresholds)
    return scores, guessed, blocks.judge_blocks(task, parts, Fixed.of(task, targets, constant), thresholds)


def _score(
    task: str, targets: np.ndarray, predictions: np.ndarray, names: Sequence[str], thresholds: Sequence[float] = ()
) -> Scores:
    if task in ("binary", "multiclass"):
        return measure_classes(targets, predictions, names, thresholds)
    if task == "multilabel":
        return measure_labels(targets, predictions, names, thresholds)
    return measure_numbers(targets, predictions, names)


def _checked(
    task: str, targets: np.ndarray, predictions: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Multiclass targets as (n,) int, all else as (n, columns) float64."""
    columns = 1 if task == "binary" else len(names)
    predictions = np.asarray(predictions, dtype=np.float64)
    expected = (len(targets), columns)
    if predictions.shape != expected:
        raise DataError(f"{task} predictions for these targets have the shape {expected}, got {predictions.shape}")
    if len(targets) == 0:
        raise DataError("there are no rows to measure", hint="give data with at least one row that has a target")
    bad = int(np.count_nonzero(~np.isfinite(predictions).all(axis=1)))
    if bad:
        raise NncliError(
            f"the predictions of {bad} of {len(predictions)} rows are not finite numbers",
            hint="train with a smaller learning rate, and look for extreme values in the inputs",
        )
    if task == "multiclass":
        return np.asarray(targets, dtype=np.int64).reshape(len(targets)), predictions
    return np.asarray(targets, dtype=np.float64).reshape(expected), predictions


def constant_prediction(task: str, names: Sequence[str], baseline: Baseline) -> np.ndarray:
    """The baseline's prediction, the same for every row: (1,) for binary, else (columns,). Raises DataError."""
    columns = len(names)
    if task in ("binary", "multiclass"):
        counts = np.asarray(baseline.class_counts, dtype=np.float64)
        if counts.shape != (columns,) or counts.sum() <= 0:
            raise DataError(f"a baseline needs the training rows of each of {columns} classes, got {counts.tolist()}")
        frequencies: np.ndarray = counts / counts.sum()
        return frequencies[1:] if task == "binary" else frequencies
    means = np.asarray(baseline.means, dtype=np.float64)
    if means.shape != (columns,):
        raise DataError(f"a baseline needs the training mean of each of {columns} columns, got {means.tolist()}")
    return means


def _describe(task: str, constant: np.ndarray, names: Sequence[str]) -> str:
    if task == "binary":
        return f"always {names[int(constant[0] > 0.5)]}"
    if task == "multiclass":
        return f"always {names[int(constant.argmax())]}"
    if task == "multilabel":
        common = [name for name, rate in zip(names, constant, strict=True) if rate > 0.5]
        return f"always {', '.join(common)}" if common else "no label"
    return "always " + ", ".join(f"{value:.6g}" for value in constant)
