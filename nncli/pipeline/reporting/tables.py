"""Tables of a page, and how numbers are written in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 200


@dataclass(frozen=True)
class Table:
    """Column heads, rows of text, and which columns hold numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()


def show(value: Any) -> str:
    """A number in four digits or so, `-` for none."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 else f"{value:.4g}"


def show_interval(interval: Any) -> str:
    """`0.94 to 0.98`, or nothing."""
    return f"{show(float(interval[0]))} to {show(float(interval[1]))}" if interval else ""


def words(name: str) -> str:
    """A key as words."""
    return name.replace("_", " ")


def thinned(rows: Sequence[Any], most: int = MOST_ROWS) -> list[Any]:
    """At most this many rows, evenly spaced, with the last."""
    step = max(1, -(-len(rows) // most))
    return [row for place, row in enumerate(rows) if place % step == 0 or place + 1 == len(rows)]


def how_to_go_on(further: str | None) -> list[str]:
    """What can be done with an unfinished run (`continue it: nncli ...`), as lines for a shell."""
    what, _, command = (further or "").partition(": ")
    return [f"# {what}", *([command] if command else [])] if what else []
