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
_CALIBRATION_BINS = 15
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
    classes = [_class_row(name, matrix, index) for index, name in enumerate(names)]
    accuracy = float(np.mean(predicted == targets))
    log_loss = float(np.mean(surprise(probabilities[np.arange(len(targets)), targets])))
    calibration = measure_calibration(likeliest == targets, probabilities.max(axis=1))
    details = {"classes": classes, "confusion_matrix": matrix.tolist(), "calibration": calibration}
    balanced = mean_of_defined(row["recall"] for row in classes)
    hit = {"accuracy": accuracy, "balanced_accuracy": balanced}
    macro = {"macro_f1": mean_of_defined(row["f1"] for row in classes)}
    if not binary:
        return Scores({**hit, **macro, "log_loss": log_loss}, {}, details)
    positive = {name: classes[1][name] for name in ("precision", "recall", "f1")}
    auc = _area_under_curve(targets, probabilities[:, 1])
    undefined = {name: _why_undefined(name, names[1]) for name, value in positive.items() if value is None}
    if auc is None:
        undefined["auc"] = ONE_CLASS
    return Scores({**hit, **positive, **macro, "log_loss": log_loss, "auc": auc}, undefined, details)


def measure_labels(
    targets: np.ndarray, probabilities: np.ndarray, names: Sequence[str], thresholds: Sequence[float] = ()
) -> Scores:
    """Multilabel from targets of 0 and 1 and probabilities, both (n, L), with the threshold of each label."""
    truth, predicted = targets > THRESHOLD, probabilities > cuts(thresholds, len(names))
    labels = [
        _label_row(name, truth[:, index], predicted[:, index], probabilities[:, index])
        for index, name in enumerate(names)
    ]
    one_sided = [row["name"] for row in labels if row["auc"] is None]
    metrics = {
        "subset_accuracy": float(np.mean((truth == predicted).all(axis=1))),
        "micro_f1": f1_from_counts(*_count(truth, predicted)),
        "macro_f1": mean_of_defined(row["f1"] for row in labels),
        "log_loss": float(np.mean(label_surprise(targets, probabilities))),
        "auc": mean_of_defined(row["auc"] for row in labels),
    }
    undefined = {name: "no label is there and none is predicted" for name in metrics if metrics[name] is None}
    if one_sided:
        left_out = "" if metrics["auc"] is None else "; left out of the mean"
        undefined["auc"] = f"always or never there in these rows: {', '.join(one_sided)}{left_out}"
    likelier = np.maximum(probabilities, 1.0 - probabilities)
    calibration = measure_calibration((truth == (probabilities > THRESHOLD)).ravel(), likelier.ravel())
    return Scores(metrics, undefined, {"labels": labels, "calibration": calibration})


def measure_calibration(right: np.ndarray, confidence: np.ndarray) -> dict[str, Any]:
    """{"expected_calibration_error", "bins"}: how far confidence is from the share of right answers, both (n,).

    Fifteen bins of equal width over the probability of the predicted class; the error is the mean distance in a bin,
    weighted by its rows (Guo et al., On Calibration of Modern Neural Networks, 2017, section 2). Empty bins are left
    out.
    """
    places = np.clip(np.ceil(confidence * _CALIBRATION_BINS).astype(int) - 1, 0, _CALIBRATION_BINS - 1)
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


def _label_row(name: str, truth: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    hits, false_positives, false_negatives = _count(truth, predicted)
    return {
        "name": name,
        "precision": ratio(hits, hits + false_positives),
        "recall": ratio(hits, hits + false_negatives),
        "f1": f1_from_counts(hits, false_positives, false_negatives),
        "support": hits + false_negatives,
        "accuracy": float(np.mean(truth == predicted)),
        "auc": _area_under_curve(truth, probabilities),
    }


def _count(truth: np.ndarray, predicted: np.ndarray) -> tuple[int, int, int]:
    """True positives, false positives, false negatives."""
    return (
        int(np.count_nonzero(truth & predicted)),
        int(np.count_nonzero(~truth & predicted)),
        int(np.count_nonzero(truth & ~predicted)),
    )


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
