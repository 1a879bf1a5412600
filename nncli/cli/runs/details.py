"""What `nncli runs show` and `nncli runs diff` answer, in plain text."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nncli.cli.runs.table import run_table
from nncli.cli.views.numbers import show_number
from nncli.console import Console

if TYPE_CHECKING:
    from nncli.pipeline.runs.details import RunDetails
    from nncli.pipeline.runs.differences import RunDifference
    from nncli.pipeline.runs.rows import Row

_GAP = "  "
# A value is cut down to this in a file, where lines have no end.
_LONGEST = 60


def show_run(console: Console, details: "RunDetails") -> None:
    """What is known about one run: status, config and data, scores, and the trainings of a comparison."""
    if details.note is not None:
        console.say(details.note)
    for name in details.damaged:
        console.warn(f"{details.row.path}/{name} is damaged, and its content is left out; restore it, or train again")
    if console.json_mode:
        console.answer(details.to_mapping())
        return
    row, told = details.row, details.facts
    facts = [
        ("run", row.path),
        ("status", row.status + (f": {told['reason']}" if "reason" in told else "")),
        ("started", row.started),
        ("ended", row.ended),
        ("seconds", None if row.seconds is None else f"{row.seconds:,.1f}"),
        ("command", told.get("command")),
        ("data", told.get("data")),
        ("seed", told.get("seed")),
        ("epochs", _epochs(row, told.get("kept"))),
        *((name, told.get(name)) for name in ("parameters", "engine", "versions", "machine")),
        ("files", f"{len(details.files)}, {sum(details.files.values()) / 1e6:,.2f} MB"),
    ]
    width = console.line_width
    text = "".join(_fact(name, value, width) for name, value in facts if value is not None)
    text += _metrics(details.scores)
    if details.cells:
        text += "\n" + "".join(
            f"{_GAP}{line}\n" for line in run_table(details.cells, width and width - len(_GAP)).splitlines()
        )
    console.write(text)
    if details.further is not None:
        console.say(details.further)


def _fact(name: str, value: str, width: int | None) -> str:
    """A name and its value, whose words go to the next line where a terminal is narrow."""
    head = f"{name:<10}{_GAP}"
    if width is None:
        return f"{head}{value}\n"
    indent = " " * len(head)
    return (
        textwrap.fill(
            value,
            max(width, 2 * len(head)),
            initial_indent=head,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        + "\n"
    )


def show_difference(console: Console, difference: "RunDifference") -> None:
    """Only what differs between two runs: a line a key, with both values."""
    for note in difference.notes:
        console.say(note)
    if console.json_mode:
        console.answer(difference.to_mapping())
        return
    sections = {name: pairs for name, pairs in difference.sections.items() if pairs}
    rows = [
        (f"{section}: {key}" if section != "config" else key, _value(first), _value(second))
        for section, pairs in sections.items()
        for key, (first, second) in pairs.items()
    ]
    text = _three_columns(("", difference.first, difference.second), rows, console.line_width) if rows else ""
    if not rows:
        text = "nothing differs in config, data, versions, machine and metrics\n"
    if difference.equal_weights is not None:
        text += f"the kept weights {'have the same bits' if difference.equal_weights else 'differ'}\n"
    console.write(text)


def _three_columns(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> str:
    """The key and both values beside each other; where the terminal is too narrow, below each other."""
    lines = [heads, *rows]
    widths = [max(len(line[position]) for line in lines) for position in range(3)]
    if width is None or sum(widths) + 2 * len(_GAP) <= width:
        return "".join(
            f"{key:<{widths[0]}}{_GAP}{first:<{widths[1]}}{_GAP}{second}".rstrip() + "\n"
            for key, first, second in lines
        )
    text = f"- {heads[1]}\n+ {heads[2]}\n"
    return text + "".join(f"{key}\n{_GAP}- {first}\n{_GAP}+ {second}\n" for key, first, second in rows)


def _value(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 2] + ".."


def _epochs(row: "Row", kept: str | None) -> str | None:
    if row.epochs is None:
        return None
    return f"{row.epochs}{f' of {row.epochs_asked}' if row.epochs_asked else ''}{f', {kept}' if kept else ''}"


def _metrics(scores: Mapping[str, tuple[float | None, float | None]]) -> str:
    """The test metrics beside the baseline."""
    if not scores:
        return ""
    rows = [("test", "value", "baseline")]
    rows += [(name, show_number(value), show_number(baseline)) for name, (value, baseline) in scores.items()]
    widths = [max(len(row[position]) for row in rows) for position in range(3)]
    lines = (_GAP.join([row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in (1, 2))]) for row in rows)
    return "\n" + "".join(f"{line}\n" for line in lines)
