"""The metrics of a part with their intervals, of the rows that are new to a run, and of groups of rows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.data.dataset import Part, SeenRows
from nncli.evaluate.intervals import bootstrap_intervals
from nncli.evaluate.metrics import Baseline, measure
from nncli.evaluate.scores import cuts
from nncli.pipeline.predicting.groups import find_groups
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.predicting.scoring.thinning import intervals_of_many


def measure_part(facts: DataFacts, part: Part, predictions: np.ndarray) -> dict[str, Any]:
    """The metrics of the task, with the baseline that the training set's targets give (see evaluate.metrics)."""
    baseline = Baseline(facts.target.class_counts, facts.target.mean)
    target = facts.target
    return measure(target.task.value, part.targets, predictions, facts.target.names, baseline, target.thresholds)


def test_answers(facts: DataFacts, part: Part, predictions: np.ndarray, *, whole: bool) -> dict[str, np.ndarray]:
    """What became of each test row, for row-wise comparisons: {"right": bool (rows,)} or {"squared_error": (rows,)}.

    A row with several labels is right where all of them are; squared errors are summed over the targets.
    Kept as a `whole`, its target and the prediction, float32, are there, too, as `measure` takes them.
    """
    kept = {"targets": part.targets, "predictions": np.asarray(predictions, np.float32)} if whole else {}
    return {**_judge(facts, np.asarray(part.targets), predictions), **kept}


def _judge(facts: DataFacts, truth: np.ndarray, predictions: np.ndarray) -> dict[str, np.ndarray]:
    target = facts.target
    if target.task.is_regression:
        errors = np.asarray(predictions, np.float64) - truth.reshape(predictions.shape)
        return {"squared_error": (errors**2).sum(axis=1)}
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
    return intervals_of_many(facts, part, predictions, progress)


def quick_intervals_of(facts: DataFacts, part: Part, predictions: np.ndarray) -> dict[str, tuple[float, float] | None]:
    """Those that cost a training hardly any time: of few rows all, of more rows the main metric's among others."""
    target = facts.target
    return bootstrap_intervals(
        target.task.value, part.targets, predictions, facts.target.names, target.thresholds, quick=True
    )


def measure_new(facts: DataFacts, part: Part, predictions: np.ndarray, seen: SeenRows | None) -> dict[str, Any] | None:
    """The metrics of the rows that the run did not learn from, where the others are among them."""
    if seen is None or not seen.any or seen.all:
        return None
    new = seen.new
    chosen = _without_inputs(part, new)
    measured = measure_part(facts, chosen, predictions[new])
    baseline = measured["baseline"]["metrics"]
    return {
        "rows": measured["rows"],
        "metrics": measured["metrics"],
        "intervals": intervals_of(facts, chosen, predictions[new]),
        "baseline": baseline,
        "judged": measured["judged"],
    }


def _without_inputs(part: Part, rows: np.ndarray) -> Part:
    """Only these rows (indices or a mask), and of them only what is measured."""
    return Part({}, part.targets[rows], part.rows[rows])


def measure_groups(
    run: OpenRun, part: Part, predictions: np.ndarray, column: str, data_path: str | None
) -> list[dict[str, Any]]:
    """For each value of a column the metrics of its rows, their intervals and the baseline's metrics."""
    facts, groups = run.facts, []
    for name, rows in find_groups(run, part, column, data_path):
        chosen = _without_inputs(part, rows)
        measured = measure_part(facts, chosen, predictions[rows])
        intervals = intervals_of(facts, chosen, predictions[rows])
        told = {"rows": len(rows), "metrics": measured["metrics"], "intervals": intervals}
        groups.append({"name": name, **told, "baseline": measured["baseline"]["metrics"]})
    return groups
