"""What a lesson is: a title, a text for people, the numbers in it; and reading the numbers that a reader chose."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.errors import UsageError

Values = dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Lesson:
    """A worked example: `text` in lines of at most 80 columns, `numbers` the same for a program."""

    id: str
    title: str
    text: str
    numbers: Mapping[str, Any]


def choose_values(defaults: Mapping[str, Sequence[float]], assignments: Sequence[str], *, several: bool) -> Values:
    """The defaults with what `name=number` changes, or `name=number,number` where a name has `several`.

    Raises UsageError for an unknown name and for what is no finite number.
    """
    values = {name: tuple(map(float, numbers)) for name, numbers in defaults.items()}
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        if name not in values:
            hint = f"the lesson has {', '.join(values)}, as in --set {next(iter(values))}=3"
            raise UsageError(f'--set {assignment}: there is no topic "{name}"', hint=hint)
        values[name] = _numbers(assignment, text.split(",") if several else [text])
    return values


def _numbers(assignment: str, texts: Sequence[str]) -> tuple[float, ...]:
    try:
        numbers = tuple(float(text) for text in texts)
    except ValueError:
        numbers = (math.nan,)
    if not all(math.isfinite(number) for number in numbers):
        raise UsageError(f"--set {assignment}: expected a number", hint="as in --set w=0.5")
    return numbers


def show_number(value: float) -> str:
    """A number in four digits with a real minus, as on a slide."""
    return f"{round(value, 12) + 0.0:.4g}".replace("-", "−")


def show_term(value: float) -> str:
    """The same within a sum or a product: a negative number in brackets."""
    return f"({show_number(value)})" if value < 0 else show_number(value)


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of `left`, `right`, `right` and so on, each `= right` under the one before it."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  " + " = ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
