"""Two variants row by row on the test rows that they share; supplements the verdict and does not decide it.

A row-wise test asks whether two trained networks would differ on other rows like these. It does not see what another
training of the same variant would give, and that is what a comparison is about.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.evaluate.comparing.paired import ALPHA
from nncli.evaluate.intervals import interval_of, resample_rows


def compare_rows(first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
    """What two trained networks got right (bool, (rows,)) or by how much they were off (squared errors, (rows,)).

    Right and wrong rows: "only_first" and "only_second" are those that one alone got right, "p" is McNemar's exact one.
    Errors: "mean" is by how much the first one's mean is lower, "interval" its 95 % bootstrap interval over the rows.
    """
    if first.dtype == bool:
        only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
        return {"only_first": only_first, "only_second": only_second, "p": mcnemar(only_first, only_second)}
    gains = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    sums, _ = resample_rows(gains[:, None], [])
    return {"mean": float(gains.mean()), "interval": interval_of(sums[:, 0] / len(gains))}


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p value of the exact test: of the rows that one alone got right, half are expected on each side.

    McNemar, Note on the sampling error of the difference between correlated proportions or percentages, Psychometrika
    12, 1947, by the binomial distribution instead of its normal approximation.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))


def is_clear(told: dict[str, Any]) -> bool:
    """Whether a row-wise test excludes chance in the choice of rows at 95 %."""
    if "p" in told:
        return bool(told["p"] <= ALPHA)
    interval = told["interval"]
    return interval is not None and not interval[0] <= 0 <= interval[1]


def describe(told: Sequence[dict[str, Any]]) -> str | None:
    """The row-wise tests of all seeds in a few words, None where there are none."""
    if not told:
        return None
    clear = sum(map(is_clear, told))
    seeds = f"{clear} of {len(told)}"
    if "p" not in told[0]:
        return f"row by row: bootstrap of squared errors, clear with {seeds} seeds"
    values = sorted(each["p"] for each in told)
    span = " to ".join(dict.fromkeys(f"{value:.2g}" for value in (values[0], values[-1])))
    return f"row by row: McNemar p {span}, {seeds} below {ALPHA:g}"
