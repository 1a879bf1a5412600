"""Guesses the format of a table's text: encoding, delimiter, lines above the header, header, decimal mark.

Looks at the start of the file, for `nncli init` and `nncli data`; training uses the format in the config.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nncli.config.text_format import WHITESPACE, Decimal, TextFormat, Thousands
from nncli.data.tables.files.content import guess_encoding
from nncli.data.tables.files.csv_text import split_at_blanks
from nncli.data.tables.files.number_text import Marks, choose_marks, find_marks, looks_like_number

DELIMITERS = (",", ";", "\t", "|")
_CELL_OF_NUMBERS = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
_RECORDS = 100
_SAMPLE_BYTES = 1 << 18
_COMMENTS = ("#", "%", "//")
# More lines than this above a table cannot be a title; the file is some other kind of text.
_MOST_ABOVE = 50
_NOTHING = ("na", "nan", "null", "none", "n/a", "?", "-")


@dataclass(frozen=True)
class Record:
    """A record of the file: its first line, counted from 0, and its cells, stripped."""

    line: int
    cells: tuple[str, ...]


def guess_format(content: memoryview, missing: Sequence[str], *, delimiter: str | None = None) -> TextFormat:
    """The format of an unpacked file; a given `delimiter` is kept.

    A line is above the table if it has fewer cells than most records below it. A leading line that begins with # is a
    comment, unless it is the only such line and has a cell for each column: then it is the header.
    """
    encoding = guess_encoding(content)
    lines = sample_lines(content, encoding)
    comment = _guess_comment(lines, delimiter)
    lines = [line for line in lines if comment is None or not line.lstrip(" \t").startswith(comment)]
    chosen = delimiter or _guess_delimiter(lines)
    records = read_records(lines, chosen)
    skip = _count_above(records)
    records = [record for record in records if record.line >= skip]
    header = not (len(records) > 1 and looks_like_data(records[0].cells, [record.cells for record in records[1:]]))
    decimal, thousands = _guess_marks(records[header:], missing, chosen)
    return TextFormat.model_validate(
        {
            "delimiter": chosen,
            "header": header,
            "encoding": encoding,
            "skip": skip,
            "comment": comment,
            "decimal": decimal,
            "thousands": thousands,
            "missing": tuple(missing),
        }
    )


def sample_lines(content: memoryview, encoding: str) -> list[str]:
    """The lines of the first 256 KiB, without their ends; a last line that may be incomplete is left out."""
    start = bytes(content[:_SAMPLE_BYTES])
    lines = start.decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = lines.replace("\r\n", "\n").replace("\r", "\n")
    if len(content) > len(start) and "\n" in lines:
        lines = lines[: lines.rindex("\n")]
    return lines.split("\n")


def read_records(lines: Sequence[str], delimiter: str) -> list[Record]:
    """The first records that are not blank, at most 100; a quoted cell may span several lines."""
    if delimiter == WHITESPACE:
        split = [(index, split_at_blanks(line)) for index, line in enumerate(lines)]
        return [Record(index, tuple(cells)) for index, cells in split if cells][:_RECORDS]
    text = io.StringIO("\n".join(lines), newline="")
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    records: list[Record] = []
    line = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append(Record(line, tuple(cell.strip() for cell in cells)))
            line = reader.line_num
            if len(records) == _RECORDS:
                break
    except csv.Error:
        pass  # what was read before the error is enough for a guess
    return records


def evenness(records: Sequence[Record]) -> tuple[float, int]:
    """The share of records with the most frequent number of cells, and that number; (0, 1) for a single column."""
    widths = Counter(len(record.cells) for record in records)
    if not widths:
        return (0.0, 0)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (count / len(records), width) if width > 1 else (0.0, 1)


def _guess_delimiter(lines: Sequence[str]) -> str:
    """The delimiter that splits most records into the same number of cells; if several do, the one with the fewest
    lines above the table, then with the most cells. With a comma, `size;price` above `3.7;0,5` would be a title."""
    found = {mark: read_records(lines, mark) for mark in DELIMITERS}

    def quality(mark: str) -> tuple[float, int, int]:
        above = _count_above(found[mark])
        share, width = evenness([record for record in found[mark] if record.line >= above])
        return share, -above, width

    best = max(DELIMITERS, key=quality)
    if quality(best)[2] > 1:
        return best
    present = [line.strip() for line in lines if line.strip()]
    return WHITESPACE if are_blank_separated(present[:_RECORDS]) else ","


def _guess_comment(lines: Sequence[str], delimiter: str | None) -> str | None:
    leading = next((line.lstrip(" \t") for line in lines if line.strip()), "")
    mark = next((mark for mark in _COMMENTS if leading.startswith(mark)), None)
    if mark is None:
        return None
    marked = [line for line in lines if line.lstrip(" \t").startswith(mark)]
    others = [line for line in lines if line.strip() and not line.lstrip(" \t").startswith(mark)]
    if not others:
        return None
    chosen = delimiter or _guess_delimiter(others)
    width = evenness(read_records(others, chosen))[1]
    is_header = len(marked) == 1 and width > 1 and len(read_records(marked, chosen)[0].cells) == width
    return None if is_header else mark


def _count_above(records: Sequence[Record]) -> int:
    """How many lines are above the first record with the most frequent number of cells."""
    share, width = evenness(records)
    if width <= 1 or share < 0.5:
        return 0
    first = next((index for index, record in enumerate(records) if _is_row(record, width)), 0)
    above = records[:first]
    # A row that is too long is a mistake in the table; a title is shorter.
    if any(len(record.cells) > width for record in above) or records[first].line > _MOST_ABOVE:
        return 0
    return records[first].line if above else 0


def _is_row(record: Record, width: int) -> bool:
    """Whether a record is a row of a table with `width` columns, rather than a title in its first cell."""
    return len(record.cells) == width and (width < 3 or sum(cell != "" for cell in record.cells) > 1)


def _guess_marks(records: Sequence[Record], missing: Sequence[str], delimiter: str) -> tuple[Decimal, Thousands]:
    """The decimal mark and the thousands mark that fit the numbers of all columns."""
    absent = {text.casefold() for text in missing} | {"", *_NOTHING}
    found = Marks()
    for index in range(max((len(record.cells) for record in records), default=0)):
        cells = [record.cells[index] for record in records if index < len(record.cells)]
        found |= find_marks([cell for cell in cells if cell.casefold() not in absent])
    return choose_marks(found, is_european=delimiter == ";")


def looks_like_data(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first record is like the others: numbers in number columns, otherwise words that occur again
    below."""
    columns = [[record[index] for record in others if index < len(record)] for index in range(len(first))]
    numeric = [cells != [] and _share_of_numbers(cells) > 0.9 for cells in columns]
    if any(numeric):
        own = [cell for cell, is_number in zip(first, numeric, strict=True) if is_number]
        present = [cell for cell in own if cell]
        if not present or not all(looks_like_number(cell) for cell in present):
            return False
        return not _counts_or_years(present)
    if len(set(first)) == len(first) and len(others) < 3:
        return False
    again = [cell in cells for cell, cells in zip(first, columns, strict=True)]
    return sum(again) > len(again) / 2


def _share_of_numbers(cells: Sequence[str]) -> float:
    present = [cell for cell in cells if cell and cell.casefold() not in _NOTHING]
    return sum(looks_like_number(cell) for cell in present) / len(present) if present else 0.0


def _counts_or_years(cells: Sequence[str]) -> bool:
    """Whole numbers that serve as names: 0, 1, 2, ... or years."""
    if len(cells) < 2 or not all(cell.isdecimal() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    steps = {after - before for before, after in pairwise(numbers)}
    return steps == {1} and (numbers[0] in (0, 1) or 1800 <= numbers[0] <= 2100)


def sniff(line: str) -> str | None:
    """The delimiter that probably separates the cells of a line that was read as a single cell, or None."""
    counts = {mark: line.count(mark) for mark in DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else None


def are_blank_separated(lines: Sequence[str]) -> bool:
    """Whether splitting lines at blanks would give a table: the same number of cells in each line, numbers in each
    row."""
    rows = [split_at_blanks(line) for line in lines]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return False
    return all(any(_CELL_OF_NUMBERS.fullmatch(cell) for cell in row) for row in rows[1:])
