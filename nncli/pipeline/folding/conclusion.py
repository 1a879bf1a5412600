"""The results of a config's folds: mean and deviation of each metric, and the predictions of all tested rows."""

import io
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts
from nncli.config.sections import Config
from nncli.errors import RunError
from nncli.evaluate.main_metrics import MAIN_METRICS
from nncli.evaluate.metrics import Baseline, measure
from nncli.pipeline.training.out_of_fold import OutOfFold
from nncli.run import files
from nncli.run.folder import RunFolder


def collect(runs: Sequence[RunFolder]) -> OutOfFold:
    """The predictions of all folds, in the order of the rows. Raises RunError where a file is damaged."""
    tested = [_arrays(run, files.SPLITS)["test"] for run in runs]
    answers = [_arrays(run, files.ANSWERS) for run in runs]
    rows = np.concatenate(tested)
    folds = np.repeat(np.arange(1, len(runs) + 1), [len(each) for each in tested])
    order = np.argsort(rows, kind="stable")
    targets = np.concatenate([each["targets"] for each in answers])
    predictions = np.concatenate([each["predictions"] for each in answers])
    return OutOfFold(rows[order], folds[order], targets[order], predictions[order])


def _arrays(run: RunFolder, name: str) -> dict[str, np.ndarray]:
    content = run.read_intact(name)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except ValueError as error:
        raise RunError(f"{run.file(name)} is damaged ({error})", hint="train again") from None


def summarize(
    config: Config, facts: DataFacts, outcomes: Sequence[Mapping[str, Any]], known: OutOfFold
) -> dict[str, Any]:
    """The content of folds.json.

    `metrics` has the mean over the folds and the sample standard deviation, None where a fold has none; `out_of_fold`
    what `evaluate.metrics.measure` says about all tested rows at once, with the baseline of `facts`, those of all rows.
    """
    tests = [outcome["summary"]["test"] for outcome in outcomes]
    target, split = facts.target, config.data.split
    baseline = Baseline(target.class_counts, target.mean)
    return {
        "folds": len(outcomes),
        "by": split.by if split else "random",
        "column": split.column if split else None,
        "metric": MAIN_METRICS[target.task.value],
        "metrics": {name: _spread([test["metrics"][name] for test in tests]) for name in tests[0]["metrics"]},
        "each": [_describe(number, outcome) for number, outcome in enumerate(outcomes, 1)],
        "tested_rows": len(known.rows),
        "untested_rows": facts.rows["train"] - len(known.rows),
        "out_of_fold": measure(target.task.value, known.targets, known.predictions, target.names, baseline),
    }


def _describe(number: int, outcome: Mapping[str, Any]) -> dict[str, Any]:
    summary = outcome["summary"]
    return {
        "fold": number,
        "run": outcome["run"],
        "rows": outcome["rows"],
        "epochs": summary["epochs"],
        "kept_epoch": summary["kept_epoch"],
        "metrics": summary["test"]["metrics"],
    }


def _spread(values: Sequence[float | None]) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return {"mean": None, "deviation": None, "values": list(values)}
    return {"mean": statistics.fmean(known), "deviation": statistics.stdev(known), "values": list(values)}
