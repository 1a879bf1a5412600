"""A lesson (title, text, numbers, drawing), the parsing of the user's numbers, and the formatting of formulas."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Drawing

Values = dict[str, tuple[float, ...]]
Limits = Mapping[str, tuple[float, float]]
# Limits of numbers that must be above 0, such as a learning rate.
ABOVE_ZERO = (1e-12, 1e12)


@dataclass(frozen=True)
class Lesson:
    """A worked example: `text` has lines of at most 80 columns, `numbers` is the same content for programs.

    `warnings` says what is odd about a user's own input, such as an image.
    """

    id: str
    title: str
    text: str
    numbers: Mapping[str, Any]
    drawing: Drawing | None = None
    warnings: tuple[str, ...] = ()


def choose_values(defaults: Mapping[str, Sequence[float]], assignments: Sequence[str], *, several: bool) -> Values:
    """The defaults, overridden by assignments `name=number`, or `name=number,number` if `several` is true.

    Raises UsageError for an unknown name and for anything but finite numbers.
    """
    values = {name: tuple(map(float, numbers)) for name, numbers in defaults.items()}
    for assignment in assignments:
        name, text = _split(assignment, values)
        values[name] = _numbers(assignment, text, several=several)
    return values


def choose(defaults: Mapping[str, Any], assignments: Sequence[str], limits: Limits | None = None) -> dict[str, Any]:
    """The defaults, overridden by assignments; each value is of its default's kind: a number, a whole one, or several.

    `limits` names the smallest and the largest number that makes sense. Raises UsageError.
    """
    values = dict(defaults)
    for assignment in assignments:
        name, text = _split(assignment, values)
        default = values[name]
        numbers = _numbers(assignment, text, several=isinstance(default, tuple))
        low, high = (limits or {}).get(name, (-math.inf, math.inf))
        whole = isinstance(default, int)
        if not all(low <= number <= high and (number.is_integer() or not whole) for number in numbers):
            raise UsageError(f"--set {assignment}: expected {_expected(low, high, whole=whole)}")
        values[name] = numbers if isinstance(default, tuple) else type(default)(numbers[0])
    return values


def read_numbers(words: Sequence[str]) -> tuple[float, ...]:
    """Numbers typed after a lesson's name. Raises UsageError."""
    return tuple(_number(word, word, "for example nncli explain softmax 2 1 0.1") for word in words)


def _split(assignment: str, values: Mapping[str, Any]) -> tuple[str, str]:
    name, _, text = assignment.partition("=")
    name = name.strip()
    if name not in values:
        hint = f"the lesson has {', '.join(values)}, as in --set {next(iter(values))}=3"
        raise UsageError(f'--set {assignment}: there is no value "{name}"', hint=hint)
    return name, text


def _expected(low: float, high: float, *, whole: bool) -> str:
    kind = "a whole number" if whole else "a number"
    if (low, high) == ABOVE_ZERO:
        return f"{kind} above 0"
    return f"{kind} from {low:g} to {high:g}" if math.isfinite(low) else kind


def _numbers(assignment: str, text: str, *, several: bool) -> tuple[float, ...]:
    name = assignment.partition("=")[0].strip()
    hint = f"for example --set {name}=0.5" + f", or --set {name}=1,2 for several" * several
    return tuple(_number(each, f"--set {assignment}", hint) for each in (text.split(",") if several else [text]))


def _number(text: str, told: str, hint: str) -> float:
    try:
        number = float(text.replace("−", "-"))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{told}: expected a number", hint=hint)
    return number


def show_number(value: float) -> str:
    """A number with four significant digits and a typographic minus sign."""
    value = float(value)  # NumPy's would overflow when a large one is rounded
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{round(value, 12) + 0.0:.4g}".replace("-", "−")


def show_tiny(value: float) -> str:
    """The same for numbers that may be far below 1e-12, which are not rounded to 0."""
    return f"{value + 0.0:.3g}".replace("-", "−") if math.isfinite(value) else show_number(value)


def show_term(value: float) -> str:
    """The same as a term of a sum or product: negative numbers in parentheses."""
    return f"({show_number(value)})" if value < 0 else show_number(value)


def show_list(values: Sequence[float], most: int = 8) -> str:
    """Numbers with commas; of more than `most`, the first ones."""
    told = ", ".join(map(show_number, values[:most]))
    return told if len(values) <= most else f"{told}, …"


def wrap_lines(text: str, width: int = 80) -> str:
    """The text with those lines wrapped at blanks that a user's long numbers made longer than `width`."""
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        wrapped = textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        lines += wrapped if len(line) > width else [line]
    return "\n".join(lines)


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row's cells joined by `=`, with the equals signs aligned between rows."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  " + " = ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def tabulate(columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> list[str]:
    """A table: a line of the columns' names, then the rows; the first `left` columns are text, the others numbers."""
    table = [columns, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(columns))]
    return [
        "  "
        + "  ".join(
            f"{cell:<{width}}" if place < left else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
