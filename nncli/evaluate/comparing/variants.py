"""Sums up the trainings of each variant: means, deviations, epochs to a common target."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.evaluate.main_metrics import MAIN_METRICS

Cell = Mapping[str, Any]
# The metric of an epoch that stands for the main metric of a task while training.
_WATCHED = {"binary": "val_accuracy", "multiclass": "val_accuracy", "multilabel": "val_accuracy"}


def watched_metric(task: str, cells: Sequence[Cell]) -> str:
    """The main metric on the validation set where epochs have it, else the validation loss."""
    wanted = _WATCHED.get(task, "val_loss")
    return wanted if all(wanted in record for cell in cells for record in cell["history"]) else "val_loss"


def scores_of(cells: Sequence[Cell], metric: str) -> dict[str, dict[int, float]]:
    """The test metric of each variant by seed, without trainings that did not end or have none."""
    scores: dict[str, dict[int, float]] = {cell["variant"]: {} for cell in cells}
    for cell in cells:
        value = cell["summary"] and cell["summary"]["test"]["metrics"][metric]
        if value is not None:
            scores[cell["variant"]][cell["seed"]] = value
    return scores


def find_identical(cells: Sequence[Cell]) -> set[frozenset[str]]:
    """The pairs of variants that agree in every test metric, losses included, on each seed that both ended."""
    measured: dict[str, dict[int, Any]] = {}
    for cell in cells:
        if cell["summary"]:
            measured.setdefault(cell["variant"], {})[cell["seed"]] = cell["summary"]["test"]["metrics"]
    found = set()
    for first, ours in measured.items():
        for second, theirs in measured.items():
            shared = ours.keys() & theirs.keys()
            if first != second and shared and all(ours[seed] == theirs[seed] for seed in shared):
                found.add(frozenset((first, second)))
    return found


def mean_curves(cells: Sequence[Mapping[str, Any]], key: str) -> dict[str, list[float]]:
    """For each variant the mean of a recorded value over its trainings, an epoch each, as far as all of them have it.

    Variants without such values are left out.
    """
    runs: dict[str, list[list[float]]] = {}
    for cell in cells:
        values = [record[key] for record in cell["history"] if record.get(key) is not None]
        runs.setdefault(cell["variant"], []).append(values)
    curves = {name: [statistics.fmean(epoch) for epoch in zip(*group, strict=False)] for name, group in runs.items()}
    return {name: curve for name, curve in curves.items() if curve}


def sum_up(cells: Sequence[Cell], target: float | None) -> tuple[str, float | None, list[dict[str, Any]]]:
    """The watched metric of the epochs, the level for `epochs_to_target`, and a summary of each variant.

    The level is `target`, else the best validation level that every training reached that learned something (see
    `_common_level`). Deviations are of the sample (n - 1), None for a single seed.
    """
    task = cells[0]["task"]
    metric, watched = MAIN_METRICS[task], watched_metric(task, cells)
    level = _common_level(cells, metric, watched) if target is None else target
    names = dict.fromkeys(cell["variant"] for cell in cells)
    groups = {name: [cell for cell in cells if cell["variant"] == name] for name in names}
    return watched, level, [_summarize(name, group, metric, watched, level) for name, group in groups.items()]


def _has_reached(value: float, level: float, watched: str) -> bool:
    return value <= level if watched.endswith("loss") else value >= level


def _best(values: Sequence[float], watched: str) -> float:
    return min(values) if watched.endswith("loss") else max(values)


def _common_level(cells: Sequence[Cell], metric: str, watched: str) -> float | None:
    """The best level that all reached, of the trainings that came at least half as far above the baseline as the best.

    One that learned little or nothing would make its own level, near that of guessing, the target of all.
    """
    finished = [cell for cell in cells if cell["summary"]]
    gains = [_gain_over_baseline(cell["summary"]["test"], metric) for cell in finished]
    learned = [cell for cell, gain in zip(finished, gains, strict=True) if gain >= max(gains) / 2]
    bests = [_best([record[watched] for record in cell["history"]], watched) for cell in learned or finished]
    if not bests:
        return None
    return max(bests) if watched.endswith("loss") else min(bests)


def _gain_over_baseline(test: Mapping[str, Any], metric: str) -> float:
    """How far above the baseline the test metric is; 0 where it is not defined."""
    reached, guessed = test["metrics"][metric], test["baseline"]["metrics"][metric]
    return 0.0 if reached is None else reached - (guessed or 0.0)


def _epochs_to(level: float | None, history: Sequence[Mapping[str, float]], watched: str) -> int | None:
    if level is None:
        return None
    return next((i + 1 for i, record in enumerate(history) if _has_reached(record[watched], level, watched)), None)


def _summarize(name: str, cells: Sequence[Cell], metric: str, watched: str, level: float | None) -> dict[str, Any]:
    finished = [cell for cell in cells if cell["summary"]]
    tests = [cell["summary"]["test"]["metrics"][metric] for cell in finished]
    epochs = [_epochs_to(level, cell["history"], watched) for cell in finished]
    reached = [count for count in epochs if count is not None]
    diverged = sum(cell["summary"] is None and not cell.get("failed", False) for cell in cells)
    return {
        "name": name,
        "runs": [cell["run"] for cell in cells],
        "diverged": diverged,
        "failed": len(cells) - len(finished) - diverged,
        "test": spread([value for value in tests if value is not None]),
        "seconds_per_epoch": spread([cell["summary"]["seconds_per_epoch"] for cell in finished]),
        "epochs": spread([cell["summary"]["epochs"] for cell in finished]),
        "parameters": finished[0]["summary"]["parameters"] if finished else None,
        "epochs_to_target": {
            "median": statistics.median(reached) if reached else None,
            "reached": len(reached),
            "values": epochs,
        },
    }


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Mean, sample deviation (None for fewer than two) and the values themselves."""
    return {
        "mean": statistics.fmean(values) if values else None,
        "deviation": statistics.stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }
