"""A table of runs in plain text, as wide as the terminal: the less a column tells, the sooner it gives way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nncli.cli.views.numbers import show_number
from nncli.console.epochs import short_name

if TYPE_CHECKING:
    from nncli.pipeline.runs.rows import Row

_GAP = "  "
# A name is cut down to this before the table becomes wider than the terminal: date and time, which name the run.
_SHORTEST_NAME = 17
_UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


@dataclass(frozen=True)
class _Column:
    """A column: its head, its text for a run, and when it gives way (0 never)."""

    head: str
    text: Callable[[Any], str]
    gives_way: int = 0
    is_number: bool = True


def run_table(rows: Sequence[Any], width: int | None, now: datetime | None = None) -> str:
    """A line a run under one of heads; no wider than `width`, if that is possible."""
    moment = now or datetime.now(UTC)
    columns = [
        _Column("run", lambda row: row.name, is_number=False),
        _Column("kind", lambda row: row.kind, 1, is_number=False),
        _Column("status", lambda row: row.status, is_number=False),
        _Column("data", lambda row: row.data or "-", 4, is_number=False),
        _score_column(rows),
        _Column("epochs", _epochs, 5),
        _Column("when", lambda row: age(row.started, moment), 2),
        _Column("seconds", lambda row: "-" if row.seconds is None else f"{row.seconds:,.1f}", 3),
    ]
    if len({row.kind for row in rows}) == 1:  # the same for all: a column that tells nothing
        columns.pop(1)
    cells = {column.head: [column.text(row) for row in rows] for column in columns}
    widths = {head: max(len(head), *map(len, texts)) for head, texts in cells.items()}
    while width is not None and _total(widths) > width and len(widths) > 1:
        shorter = widths["run"] - (_total(widths) - width)
        leaving = [column for column in columns if column.gives_way]
        if shorter >= _SHORTEST_NAME and (not leaving or min(c.gives_way for c in leaving) > 2):
            widths["run"] = shorter
        elif leaving:
            column = min(leaving, key=lambda each: each.gives_way)
            columns.remove(column)
            del widths[column.head]
        else:
            widths["run"] = max(_SHORTEST_NAME, shorter)
            break
    lines = [_line(columns, widths, {column.head: column.head for column in columns})]
    lines += [_line(columns, widths, {head: cells[head][i] for head in widths}) for i in range(len(rows))]
    return "".join(f"{line}\n" for line in lines)


def age(started: str | None, now: datetime) -> str:
    """How long ago that was, in its largest unit."""
    try:
        seconds = (now - datetime.fromisoformat(started or "")).total_seconds()
    except (ValueError, TypeError):
        return "-"
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _line(columns: Sequence[_Column], widths: dict[str, int], texts: dict[str, str]) -> str:
    parts = []
    for column in columns:
        text, width = texts[column.head], widths[column.head]
        if len(text) > width:
            text = text[: width - 2] + ".."
        parts.append(text.rjust(width) if column.is_number else text.ljust(width))
    return _GAP.join(parts).rstrip()


def _score_column(rows: Sequence[Any]) -> _Column:
    """The main test metric; its name is the head if it is the same for all, else it stands beside each value."""
    metrics = {row.metric for row in rows if row.value is not None}
    if len(metrics) == 1:
        return _Column(short_name(metrics.pop()), lambda row: show_number(row.value))
    return _Column("test", _named_score, is_number=False)


def _named_score(row: "Row") -> str:
    return "-" if row.value is None or row.metric is None else f"{short_name(row.metric)} {show_number(row.value)}"


def _epochs(row: "Row") -> str:
    """How many of those asked for; of a comparison, how many trainings."""
    if row.cells is not None:
        return f"{row.cells} run" if row.cells == 1 else f"{row.cells} runs"
    if row.epochs is None:
        return "-"
    return f"{row.epochs}/{row.epochs_asked}" if row.epochs_asked else str(row.epochs)
