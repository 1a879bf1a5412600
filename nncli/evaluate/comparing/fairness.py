"""What was not equal for all variants of a comparison: size, epochs, updates, time."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

# Variants whose numbers differ by more than that part of the smaller one did not get the same.
TOLERANCE = 0.1
# Training times below that are mostly noise, in seconds.
_SHORTEST_SECONDS = 1.0
_UNITS = {"parameters": "", "epochs": "", "updates": "", "seconds": " s"}


def find_unequal(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The quantities whose means differ by more than a tenth between variants, each with the mean of each variant.

    "parameters" are trainable weights, "epochs" those that were trained, "updates" steps of the optimizer, "seconds"
    the training time without the first epoch's compilation. Updates are left out where they differ only as the epochs
    do, and times of less than a second.
    """
    variants: dict[str, list[Mapping[str, Any]]] = {}
    for cell in cells:
        if cell["summary"]:
            variants.setdefault(cell["variant"], []).append(cell["summary"])
    means = {
        "parameters": _means(variants, lambda summary: summary["parameters"]),
        "epochs": _means(variants, lambda summary: summary["epochs"]),
        "updates": _means(variants, lambda summary: summary.get("updates")),
        "seconds": _means(variants, lambda summary: summary["epochs"] * summary["seconds_per_epoch"]),
    }
    found = [{"what": what, "means": values} for what, values in means.items() if _is_unequal(what, values)]
    names = [each["what"] for each in found]
    if "epochs" in names and "updates" in names and _differ_alike(means["epochs"], means["updates"]):
        found = [each for each in found if each["what"] != "updates"]
    return found


def _means(variants: Mapping[str, Sequence[Mapping[str, Any]]], measure: Any) -> dict[str, float]:
    """The mean of each variant, {} where a training does not know it."""
    values = {name: [measure(summary) for summary in summaries] for name, summaries in variants.items()}
    if any(value is None for group in values.values() for value in group):
        return {}
    return {name: statistics.fmean(group) for name, group in values.items()}


def _is_unequal(what: str, means: Mapping[str, float]) -> bool:
    if len(means) < 2 or (what == "seconds" and max(means.values()) < _SHORTEST_SECONDS):
        return False
    return max(means.values()) > (1 + TOLERANCE) * min(means.values())


def _differ_alike(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    """Whether one is a multiple of the other, within the tolerance."""
    ratios = [second[name] / first[name] for name in first]
    return max(ratios) <= (1 + TOLERANCE) * min(ratios)


def describe_unequal(unequal: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[str]:
    """A line for each: the smallest and the largest mean, with the `names` of their variants."""
    lines = []
    for each in unequal:
        means, unit = each["means"], _UNITS[each["what"]]
        low, high = min(means, key=lambda name: means[name]), max(means, key=lambda name: means[name])
        lines.append(
            f"not equal: {each['what']}, from {_show(means[low])}{unit} ({names[low]}) "
            f"to {_show(means[high])}{unit} ({names[high]})"
        )
    return lines


def _show(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
