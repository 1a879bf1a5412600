"""The metrics of a part with their intervals, of the rows that are new to a run, and of groups of rows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.data.dataset import Dataset, Part, SeenRows
from nncli.evaluate.intervals import bootstrap_intervals
from nncli.evaluate.metrics import Baseline, measure
from nncli.evaluate.scores import cuts
from nncli.pipeline.predicting.groups import find_groups
from nncli.pipeline.predicting.open_run import OpenRun


def measure_part(facts: DataFacts, part: Part, predictions: np.ndarray) -> dict[str, Any]:
    """The metrics of the task, with the baseline that the training set's targets give (see evaluate.metrics)."""
    baseline = Baseline(facts.target.class_counts, facts.target.mean)
    target = facts.target
    return measure(target.task.value, part.targets, predictions, facts.target.names, baseline, target.thresholds)


def test_answers(dataset: Dataset, predictions: np.ndarray) -> dict[str, np.ndarray]:
    """What became of each test row, for row-wise comparisons: {"right": bool (rows,)} or {"squared_error": (rows,)}.

    A row with several labels is right where all of them are; squared errors, float32, are summed over the targets.
    """
    target = dataset.facts.target
    truth = np.asarray(dataset.test.targets)
    if target.task.is_regression:
        errors = np.asarray(predictions, np.float64) - truth.reshape(predictions.shape)
        return {"squared_error": (errors**2).sum(axis=1).astype(np.float32)}
    if target.task is Task.MULTICLASS:
        return {"right": predictions.argmax(axis=1) == truth.reshape(len(truth))}
    chosen = predictions > cuts(target.thresholds, predictions.shape[1])
    return {"right": (chosen == (truth.reshape(predictions.shape) > 0.5)).all(axis=1)}


def intervals_of(
    facts: DataFacts,
    part: Part,
    predictions: np.ndarray,
    progress: Callable[[str, float], None] = lambda what, share: None,
) -> dict[str, tuple[float, float] | None]:
    """Between which values chance in the choice of rows leaves each metric (see evaluate.intervals)."""
    target = facts.target
    return bootstrap_intervals(
        target.task.value, part.targets, predictions, facts.target.names, target.thresholds, progress
    )


def measure_new(facts: DataFacts, part: Part, predictions: np.ndarray, seen: SeenRows | None) -> dict[str, Any] | None:
    """The metrics of the rows that the run did not learn from, where the others are among them."""
    if seen is None or not seen.any or seen.all:
        return None
    new = seen.new
    chosen = part.take(new)
    measured = measure_part(facts, chosen, predictions[new])
    baseline = measured["baseline"]["metrics"]
    return {
        "rows": measured["rows"],
        "metrics": measured["metrics"],
        "intervals": intervals_of(facts, chosen, predictions[new]),
        "baseline": baseline,
        "judged": measured["judged"],
    }


def measure_groups(
    run: OpenRun, part: Part, predictions: np.ndarray, column: str, data_path: str | None
) -> list[dict[str, Any]]:
    """For each value of a column the metrics of its rows, their intervals and the baseline's metrics."""
    facts, groups = run.facts, []
    for name, rows in find_groups(run, part, column, data_path):
        chosen = part.take(rows)
        measured = measure_part(facts, chosen, predictions[rows])
        intervals = intervals_of(facts, chosen, predictions[rows])
        told = {"rows": len(rows), "metrics": measured["metrics"], "intervals": intervals}
        groups.append({"name": name, **told, "baseline": measured["baseline"]["metrics"]})
    return groups
