"""Numbers that are hardly measurements: zeros where none can be, and values far from all others."""

import numpy as np

from nncli.data.profile.values import Finding, Level
from nncli.data.tables.files.columns import Column, Table

# At most this share of the rows, and never more than so many values, are outliers; more are a part of the data.
_SHARE, _MOST = 0.001, 20
_FEWEST_ROWS = 30
# Zeros that are rarer than this, below values that begin at a fifth of their median, stand for something else.
_ZERO_SHARE = 0.01
_NEAR_ZERO = 0.2
_SHOWN = 3


def extreme_findings(column: Column, table: Table) -> list[Finding]:
    """At most one finding of each kind, with the first rows.

    Values are extreme when the gap between them and the rest is larger than the whole range of the rest: the ratio of
    gap to range of Dixon's Q test (Dixon, "Processing data for outliers", Biometrics 1953), above one half, for a few
    values together at one end. Long tails without a gap, such as fares or incomes, are not.
    """
    rows = np.flatnonzero(column.numeric & np.isfinite(column.numbers))
    values = column.numbers[rows]
    if len(values) < _FEWEST_ROWS:
        return []
    findings = []
    zeros = values == 0
    if 0 < zeros.sum() <= _ZERO_SHARE * len(values) and _excludes_zero(values[~zeros]):
        least = values[~zeros].min()
        what = f"is 0 in {_rows(table, rows[zeros])}, and {least:g} or more in all other rows"
        findings.append(_finding("zero", column, table, rows[zeros], what))
        rows, values = rows[~zeros], values[~zeros]
    outside = _far_ones(values)
    if outside.any():
        rest = values[~outside]
        order = rows[outside][np.argsort(-np.abs(values[outside] - np.median(rest)), kind="stable")]
        told = ", ".join(f"{column.numbers[row]:g}" for row in order[:_SHOWN])
        what = f"is {told} in {_rows(table, order)}, and {rest.min():g} to {rest.max():g} in all other rows"
        findings.append(_finding("extreme", column, table, order, what))
    return findings


def _excludes_zero(others: np.ndarray) -> bool:
    return len(others) > 0 and bool(others.min() > 0) and bool(others.min() >= _NEAR_ZERO * np.median(others))


def _far_ones(values: np.ndarray) -> np.ndarray:
    """Which values, bool (n,), lie beyond a gap larger than the range of all on the other side of it."""
    most = min(_MOST, max(1, int(_SHARE * len(values))))
    ordered = np.sort(values)
    low, high = -np.inf, np.inf
    for count in range(1, most + 1):
        if ordered[-count] - ordered[-count - 1] > ordered[-count - 1] - ordered[0]:
            high = ordered[-count]
        if ordered[count] - ordered[count - 1] > ordered[-1] - ordered[count]:
            low = ordered[count - 1]
    far: np.ndarray = (values >= high) | (values <= low)
    return far


def _rows(table: Table, rows: np.ndarray) -> str:
    shown = ", ".join(f"{int(row) + 1}" for row in table.rows[rows[:_SHOWN]])
    more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def _finding(rule: str, column: Column, table: Table, rows: np.ndarray, what: str) -> Finding:
    fix = "correct or remove them; if they mean that the value is missing, list them under `missing`"
    numbers = tuple(int(row) + 1 for row in table.rows[rows[:5]])
    return Finding(rule, Level.WARNING, f'column "{column.name}"', what, fix, (column.name,), numbers)
