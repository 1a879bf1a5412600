"""A verdict in words."""

import math
from collections.abc import Sequence

from nncli.evaluate.comparing.paired import ALPHA
from nncli.evaluate.comparing.verdicts import Verdict

# Metrics between 0 and 1 whose differences are told in points, hundredths.
_IN_POINTS = ("accuracy", "micro_f1")
_UNITS = {"r2_score": "R²"}
# Differences of no more test rows than that are told in rows.
_HANDFUL = 5
_MOST_LISTED = 5


def unit_of(metric: str) -> tuple[str, float]:
    """The unit in which differences of a metric are worded, and how many of these units the value 1 is."""
    return ("points", 100.0) if metric in _IN_POINTS else (_UNITS.get(metric, metric), 1.0)


def describe(verdict: Verdict, metric: str, *, test_rows: int | None, margin: float | None, pairs: int) -> str:
    """The verdict in a sentence; `margin` is in the metric's own unit, `pairs` is how many were tested at once.

    Differences of only a few test rows are also given in rows; `test_rows` is None where the metric does not count
    them.
    """
    first, second, difference = verdict.first, verdict.second, verdict.difference
    if difference is None:
        return f"no verdict on {first} and {second}: no seed with which both trainings ended"
    if verdict.kind == "identical":
        return f"{first} and {second} are identical{' with every seed' if len(verdict.seeds) > 1 else ''}"
    unit, scale = unit_of(metric)
    rows = _rows_text(difference.values, test_rows)
    number = _number(difference.mean * scale, difference.interval, scale)
    if verdict.kind == "one_seed":
        lead = f"{first} is ahead of {second} by {number} {unit}" if difference.mean else f"{first} equals {second}"
        return f"no verdict from one seed: {lead}{rows}"
    if verdict.kind == "no_spread":
        return f"no verdict: {first} is ahead of {second} by {number} {unit} with every seed, no spread to judge by"
    interval = _interval_text(difference.interval, scale)
    measured = f"{number} {unit} (95 %: {interval}, {len(verdict.seeds)} seeds){rows}"
    if verdict.kind == "better":
        return _with_margin(f"{first} beats {second} by {measured}", verdict, margin, unit, scale)
    held_back = difference.p is not None and difference.p <= ALPHA and pairs > 1
    among = f"; clear as the only pair, not as one of {pairs}" if held_back else ""
    told = f"{first} and {second} are not distinguishable: {measured}{among}"
    return _with_margin(told, verdict, margin, unit, scale)


def _with_margin(told: str, verdict: Verdict, margin: float | None, unit: str, scale: float) -> str:
    """The answer to the question of equivalence after the verdict, if it was asked."""
    if margin is None or verdict.equal_within is None:
        return told
    answer = "equal" if verdict.equal_within else "not shown to be equal"
    return f"{told}; {answer} within {margin * scale:g} {unit}"


def _rows_text(values: Sequence[float], test_rows: int | None) -> str:
    """From how many test rows the differences come, where it is a handful."""
    if test_rows is None:
        return ""
    rows = [round(value * test_rows) for value in values]
    if max(map(abs, rows)) > _HANDFUL or not any(rows):
        return ""
    return f", from {list_rows(rows)} of {test_rows:,} rows"


def list_rows(rows: Sequence[int]) -> str:
    """`2, 2 and 3`; of many, from where to where."""
    if len(rows) > _MOST_LISTED:
        return f"{min(rows)} to {max(rows)}"
    return str(rows[0]) if len(rows) == 1 else f"{', '.join(map(str, rows[:-1]))} and {rows[-1]}"


def _decimals(interval: tuple[float, float] | None, value: float, scale: float) -> int:
    """The decimals with which the width of the interval, or a number without one, has two digits; at least one."""
    size = (interval[1] - interval[0]) * scale if interval is not None else abs(value)
    return 1 if size <= 0 else max(1, min(6, 1 - math.floor(math.log10(size))))


def _number(value: float, interval: tuple[float, float] | None, scale: float) -> str:
    return f"{value:.{_decimals(interval, value, scale)}f}"


def _interval_text(interval: tuple[float, float] | None, scale: float) -> str:
    if interval is None:
        return "-"
    decimals = _decimals(interval, 0.0, scale)
    return f"{interval[0] * scale:.{decimals}f} to {interval[1] * scale:.{decimals}f}"


def short_names(names: Sequence[str]) -> dict[str, str]:
    """What variants are called in sentences: only the value where all vary one key and every value is a word."""
    parts = [name.partition("=") for name in names]
    is_plain = len({key for key, _, _ in parts}) == 1 and all(value.isidentifier() for _, _, value in parts)
    return {name: value if is_plain else name for name, (_, _, value) in zip(names, parts, strict=True)}
