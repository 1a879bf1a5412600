"""What `nncli runs show` and `nncli runs diff` answer, in plain text."""

import shlex
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.cli.runs.table import run_table
from nncli.cli.views.numbers import show_number
from nncli.console import Console

_GAP = "  "
# A value is cut down to this in a file, where lines have no end.
_LONGEST = 60


def show_run(console: Console, details: Any) -> None:
    """What is known of one run: how it stands, what it was made of, what it reached, its trainings."""
    if details.note is not None:
        console.say(details.note)
    if console.json_mode:
        console.answer(details.to_mapping())
        return
    row, record = details.row, details.record
    facts = [
        ("run", row.path),
        ("status", row.status + (f": {record['reason']}" if record.get("reason") else "")),
        ("started", row.started),
        ("ended", row.ended),
        ("seconds", None if row.seconds is None else f"{row.seconds:,.1f}"),
        ("command", shlex.join(record.get("command", ())) or None),
        ("data", _data(record.get("data"))),
        ("seed", None if row.seed is None else str(row.seed)),
        ("epochs", _epochs(details.summary, row)),
        ("parameters", _number(details.summary.get("parameters"))),
        ("engine", _pairs(record, ("executor", "threads", "parts"))),
        ("versions", _pairs(record.get("versions", {}))),
        ("machine", _pairs(record.get("machine", {}))),
        ("files", f"{len(details.files)}, {sum(details.files.values()) / 1e6:,.2f} MB"),
    ]
    width = console.line_width
    text = "".join(_fact(name, value, width) for name, value in facts if value is not None)
    text += _metrics(details.summary.get("test"))
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


def show_difference(console: Console, difference: Any) -> None:
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


def _data(data: Mapping[str, Any] | None) -> str | None:
    if not data:
        return None
    rows = ", ".join(f"{part} {count:,}" for part, count in data.get("rows", {}).items())
    return f"{data.get('source')} ({rows}), fingerprint {str(data.get('fingerprint'))[:12]}"


def _epochs(summary: Mapping[str, Any], row: Any) -> str | None:
    if row.epochs is None:
        return None
    kept = f", weights of epoch {summary['kept_epoch']}" if "kept_epoch" in summary else ""
    return f"{row.epochs}{f' of {row.epochs_asked}' if row.epochs_asked else ''}{kept}"


def _number(value: Any) -> str | None:
    return None if value is None else show_number(value)


def _pairs(values: Mapping[str, Any], keys: Sequence[str] = ()) -> str | None:
    known = {key: values[key] for key in keys or values if values.get(key) is not None}
    return ", ".join(f"{key} {value}" for key, value in known.items()) or None


def _metrics(test: Mapping[str, Any] | None) -> str:
    """The test metrics beside the baseline."""
    if not test or not test.get("metrics"):
        return ""
    baseline = test.get("baseline", {}).get("metrics", {})
    rows = [("test", "value", "baseline")]
    rows += [(name, show_number(value), show_number(baseline.get(name))) for name, value in test["metrics"].items()]
    widths = [max(len(row[position]) for row in rows) for position in range(3)]
    lines = (_GAP.join([row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in (1, 2))]) for row in rows)
    return "\n" + "".join(f"{line}\n" for line in lines)
