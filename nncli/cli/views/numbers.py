"""How a number, an answer or a spread of values is written in a table."""

from collections.abc import Mapping, Sequence
from typing import Any


def show_number(value: Any) -> str:
    """Four decimals for shares and losses, six digits for large numbers, - for none."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.6g}"


def show_interval(interval: Sequence[float] | None) -> str:
    """From where to where, - for none."""
    return "-" if interval is None else f"{show_number(interval[0])} to {show_number(interval[1])}"


def show_answer(value: Any) -> str:
    """A class, labels or a value."""
    if isinstance(value, list):
        return ", ".join(show_answer(item) for item in value) or "(none)"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def show_spread(values: Mapping[str, Any]) -> str:
    """Mean and standard deviation."""
    if values["mean"] is None:
        return "-"
    deviation = f" ± {values['deviation']:.4f}" if values["deviation"] is not None else ""
    return f"{values['mean']:.4f}{deviation}"
