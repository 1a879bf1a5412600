"""Metrics of classes (one of several) and labels (any of several), from probabilities; does not depend on models."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.evaluate.scores import (
    Scores,
    cuts,
    f1_from_counts,
    label_surprise,
    mean_of_defined,
    ratio,
    surprise,
)

THRESHOLD = 0.5
CALIBRATION_BINS = 15
ONE_CLASS = "only one class is present in these rows"


def measure_classes(
    targets: np.ndarray, probabilities: np.ndarray, names: Sequence[str], thresholds: Sequence[float] = ()
) -> Scores:
    """Multiclass from targets (n,) and (n, C), or binary from (n, 1) and (n, 1): the second class is the 1.

    It is predicted above its threshold, one half if none is given. Calibration is measured at one half in any case.
    """
    binary = probabilities.shape[1] == 1
    if binary:
        targets = (targets[:, 0] > THRESHOLD).astype(np.int64)
        probabilities = np.hstack([1.0 - probabilities, probabilities])
    likeliest = probabilities.argmax(axis=1)
    predicted = predicted_classes(probabilities, thresholds if binary else ())
    matrix = _confusion_matrix(targets, predicted, len(names))
    log_loss = float(np.mean(surprise(probabilities[np.arange(len(targets)), targets])))
    calibration = measure_calibration(likeliest == targets, probabilities.max(axis=1))
    auc = _area_under_curve(targets, probabilities[:, 1]) if binary else None
    return tell_classes(names, matrix, log_loss, calibration, auc, binary=binary)


def tell_classes(
    names: Sequence[str],
    matrix: np.ndarray,
    log_loss: float,
    calibration: dict[str, Any],
    auc: float | None,
    *,
    binary: bool,
) -> Scores:
    """The metrics of classes from their confusion matrix, int64 (C, C), and what it cannot tell."""
    classes = [_class_row(name, matrix, index) for index, name in enumerate(names)]
    details = {"classes": classes, "confusion_matrix": matrix.tolist(), "calibration": calibration}
    balanced = mean_of_defined(row["recall"] for row in classes)
    hit = {"accuracy": float(np.trace(matrix) / matrix.sum()), "balanced_accuracy": balanced}
    macro = {"macro_f1": mean_of_defined(row["f1"] for row in classes)}
    if not binary:
        return Scores({**hit, **macro, "log_loss": log_loss}, {}, details)
    positive = {name: classes[1][name] for name in ("precision", "recall", "f1")}
    undefined = {name: _why_undefined(name, names[1]) for name, value in positive.items() if value is None}
    if auc is None:
        undefined["auc"] = ONE_CLASS
    return Scores({**hit, **positive, **macro, "log_loss": log_loss, "auc": auc}, undefined, details)


def measure_labels(
    targets: np.ndarray, probabilities: np.ndarray, names: Sequence[str], thresholds: Sequence[float] = ()
) -> Scores:
    """Multilabel from targets of 0 and 1 and probabilities, both (n, L), with the threshold of each label."""
    truth, predicted = targets > THRESHOLD, probabilities > cuts(thresholds, len(names))
    areas = [_area_under_curve(truth[:, index], probabilities[:, index]) for index in range(len(names))]
    likelier = np.maximum(probabilities, 1.0 - probabilities)
    return tell_labels(
        names,
        len(truth),
        count_labels(truth, predicted),
        areas,
        float(np.mean((truth == predicted).all(axis=1))),
        float(np.mean(label_surprise(targets, probabilities))),
        measure_calibration((truth == (probabilities > THRESHOLD)).ravel(), likelier.ravel()),
    )


def tell_labels(
    names: Sequence[str],
    rows: int,
    counts: np.ndarray,
    areas: Sequence[float | None],
    subset_accuracy: float,
    log_loss: float,
    calibration: dict[str, Any],
) -> Scores:
    """The metrics of labels from the `counts` of each, int64 (L, 3) as `count_labels` gives them, the `areas` under
    their curves, and what these cannot tell."""
    labels = [_label_row(name, rows, counts[index].tolist(), areas[index]) for index, name in enumerate(names)]
    one_sided = [row["name"] for row in labels if row["auc"] is None]
    metrics = {
        "subset_accuracy": subset_accuracy,
        "micro_f1": f1_from_counts(*counts.sum(axis=0).tolist()),
        "macro_f1": mean_of_defined(row["f1"] for row in labels),
        "log_loss": log_loss,
        "auc": mean_of_defined(row["auc"] for row in labels),
    }
    undefined = {name: "no label is there and none is predicted" for name in metrics if metrics[name] is None}
    if one_sided:
        left_out = "" if metrics["auc"] is None else "; left out of the mean"
        undefined["auc"] = f"always or never there in these rows: {', '.join(one_sided)}{left_out}"
    return Scores(metrics, undefined, {"labels": labels, "calibration": calibration})


def measure_calibration(right: np.ndarray, confidence: np.ndarray) -> dict[str, Any]:
    """{"expected_calibration_error", "bins"}: how far confidence is from the share of right answers, both (n,).

    Fifteen bins of equal width over the probability of the predicted class; the error is the mean distance in a bin,
    weighted by its rows (Guo et al., On Calibration of Modern Neural Networks, 2017, section 2). Empty bins are left
    out.
    """
    places = calibration_places(confidence)
    bins = [
        {
            "rows": int(np.count_nonzero(places == place)),
            "confidence": float(confidence[places == place].mean()),
            "accuracy": float(right[places == place].mean()),
        }
        for place in np.unique(places)
    ]
    error = sum(entry["rows"] * abs(entry["confidence"] - entry["accuracy"]) for entry in bins) / len(right)
    return {"expected_calibration_error": float(error), "bins": bins}


def calibration_places(confidence: np.ndarray) -> np.ndarray:
    """The bin of each confidence, int (n,), from 0 on."""
    places: np.ndarray = np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)
    return places


def predicted_classes(probabilities: np.ndarray, thresholds: Sequence[float] = ()) -> np.ndarray:
    """The index of the likeliest class, (n,), from (n, C); of two the second if it is above the threshold given."""
    indices: np.ndarray = probabilities.argmax(axis=1)
    if thresholds:
        indices = (probabilities[:, 1] > thresholds[0]).astype(np.int64)
    return indices


def _class_row(name: str, matrix: np.ndarray, index: int) -> dict[str, Any]:
    hits = int(matrix[index, index])
    support, given = int(matrix[index].sum()), int(matrix[:, index].sum())
    return {
        "name": name,
        "precision": ratio(hits, given),
        "recall": ratio(hits, support),
        "f1": f1_from_counts(hits, given - hits, support - hits),
        "support": support,
    }


def _label_row(name: str, rows: int, counts: Sequence[int], auc: float | None) -> dict[str, Any]:
    hits, false_positives, false_negatives = counts
    return {
        "name": name,
        "precision": ratio(hits, hits + false_positives),
        "recall": ratio(hits, hits + false_negatives),
        "f1": f1_from_counts(hits, false_positives, false_negatives),
        "support": hits + false_negatives,
        "accuracy": (rows - false_positives - false_negatives) / rows,
        "auc": auc,
    }


def count_labels(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """True positives, false positives and false negatives of each label, int64 (L, 3), from bool (n, L)."""
    found = [truth & predicted, ~truth & predicted, truth & ~predicted]
    return np.stack([np.count_nonzero(each, axis=0) for each in found], axis=1).astype(np.int64)


def _confusion_matrix(targets: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (targets, predicted), 1)
    return matrix


def _area_under_curve(targets: np.ndarray, probabilities: np.ndarray) -> float | None:
    """The chance that a positive row is ranked above a negative one; None where there is only one kind."""
    from sklearn.metrics import roc_auc_score

    if len(np.unique(targets)) < 2:
        return None
    return float(roc_auc_score(targets, probabilities))


def _why_undefined(metric: str, positive: str) -> str:
    """Precision divides by what was predicted, recall by what is there, F1 by both."""
    reasons = {
        "precision": f"{positive} is never predicted",
        "recall": f"no row is {positive}",
        "f1": f"no row is {positive}, and it is never predicted",
    }
    return reasons[metric]
