"""Summarizes the trainings of several variants: means, deviations, paired differences."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.evaluate.main_metrics import MAIN_METRICS

# The metric of an epoch that stands for the main metric of a task while training.
_WATCHED = {"binary": "val_accuracy", "multiclass": "val_accuracy", "multilabel": "val_accuracy"}


def summarize_variants(cells: Sequence[Mapping[str, Any]], target: float | None) -> dict[str, Any]:
    """The comparison of variants over seeds.

    Each cell has "variant", "seed", "run", "task", "fingerprint" (of its data), "summary" (None when it diverged) and
    "history" (a record an epoch). The level for `epochs_to_target` is `target`, else the best validation level that
    every training reached that learned something (see `_common_level`). Deviations are of the sample (n - 1), None for
    a single seed.
    """
    task = cells[0]["task"]
    metric, watched = MAIN_METRICS[task], _watched(task, cells)
    level = _common_level(cells, metric, watched) if target is None else target
    names = list(dict.fromkeys(cell["variant"] for cell in cells))
    variants = [_summarize(name, [c for c in cells if c["variant"] == name], metric, watched, level) for name in names]
    baseline = next((c["summary"]["test"]["baseline"]["metrics"][metric] for c in cells if c["summary"]), None)
    return {
        "task": task,
        "metric": metric,
        "baseline": baseline,
        "watched": watched,
        "target": level,
        "seeds": sorted({cell["seed"] for cell in cells}),
        "variants": variants,
        "difference": _difference(variants) if _same_data(cells) else None,
    }


def _same_data(cells: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the variants of each seed saw the same rows; without that, no difference is theirs alone."""
    return len({(cell["seed"], cell["fingerprint"]) for cell in cells}) == len({cell["seed"] for cell in cells})


def _watched(task: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """The main metric on the validation set where epochs have it, else the validation loss."""
    wanted = _WATCHED.get(task, "val_loss")
    return wanted if all(wanted in record for cell in cells for record in cell["history"]) else "val_loss"


def _reached(value: float, level: float, watched: str) -> bool:
    return value <= level if watched.endswith("loss") else value >= level


def _best(values: Sequence[float], watched: str) -> float:
    return min(values) if watched.endswith("loss") else max(values)


def _common_level(cells: Sequence[Mapping[str, Any]], metric: str, watched: str) -> float | None:
    """The best level that all reached, of the trainings that came at least half as far above the baseline as the best.

    One that learned little or nothing would make its own level, near that of guessing, the target of all.
    """
    finished = [cell for cell in cells if cell["summary"]]
    gains = [_gain(cell["summary"]["test"], metric) for cell in finished]
    learned = [cell for cell, gain in zip(finished, gains, strict=True) if gain >= max(gains) / 2]
    bests = [_best([record[watched] for record in cell["history"]], watched) for cell in learned or finished]
    if not bests:
        return None
    return max(bests) if watched.endswith("loss") else min(bests)


def _gain(test: Mapping[str, Any], metric: str) -> float:
    """How far above the baseline the test metric is; 0 where it is not defined."""
    reached, guessed = test["metrics"][metric], test["baseline"]["metrics"][metric]
    return 0.0 if reached is None else reached - (guessed or 0.0)


def _epochs_to(level: float | None, history: Sequence[Mapping[str, float]], watched: str) -> int | None:
    if level is None:
        return None
    return next((i + 1 for i, record in enumerate(history) if _reached(record[watched], level, watched)), None)


def _summarize(
    name: str, cells: Sequence[Mapping[str, Any]], metric: str, watched: str, level: float | None
) -> dict[str, Any]:
    finished = [cell for cell in cells if cell["summary"]]
    tests = [cell["summary"]["test"]["metrics"][metric] for cell in finished]
    epochs = [_epochs_to(level, cell["history"], watched) for cell in finished]
    reached = [count for count in epochs if count is not None]
    return {
        "name": name,
        "runs": [cell["run"] for cell in cells],
        "diverged": len(cells) - len(finished),
        "test": spread([value for value in tests if value is not None]),
        "seconds_per_epoch": spread([cell["summary"]["seconds_per_epoch"] for cell in finished]),
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


def load_statistics() -> None:
    """Imports what a comparison needs, a quarter of a second that need not be waited for."""
    import scipy.special  # noqa: F401


def _is_clear(pairs: Sequence[float]) -> bool | None:
    """Whether Student's t test on the paired differences is significant at 95 %; None for a single seed."""
    if len(pairs) < 2:
        return None
    from scipy.special import stdtrit  # the quantile of `scipy.stats.t`, without the half second of its import

    deviation = statistics.stdev(pairs)
    limit = float(stdtrit(len(pairs) - 1, 0.975)) * deviation / len(pairs) ** 0.5
    return bool(abs(statistics.fmean(pairs)) > limit)


def _difference(variants: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The best variant against the next, paired seed by seed; None when a training is missing from either."""
    ranked = sorted((v for v in variants if v["test"]["mean"] is not None), key=lambda v: -v["test"]["mean"])
    if len(ranked) < 2:
        return None
    first, second = ranked[0]["test"]["values"], ranked[1]["test"]["values"]
    if ranked[0]["diverged"] or ranked[1]["diverged"] or len(first) != len(second):
        return None
    pairs = [a - b for a, b in zip(first, second, strict=True)]
    return {
        "best": ranked[0]["name"],
        "next": ranked[1]["name"],
        **spread(pairs),
        "equal": not any(pairs),
        "clear": _is_clear(pairs),
        "seeds_won": sum(difference > 0 for difference in pairs),
    }
