"""Finds numbers that are hardly real measurements: impossible zeros, and values far from all others."""

import numpy as np

from nncli.data.profile.values import Finding, Level
from nncli.data.tables.files.columns import Column, Table

# At most this share of the rows, and at most this many values, are outliers; more of them belong to the data.
_SHARE, _MOST = 0.005, 20
_FEWEST_ROWS = 30
# Zeros are impossible if they are rarer than this and all other values are at least a fifth of their median.
_ZERO_SHARE = 0.01
_NEAR_ZERO = 0.2
# Tukey's "far out": three times the interquartile range.
_FAR_OUT = 3.0
_SHOWN = 3


def extreme_findings(column: Column, table: Table) -> list[Finding]:
    """At most one finding, with the first rows: impossible zeros, extreme values, or both.

    Zeros are impossible if few values are zero and all others are positive and far from zero: the smallest is at least
    a fifth of their median, and further from zero than from the next value (so a rating of 0 beside 1, 2, 3 is
    possible).

    A few values at one end are extreme when the gap between them and the rest is

    - wider than the whole range of the rest: gap over range as in Dixon's Q test ("Processing data for outliers",
      Biometrics 1953), above one half; and
    - wider than three interquartile ranges, the distance that Tukey calls far out (Exploratory Data Analysis, 1977);
      on logarithms for numbers that are never negative, zeros aside.

    The second condition spares long tails (fares, incomes), whose gaps are wide but not on a logarithmic scale. If half
    of a column has the same value, there is no spread to compare with, so flags and rare counts are never extreme.
    """
    rows = np.flatnonzero(column.numeric & np.isfinite(column.numbers))
    values = column.numbers[rows]
    if len(values) < _FEWEST_ROWS:
        return []
    found, told = [], []
    zeros = values == 0
    if 0 < zeros.sum() <= _ZERO_SHARE * len(values) and _excludes_zero(values[~zeros]):
        found.append(rows[zeros])
        told.append(f"0 in {_rows(table, rows[zeros])}")
        rows, values = rows[~zeros], values[~zeros]
    outside = _far_ones(values)
    rest = values[~outside]
    if outside.any():
        order = rows[outside][np.argsort(-np.abs(values[outside] - np.median(rest)), kind="stable")]
        shown = ", ".join(f"{column.numbers[row]:g}" for row in order[:_SHOWN])
        found.append(order)
        told.append(f"{shown} in {_rows(table, order)}")
    if not found:
        return []
    what = f"is {', and '.join(told)}; all other values are from {rest.min():g} to {rest.max():g}"
    numbers = tuple(int(row) + 1 for row in table.rows[np.concatenate(found)[:5]])
    fix = "correct these cells, or leave them empty if the value is not known"
    return [Finding("extreme", Level.WARNING, f'column "{column.name}"', what, fix, (column.name,), numbers)]


def _excludes_zero(others: np.ndarray) -> bool:
    """Whether zero is impossible among these values, none of which is zero."""
    distinct = np.unique(others)
    if len(distinct) < 2 or distinct[0] <= 0:
        return False
    least, following = distinct[:2]
    return bool(least >= _NEAR_ZERO * np.median(others) and least > following - least)


def _far_ones(values: np.ndarray) -> np.ndarray:
    """Which values, bool (n,), are extreme: a few at either end, beyond a gap as `extreme_findings` defines it."""
    judged = values[values != 0] if values.min() >= 0 else values
    if len(judged) < _FEWEST_ROWS:
        return np.zeros(len(values), bool)
    ordered = np.sort(judged)
    scaled = np.log(ordered) if ordered[0] > 0 else ordered
    first, third = np.quantile(scaled, (0.25, 0.75))
    most = min(_MOST, max(1, int(_SHARE * len(judged))))
    gaps, wide = np.diff(ordered), np.diff(scaled) > _FAR_OUT * (third - first)
    if third == first or not (wide[:most].any() or wide[-most:].any()):
        return np.zeros(len(values), bool)
    # The range of the rest must exclude the outliers at the other end, which would hide those at this end.
    low, high = int(np.flatnonzero(wide[:most])[-1] + 1 if wide[:most].any() else 0), len(ordered) - 1
    high -= int(np.flatnonzero(wide[::-1][:most])[-1] + 1 if wide[::-1][:most].any() else 0)
    below = [place for place in range(low) if wide[place] and gaps[place] > ordered[high] - ordered[place + 1]]
    above = [place for place in range(high, len(gaps)) if wide[place] and gaps[place] > ordered[place] - ordered[low]]
    far = np.zeros(len(values), bool)
    if below:
        far |= (values <= ordered[below[-1]]) & ((values != 0) | (ordered[0] < 0))
    if above:
        far |= values > ordered[above[0]]
    return far


def _rows(table: Table, rows: np.ndarray) -> str:
    shown = ", ".join(f"{int(row) + 1}" for row in table.rows[rows[:_SHOWN]])
    more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"
