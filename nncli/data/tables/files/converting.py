"""Turns JSON and Excel sheets into CSV text, the only format that later steps read. Does not look at types."""

import csv
import io
import itertools
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from nncli.data.tables.files.content import spool
from nncli.errors import DataError, how_to_install

_ROWS = 1000
# Objects of which each has keys of its own would be a table of nothing but gaps, that fills the memory.
_MOST_CELLS, _MOST_GAPS = 5_000_000, 5
_EXCEL_FIX = f"{how_to_install('excel')}; or export the sheet as CSV (UTF-8)"


def to_csv(content: memoryview, name: str) -> memoryview | None:
    """CSV text (UTF-8, commas) of JSON lines, of a JSON list of objects or of an Excel sheet; None for anything else.

    A JSON list is read into memory as a whole, JSON lines one at a time.

    Raises:
        DataError: a line or an item is not a JSON object, the sheet is empty, or the extra `excel` is not installed.
    """
    if bytes(content[:4]) == b"PK\x03\x04" and _is_excel(content):
        return _write_csv(_excel_rows(content, name))
    start = bytes(content[: 1 << 12]).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"{":
        return _json_table(lambda: _lines(content, name), name)
    # A header may begin with a bracket too, as in `[id],[name]`.
    if start[:1] == b"[" and start[1:].lstrip()[:1] == b"{":
        items = _items(content, name)
        return _json_table(lambda: iter(items), name)
    return None


def _json_table(records: Callable[[], Iterator[dict[str, Any]]], name: str) -> memoryview:
    """Two passes: first the keys of all records in order of appearance, then the cells."""
    names: dict[str, None] = {}
    count = given = 0
    for record in records():
        names.update(dict.fromkeys(record))
        count, given = count + 1, given + len(record)
    if len(names) * count > max(_MOST_CELLS, _MOST_GAPS * given):
        raise DataError(
            f"{name}: its {count:,} objects have {len(names):,} different keys, but {given / count:.0f} each",
            hint="give all objects the same keys, one for each column",
        )
    rows = ([_cell(record.get(key)) for key in names] for record in records())
    return _write_csv(itertools.chain([list(names)], rows))


def _items(content: memoryview, name: str) -> list[dict[str, Any]]:
    try:
        items = json.loads(bytes(content).decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise DataError(f"{name}: line {error.lineno} is not JSON ({error.msg}, column {error.colno})") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not UTF-8 text after byte {error.start}, but JSON must be UTF-8") from None
    except (RecursionError, ValueError) as error:
        raise DataError(f"{name}: {_why_not(error)}") from None
    for index, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise DataError(f"{name}: item {index} of the list is not a JSON object but {json.dumps(item)[:40]}")
    return list(items)


def _lines(content: memoryview, name: str) -> Iterator[dict[str, Any]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="\n")
    number = 0
    try:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            record = json.loads(line)
            if not isinstance(record, dict):
                raise DataError(f"{name}: line {number} is not a JSON object but {line.strip()[:40]}")
            yield record
    except json.JSONDecodeError as error:
        whole = number == 1 and len(content) > len(line)
        fix = "each line must be a complete object; write a list of objects as one object per line" if whole else None
        raise DataError(f"{name}: line {number} is not JSON ({error.msg}, column {error.colno})", hint=fix) from None
    except UnicodeDecodeError:
        raise DataError(f"{name} is not UTF-8 text after line {number}, but JSON must be UTF-8") from None
    except (RecursionError, ValueError) as error:
        raise DataError(f"{name}: line {number} cannot be read: {_why_not(error)}") from None


def _why_not(error: Exception) -> str:
    """What Python does not read although it is JSON."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it has a number of thousands of digits"


def _cell(value: Any) -> str:
    """A value as a CSV cell; lists and objects stay JSON, from which nothing can be learned."""
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _is_excel(content: memoryview) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _excel_rows(content: memoryview, name: str) -> Iterator[Sequence[str]]:
    """The cells of the only sheet with rows; dates in ISO format, formulas as their last computed values."""
    try:
        import openpyxl
    except ImportError:
        raise DataError(f"{name} is an Excel file, which needs openpyxl", hint=_EXCEL_FIX) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        filled = [sheet for sheet in book.worksheets if sheet.max_row and sheet.max_row > 1]
        if len(filled) != 1:
            titles = ", ".join(sheet.title for sheet in filled) or "none"
            raise DataError(
                f"{name} has {len(filled) or 'no'} sheets with rows: {titles}", hint="keep one, or export it as CSV"
            )
        for row in filled[0].iter_rows(values_only=True):  # parsed only now
            if any(cell is not None for cell in row):
                yield [_excel_cell(cell) for cell in row]
    except DataError:
        raise
    except Exception as error:  # openpyxl raises many kinds of exceptions for a damaged file
        raise DataError(
            f"{name} is a damaged Excel file: {error}", hint="open it and save it again, or export the sheet as CSV"
        ) from None


def _excel_cell(value: Any) -> str:
    if hasattr(value, "isoformat"):
        text: str = value.isoformat()
        return text.removesuffix("T00:00:00")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _cell(value)


def _write_csv(rows: Iterable[Sequence[str]]) -> memoryview:
    def pieces() -> Iterator[bytes]:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        source = iter(rows)
        while batch := list(itertools.islice(source, _ROWS)):
            writer.writerows(batch)
            yield buffer.getvalue().encode(errors="replace")  # half of a character pair, as "\\ud800" in JSON
            buffer.seek(0)
            buffer.truncate()

    return spool(pieces())
