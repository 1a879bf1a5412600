"""A table opened however it is written: encoding, delimiter and header guessed, each oddity a finding and no error.

Does not depend on what the columns mean.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from nncli.data.profile.values import Finding, Level
from nncli.data.tables.files import reading
from nncli.data.tables.files.columns import Table
from nncli.data.tables.files.csv_text import (
    BLANKS,
    BLANKS_FIX,
    DELIMITERS,
    CsvText,
    are_blank_separated,
    read_bytes,
    repeated_names,
    split_header,
    unpack,
)
from nncli.errors import DataError

PARQUET_SUFFIXES = frozenset((".parquet", ".pq"))
# Records from the top of a file that a guess is made from.
_RECORDS = 100
_SAMPLE_BYTES = 1 << 18
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_SHOWN = 5


@dataclass(frozen=True)
class Opened:
    """A table in memory, what it was read with, and what was odd about its text."""

    table: Table
    delimiter: str
    header: bool
    findings: tuple[Finding, ...]
    is_parquet: bool = False


@dataclass(frozen=True)
class _Text:
    """The plain bytes of a file as UTF-8, and its first records read with each delimiter."""

    name: str
    content: bytes
    records: dict[str, list[list[str]]]


def open_table(path: Path, missing: Sequence[str], *, delimiter: str | None, header: bool | None) -> Opened:
    """Read a CSV or Parquet file (by its suffix); `delimiter` and `header` are guessed when they are None.

    Raises:
        DataError: there is no such file, it is no table, or has no row.
    """
    if path.suffix.lower() in PARQUET_SUFFIXES or (path.is_file() and _starts_as_parquet(path)):
        table = reading.read_parquet(path, missing)
        return Opened(table, ",", True, tuple(_left_out(table)), is_parquet=True)
    findings: list[Finding] = []
    text = _read_text(path, findings)
    chosen = _choose_delimiter(text, delimiter, findings)
    has_header = _choose_header(text.records[chosen], header, findings)
    table, problem = reading.read_text(_with_own_names(text, chosen, has_header, findings), missing)
    if not len(table):
        raise problem or DataError(f"{path} has no row that can be read")
    findings += _unread_rows(table, problem)
    findings += _left_out(table)
    return Opened(table, chosen, has_header, tuple(findings))


def _starts_as_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False  # what is wrong with it is told by whoever reads it


def _read_text(path: Path, findings: list[Finding]) -> _Text:
    content = _as_utf8(unpack(read_bytes(path), str(path)), path, findings)
    start = content[:_SAMPLE_BYTES]
    cut = start.rfind(b"\n") + 1 if len(content) > len(start) else len(start)
    # Cut at the end of a line, so that no record is torn.
    sample = start[: cut or len(start)].decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return _Text(str(path), content, {mark: _first_records(sample, mark) for mark in DELIMITERS})


def _as_utf8(content: memoryview, path: Path, findings: list[Finding]) -> bytes:
    """The text as UTF-8; another encoding is guessed and told."""
    whole = bytes(content)
    encoding = "utf-16" if whole[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "latin1"
    if encoding == "latin1":
        try:
            codecs.utf_8_decode(whole, "strict", True)
            return whole
        except UnicodeDecodeError as error:
            if b"\0" in whole[: 1 << 16] or whole[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
                return whole  # no text at all: the reader says what it is
            line = whole[: error.start].count(b"\n") + 1
            where, what = f"line {line}", "is not UTF-8: read as latin1 here"
    else:
        where, what = "file", "is UTF-16, not UTF-8"
    fix = f"iconv -f {encoding} -t utf-8 {path.name} > NEW.csv"
    findings.append(Finding("encoding", Level.PROBLEM, where, what, fix))
    return whole.decode(encoding, errors="replace").encode()


def _first_records(sample: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True)
    records: list[list[str]] = []
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                records.append([cell.strip() for cell in record])
            if len(records) == _RECORDS:
                break
    except csv.Error:
        pass  # what was read up to the odd place is enough for a guess
    return records


def _choose_delimiter(text: _Text, given: str | None, findings: list[Finding]) -> str:
    """The delimiter that cuts most records into the same number of cells, and into the most of them."""

    def evenness(mark: str) -> tuple[float, int]:
        widths = Counter(len(record) for record in text.records[mark])
        if not widths:
            return (0.0, 0)
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        return (count / len(text.records[mark]), width) if width > 1 else (0.0, 1)

    best = max(DELIMITERS, key=evenness)
    lone = [record[0] for record in text.records[best]] if evenness(best)[1] <= 1 else []
    if are_blank_separated(lone):
        findings.append(Finding("delimiter", Level.PROBLEM, "file", BLANKS, BLANKS_FIX))
    if given is None:
        if best != "," and evenness(best)[1] > 1:
            fix = f"say `delimiter: {_quoted(best)}` under data"
            findings.append(Finding("delimiter", Level.NOTE, "file", f"its cells are separated by {_named(best)}", fix))
        return best if evenness(best)[1] > 1 else ","
    if given not in text.records:
        text.records[given] = _first_records(text.content[:_SAMPLE_BYTES].decode("utf-8-sig", errors="replace"), given)
    if evenness(given)[1] <= 1 < evenness(best)[1]:
        what = f"is one column when read with {_named(given)}; looked at with {_named(best)} instead"
        fix = f"say `delimiter: {_quoted(best)}` under data"
        findings.append(Finding("delimiter", Level.PROBLEM, "file", what, fix))
        return best
    return given


def _choose_header(records: Sequence[Sequence[str]], given: bool | None, findings: list[Finding]) -> bool:
    looks_like_data = len(records) > 1 and _is_data(records[0], records[1:])
    if given is not None:
        if given and looks_like_data:
            what, fix = "the first row looks like data, not like names", "say `header: false` under data"
            findings.append(Finding("header", Level.WARNING, "row 1", what, fix))
        return given
    if looks_like_data:
        what = "there is no header: the columns are called c0, c1, ..."
        findings.append(Finding("header", Level.NOTE, "row 1", what, "say `header: false` under data"))
    return not looks_like_data


def _is_data(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first record is like the others: numbers where they have numbers, else words that come again."""
    columns = [[record[index] for record in others if index < len(record)] for index in range(len(first))]
    numeric = [cells != [] and _share_of_numbers(cells) > 0.9 for cells in columns]
    if any(numeric):
        own = [cell for cell, is_number in zip(first, numeric, strict=True) if is_number]
        present = [cell for cell in own if cell]
        if not present or not all(_NUMBER.fullmatch(cell) for cell in present):
            return False
        return not _counts_or_years(present)
    if len(set(first)) == len(first) and len(others) < 3:
        return False
    again = [cell in cells for cell, cells in zip(first, columns, strict=True)]
    return sum(again) > len(again) / 2


def _share_of_numbers(cells: Sequence[str]) -> float:
    present = [cell for cell in cells if cell and cell.casefold() not in ("na", "nan", "null", "none", "n/a", "?")]
    return sum(_NUMBER.fullmatch(cell) is not None for cell in present) / len(present) if present else 0.0


def _counts_or_years(cells: Sequence[str]) -> bool:
    """Whole numbers that serve as names: 0, 1, 2, ... or years."""
    if len(cells) < 2 or not all(cell.isdecimal() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    steps = {after - before for before, after in pairwise(numbers)}
    return steps == {1} and (numbers[0] in (0, 1) or 1800 <= numbers[0] <= 2100)


def _with_own_names(text: _Text, delimiter: str, header: bool, findings: list[Finding]) -> CsvText:
    """The text with its header read; names that stand there twice get a number."""
    opened = split_header(text.content, name=text.name, delimiter=delimiter, header=header)
    repeated = repeated_names(opened.names)
    if not repeated:
        return opened
    names: list[str] = []
    for name in opened.names:
        tries = [name, *(f"{name}_{number}" for number in range(2, len(opened.names) + 2))]
        names.append(next(free for free in tries if free not in names and (free == name or free not in opened.names)))
    told = ", ".join(f'"{name}"' for name in repeated[:_SHOWN])
    what = f"has the column {told} more than once; counted on here, as in {repeated[0]}_2"
    findings.append(
        Finding("repeated_name", Level.PROBLEM, "header", what, "give each column its own name", tuple(repeated))
    )
    return CsvText(opened.name, tuple(names), opened.body, opened.delimiter)


def _unread_rows(table: Table, problem: DataError | None) -> list[Finding]:
    if table.rejected:
        rows = tuple(row + 1 for row, _ in table.rejected)
        told = (
            f"{table.rejected[0][1]}" if len({reason for _, reason in table.rejected}) == 1 else "have too many or few"
        )
        many = len(rows) > 1
        what = f"{told.replace('has ', 'have ' if many else 'has ', 1)}" + ("" if "cells" in told else " cells")
        fix = "fix them, or put a cell that holds the delimiter in quotes"
        return [Finding("ragged", Level.PROBLEM, name_rows(rows), what, fix, (), rows[:_SHOWN])]
    if problem is None:
        return []
    last = int(table.rows[-1]) + 1
    what = "a quote is opened and never closed: the rest of the file is one cell"
    return [Finding("open_quote", Level.PROBLEM, f"row {last}", what, "close the quote", (), (last,))]


def _left_out(table: Table) -> list[Finding]:
    findings = []
    for note in table.notes:
        name, _, reason = note.partition(": left out, ")
        findings.append(
            Finding(
                "type", Level.NOTE, f'column "{name}"', f"left out: {reason}", "write it as numbers or text", (name,)
            )
        )
    return findings


def name_rows(rows: Sequence[int] | np.ndarray) -> str:
    """Where, for a few rows counted from 1: `row 3`, `rows 3, 7, 9 and 12 more`."""
    told = ", ".join(str(int(row)) for row in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"row{'s' if len(rows) > 1 else ''} {told}{more}"


def _named(delimiter: str) -> str:
    return "tabs" if delimiter == "\t" else f'"{delimiter}"'


def _quoted(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'
