"""Many rows, measured a block at a time, have the metrics of scikit-learn and of the same rows measured at once."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score

from nncli.evaluate import blocks, metrics, worst
from nncli.evaluate.metrics import Baseline, measure

RANDOM = np.random.default_rng(0)
ROWS = 2_500


def example(task: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], Baseline]:
    """Targets, predictions with many equal ones, names and a baseline."""
    if task == "binary":
        predictions = (RANDOM.integers(0, 65, (ROWS, 1)) / 64).astype(np.float32)
        return (RANDOM.random((ROWS, 1)) < predictions).astype(np.float32), predictions, ("no", "yes"), Baseline((6, 4))
    if task == "multiclass":
        raw = RANDOM.random((ROWS, 3), np.float32)
        targets = np.where(RANDOM.random(ROWS) < 0.6, raw.argmax(axis=1), RANDOM.integers(0, 3, ROWS))
        predictions = raw / raw.sum(axis=1, keepdims=True)
        return targets.astype(np.int32), predictions, ("a", "b", "c"), Baseline((3, 2, 5))
    if task == "multilabel":
        predictions = RANDOM.random((ROWS, 3), np.float32)
        targets = (RANDOM.random((ROWS, 3)) < predictions).astype(np.float32)
        targets[:, 2] = 0
        return targets, predictions, ("p", "q", "r"), Baseline(means=(0.4, 0.6, 0.0))
    targets = RANDOM.normal(50, 9, (ROWS, 2)).astype(np.float32)
    return targets, targets + RANDOM.normal(size=targets.shape).astype(np.float32), ("u", "v"), Baseline(means=(49, 51))


def close(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            close(found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for own, other in zip(found, expected, strict=True):
            close(own, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    else:
        assert found == expected


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression"])
def test_blocks_have_the_metrics_of_all_rows_at_once(monkeypatch: pytest.MonkeyPatch, task: str) -> None:
    targets, predictions, names, baseline = example(task)
    thresholds = {"binary": (0.4,), "multilabel": (0.3, 0.5, 0.6)}.get(task, ())
    whole = measure(task, targets, predictions, names, baseline, thresholds)
    monkeypatch.setattr(blocks, "MANY", 100)
    monkeypatch.setattr(blocks, "BLOCK", 300)
    monkeypatch.setattr(metrics, "_score", None)
    found = measure(task, targets, predictions, names, baseline, thresholds)
    close(found, whole)
    own = found["metrics"]
    if task == "binary":
        assert own["auc"] == pytest.approx(roc_auc_score(targets, predictions))
        assert own["accuracy"] == accuracy_score(targets, predictions > np.float32(0.4))
    elif task == "multiclass":
        exact = predictions.astype(float)
        assert own["log_loss"] == pytest.approx(log_loss(targets, exact / exact.sum(axis=1, keepdims=True)), rel=1e-6)
    elif task == "multilabel":
        assert own["auc"] == pytest.approx(roc_auc_score(targets[:, :2], predictions[:, :2]))
    else:
        assert own["r2_score"] == pytest.approx(r2_score(targets, predictions), rel=1e-6)


def test_the_worst_of_all_blocks_come_in_the_order_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, predictions, names, _ = example("binary")
    monkeypatch.setattr(worst, "BLOCK", 300)
    lost = np.abs(targets - predictions)[:, 0]
    for best in (False, True):
        found = worst.worst_examples("binary", targets, predictions, names, 40, best=best)
        expected = np.argsort(lost if best else -lost, kind="stable")[:40]
        assert [each.index for each in found] == expected.tolist()
