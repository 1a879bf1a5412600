"""Opens a table in any text format, guessed or checked; anything unusual becomes a finding, not an error.

Does not depend on what the columns mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.config.text_format import WHITESPACE, TextFormat
from nncli.data.profile.findings import excerpt_finding
from nncli.data.profile.values import Finding, Level
from nncli.data.streaming.excerpt import excerpt_parquet, excerpt_text
from nncli.data.tables.files import reading
from nncli.data.tables.files.columns import Table
from nncli.data.tables.files.content import find_undecodable, is_pattern, matching, read_bytes, refuse_binary, unpack
from nncli.data.tables.files.converting import to_csv
from nncli.data.tables.files.csv_text import CsvText, open_csv, repeated_names, split_header
from nncli.data.tables.files.format_guess import evenness, guess_format, looks_like_data, read_records, sample_lines
from nncli.data.tables.files.parquet import read_parquet
from nncli.errors import DataError

PARQUET_SUFFIXES = frozenset((".parquet", ".pq"))
_SHOWN = 5
_PLAIN = TextFormat()


@dataclass(frozen=True)
class Opened:
    """A table in memory, the format it was read with, and findings about its text; of a very large one `is_excerpt`."""

    table: Table
    text_format: TextFormat
    findings: tuple[Finding, ...]
    is_parquet: bool = False
    is_excerpt: bool = False

    @property
    def remarks(self) -> list[str]:
        """A remark about the format of the file, if there is something to say."""
        notes = [each for each in self.findings if each.level is Level.NOTE and each.where in ("file", "row 1")]
        return [f"the file: {'; '.join(each.what for each in notes)}"] if notes else []

    @property
    def left_out(self) -> list[str]:
        """A remark for each column of a type that cannot be read."""
        return [f"{each.columns[0]}: {each.what}; {each.fix}" for each in self.findings if each.rule == "type"]


def open_table(path: Path, missing: Sequence[str], given: TextFormat | None = None) -> Opened:
    """Read a CSV or Parquet file (told apart by suffix or content); its text format is guessed, or `given` by a config.

    Raises:
        DataError: the file does not exist, is no table, or has no rows.
    """
    first = matching(path)[0] if is_pattern(path) else path
    if first.suffix.lower() in PARQUET_SUFFIXES or (first.is_file() and _starts_as_parquet(first)):
        return _open_parquet(path, missing, given)
    excerpt = excerpt_text(path)
    content = unpack(read_bytes(first), str(first)) if excerpt is None else excerpt[0]
    converted = to_csv(content, str(first))
    if converted is not None:
        content = converted
    refuse_binary(content, str(path))
    findings: list[Finding] = []
    guessed = guess_format(content, missing)
    if given is None:
        chosen = guessed
        findings += _guesses(chosen)
    else:
        chosen = given.model_copy(update={"missing": tuple(missing)})
        chosen = _corrected(content, chosen, guessed, findings)
    if is_pattern(path) and excerpt is None:
        opened = open_csv(path, name=str(path), text_format=chosen)
    else:
        opened = split_header(memoryview(content), name=str(path), text_format=chosen)
    table, problem = reading.read_text(_with_own_names(opened, findings))
    if not len(table):
        raise problem or DataError(f"{path} has no readable row")
    findings += _unread_rows(table, problem)
    findings += _left_out(table)
    if excerpt is None:
        return Opened(table, chosen, tuple(findings))
    return Opened(table, chosen, (_excerpt_finding(table, excerpt[1]), *findings), is_excerpt=True)


def _open_parquet(path: Path, missing: Sequence[str], given: TextFormat | None) -> Opened:
    excerpt = excerpt_parquet(path, tuple(missing))
    if excerpt is not None:
        table, share = excerpt
        findings = (_excerpt_finding(table, share), *_left_out(table))
        return Opened(table, given or _PLAIN, findings, is_parquet=True, is_excerpt=True)
    table = read_parquet(path, missing)
    return Opened(table, given or _PLAIN, tuple(_left_out(table)), is_parquet=True)


def _excerpt_finding(table: Table, share: float) -> Finding:
    return excerpt_finding(len(table), round(len(table) / share), about=True)


def _starts_as_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False  # reading it reports what is wrong with it


def _guesses(guessed: TextFormat) -> list[Finding]:
    """Findings for all that a config must say about a text that is not plain CSV."""
    lines = f"{guessed.skip} line{'s' * (guessed.skip > 1)}"
    marks = f"numbers have a decimal {'comma' if guessed.decimal == ',' else 'point'}"
    if guessed.thousands:
        marks += f" and {guessed.thousands!r} between thousands"
    said = {
        "encoding": f"is {guessed.encoding} text, not UTF-8",
        "delimiter": f"its cells are separated by {name_delimiter(guessed.delimiter)}",
        "skip": f"{lines} above the table {'is' if guessed.skip == 1 else 'are'} skipped",
        "comment": f"lines that begin with {guessed.comment} are skipped",
        "header": "there is no header: the columns are called c0, c1, ...",
        "decimal": marks,
    }
    found = [name for name in said if getattr(guessed, name) != getattr(_PLAIN, name)]
    if guessed.thousands and "decimal" not in found:
        found.append("decimal")
    return [
        Finding(name, Level.NOTE, "row 1" if name == "header" else "file", said[name], f"say {_keys(guessed, name)}")
        for name in found
    ]


def _keys(text_format: TextFormat, name: str) -> str:
    names = ["decimal", "thousands"] if name == "decimal" else [name]
    told = [each for each in names if getattr(text_format, each) != getattr(_PLAIN, each)]
    return " and ".join(f"`{each}: {_yaml(getattr(text_format, each))}`" for each in told) + " under data"


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value == "\t":
        return '"\\t"'
    plain = isinstance(value, int) or (isinstance(value, str) and value.replace("-", "").isalnum())
    return str(value) if plain else f'"{value}"'


def _corrected(content: memoryview, given: TextFormat, guessed: TextFormat, findings: list[Finding]) -> TextFormat:
    """The format from the config, corrected where the file cannot be read with it; each correction is a finding."""
    position = find_undecodable(content, given.encoding)
    if position is not None:
        line = bytes(content[:position]).count(b"\n") + 1
        what = f"is not {given.encoding} text; read as {guessed.encoding} instead"
        findings.append(Finding("encoding", Level.PROBLEM, f"line {line}", what, f"say {_keys(guessed, 'encoding')}"))
        given = given.model_copy(update={"encoding": guessed.encoding})
    lines = sample_lines(content, given.encoding)[given.skip :]
    records = read_records(lines, given.delimiter)
    if evenness(records)[1] <= 1 and guessed.delimiter != given.delimiter:
        what = f"is one column when read with {name_delimiter(given.delimiter)}; read with " + (
            f"{name_delimiter(guessed.delimiter)} instead"
        )
        findings.append(Finding("delimiter", Level.PROBLEM, "file", what, f"say {_keys(guessed, 'delimiter')}"))
        given = given.model_copy(update={"delimiter": guessed.delimiter})
        records = read_records(lines, given.delimiter)
    if given.header and len(records) > 1 and looks_like_data(records[0].cells, [each.cells for each in records[1:]]):
        what, fix = "the first row looks like data, not like column names", "say `header: false` under data"
        findings.append(Finding("header", Level.WARNING, "row 1", what, fix))
    for name in ("skip", "comment", "decimal"):
        if getattr(given, name) == getattr(_PLAIN, name) != getattr(guessed, name):
            findings += [
                Finding(
                    each.rule, Level.WARNING, each.where, each.what.replace("are skipped", "are not data"), each.fix
                )
                for each in _guesses(guessed)
                if each.rule == name
            ]
    return given


def name_delimiter(delimiter: str) -> str:
    """The delimiter in words."""
    return {"\t": "tabs", WHITESPACE: "blanks"}.get(delimiter, f'"{delimiter}"')


def _with_own_names(opened: CsvText, findings: list[Finding]) -> CsvText:
    """The text with repeated column names made unique by a number."""
    repeated = repeated_names(opened.names)
    if not repeated:
        return opened
    names: list[str] = []
    for name in opened.names:
        tries = [name, *(f"{name}_{number}" for number in range(2, len(opened.names) + 2))]
        names.append(next(free for free in tries if free not in names and (free == name or free not in opened.names)))
    told = ", ".join(f'"{name}"' for name in repeated[:_SHOWN])
    what = f"has the column {told} more than once; numbered here, as in {repeated[0]}_2"
    findings.append(
        Finding("repeated_name", Level.PROBLEM, "header", what, "give each column its own name", tuple(repeated))
    )
    return CsvText(opened.name, tuple(names), opened.body, opened.text_format)


def _unread_rows(table: Table, problem: DataError | None) -> list[Finding]:
    if table.rejected:
        rows = tuple(row + 1 for row, _ in table.rejected)
        told = (
            f"{table.rejected[0][1]}" if len({reason for _, reason in table.rejected}) == 1 else "have too many or few"
        )
        many = len(rows) > 1
        what = f"{told.replace('has ', 'have ' if many else 'has ', 1)}" + ("" if "cells" in told else " cells")
        fix = "fix them; a cell that contains the delimiter must be in quotes"
        return [Finding("ragged", Level.PROBLEM, name_rows(rows), what, fix, (), rows[:_SHOWN])]
    if problem is None:
        return []
    last = int(table.rows[-1]) + 1
    what = "a quote is opened but never closed, so the rest of the file is one cell"
    return [Finding("open_quote", Level.PROBLEM, f"row {last}", what, "close the quote", (), (last,))]


def _left_out(table: Table) -> list[Finding]:
    findings = []
    for note in table.notes:
        name, _, reason = note.partition(": dropped, ")
        findings.append(
            Finding(
                "type", Level.NOTE, f'column "{name}"', f"dropped: {reason}", "store it as numbers or text", (name,)
            )
        )
    return findings


def name_rows(rows: Sequence[int] | np.ndarray) -> str:
    """The first few rows, counted from 1, in words: `row 3`, `rows 3, 7, 9 and 12 more`."""
    told = ", ".join(str(int(row)) for row in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"row{'s' if len(rows) > 1 else ''} {told}{more}"
