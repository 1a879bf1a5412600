"""Reads CSV with pyarrow into columns of NumPy arrays; does not depend on targets or training.

Every cell of a CSV is first read as text and becomes a number only if it can be parsed as one, so that no type is
guessed from the start of a file. pyarrow is imported when a table is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.text_format import TextFormat
from nncli.data.plurals import count
from nncli.data.tables.files.columns import Column, Dictionary, Table, number_column
from nncli.data.tables.files.content import let_go
from nncli.data.tables.files.csv_text import CsvText, encoding_error, open_csv
from nncli.data.tables.files.csv_types import read_columns
from nncli.data.tables.files.format_guess import sniff
from nncli.data.tables.files.number_text import has_codes, parse_numbers, plain_text
from nncli.errors import DataError

# Bytes of CSV in a batch when a table is streamed; no row may be longer.
BLOCK = 1 << 22
_SHOWN = 3

Rejected = list[tuple[int, str]]


def read_csv(path: Path, text_format: TextFormat, only: str | None = None) -> Table:
    """Read a whole CSV file (also compressed) into memory, or `only` a column of it where it is large and has it.

    Raises:
        DataError: it cannot be read, has no rows, or has rows of another length than the header.
    """
    return read_opened(open_csv(path, name=str(path), text_format=text_format), only)


def read_opened(text: CsvText, only: str | None = None) -> Table:
    """All rows of an opened CSV. Raises DataError like `read_csv`."""
    columns = read_columns(text, only)
    if columns is not None:
        rows = len(next(iter(columns.values())))
        return Table(columns, np.arange(rows, dtype=np.int64), name=text.name)
    table, problem = read_text(text)
    if problem is not None:
        raise problem
    return table


def read_text(text: CsvText) -> tuple[Table, DataError | None]:
    """All readable rows of an opened CSV (the others are in `rejected`), and the error to raise for the others.

    Raises:
        DataError: there are no rows at all, or the text cannot be parsed.
    """
    _refuse_no_rows(text)
    rejected: Rejected = []
    read = _parse(text, rejected, threads=True)
    if rejected:
        # Again without threads, since only then does pyarrow number the rejected rows.
        rejected = []
        read = _parse(text, rejected, threads=False)
    rows, _ = _row_numbers(0, read.num_rows, [row for row, _ in rejected])
    arrays = [joined(column) for column in read.columns]
    table = make_table(text.name, text.names, arrays, rows, text.text_format, tuple(rejected))
    return table, ragged_error(text, rejected) if rejected else _open_quote(text, arrays)


def _parse(text: CsvText, rejected: Rejected, *, threads: bool) -> Any:
    import pyarrow.csv as arrow_csv

    try:
        return arrow_csv.read_csv(_source(text), **_options(text, rejected, threads=threads))
    except ValueError as error:
        raise _parse_error(text, error) from None


def stream_csv(text: CsvText) -> Iterator[tuple[float, Table]]:
    """The rows of an opened CSV, batch by batch, each with the share (0 to 1) of the text read with it and the original
    cells; rows of the wrong length are in `rejected`."""
    import pyarrow.csv as arrow_csv

    if not bytes(text.body[: 1 << 16]).strip():
        return
    rejected: Rejected = []
    position = 0
    try:
        source = _source(text)
        with arrow_csv.open_csv(source, **_options(text, rejected, threads=False)) as reader:
            for batch in reader:
                rows, position = _row_numbers(position, batch.num_rows, [row for row, _ in rejected])
                passed = tuple(item for item in rejected if item[0] < position)
                rejected[:] = rejected[len(passed) :]
                table = make_table(text.name, text.names, batch.columns, rows, text.text_format, passed)
                share = min(1.0, source.tell() / len(text.body))
                let_go(text.body)
                yield share, replace(table, cells=dict(zip(text.names, batch.columns, strict=True)))
    except ValueError as error:
        raise _parse_error(text, error) from None
    if rejected:
        nothing = np.empty(0, np.int64)
        yield 1.0, Table({}, nothing, tuple(rejected), (), text.name)


def _options(text: CsvText, rejected: Rejected, *, threads: bool) -> dict[str, Any]:
    """Options for pyarrow: every cell is text. It can number the rows that it rejects only without threads."""
    import pyarrow as arrow
    import pyarrow.csv as arrow_csv

    def reject(row: Any) -> str:
        number = -1 if row.number is None else row.number - 1
        quote = "; a quote in it may never be closed" if "\n" in row.text else ""
        rejected.append((number, f"has {count(row.actual_columns, 'cell')} instead of {row.expected_columns}{quote}"))
        return "skip"

    return {
        "read_options": arrow_csv.ReadOptions(column_names=list(text.names), block_size=BLOCK, use_threads=threads),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=text.delimiter, newlines_in_values=True, invalid_row_handler=reject
        ),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(text.names, arrow.string()), strings_can_be_null=False
        ),
    }


def _source(text: CsvText) -> Any:
    import pyarrow as arrow

    return arrow.BufferReader(arrow.py_buffer(text.body))


def _row_numbers(position: int, rows: int, rejected: list[int]) -> tuple[np.ndarray, int]:
    """The row numbers of a batch, given that those in `rejected` were skipped, and the number at which the next
    begins."""
    candidates = np.arange(position, position + rows + len(rejected), dtype=np.int64)
    places = np.setdiff1d(candidates, rejected, assume_unique=True)[:rows]
    return places, int(places[-1]) + 1 if rows else position


def make_table(
    name: str,
    names: Sequence[str],
    arrays: Sequence[Any],
    rows: np.ndarray,
    text_format: TextFormat,
    rejected: tuple[tuple[int, str], ...] = (),
) -> Table:
    """A table of Arrow arrays; columns of types that cannot be learned from are left out, with a note."""
    columns, notes = {}, []
    for column_name, array in zip(names, arrays, strict=True):
        column = _column(column_name, array, text_format)
        if column is None:
            notes.append(f"{column_name}: dropped, cells of the type {array.type} cannot be learned from")
        else:
            columns[column_name] = column
    return Table(columns, rows.astype(np.int64), rejected, tuple(notes), name)


def _column(name: str, array: Any, text_format: TextFormat) -> Column | None:
    import pyarrow as arrow
    import pyarrow.compute as compute

    kinds = arrow.types
    if kinds.is_dictionary(array.type):
        array = array.dictionary_decode()
    if kinds.is_boolean(array.type):
        array = compute.if_else(array, "True", "False")
    elif kinds.is_integer(array.type) or kinds.is_floating(array.type) or kinds.is_decimal(array.type):
        numbers = compute.cast(array, arrow.float64(), safe=False)
        return number_column(name, compute.fill_null(numbers, np.nan).to_numpy(zero_copy_only=False))
    other_text = kinds.is_large_string(array.type) or kinds.is_string_view(array.type)
    if kinds.is_temporal(array.type) or kinds.is_null(array.type) or other_text:
        array = compute.cast(array, arrow.string())
    return _text_column(name, array, text_format) if kinds.is_string(array.type) else None


def _text_column(name: str, array: Any, text_format: TextFormat) -> Column:
    import pyarrow as arrow
    import pyarrow.compute as compute

    cells = compute.utf8_trim_whitespace(array)
    absent = compute.is_in(cells, value_set=arrow.array([*text_format.missing, ""], arrow.string()))
    array = compute.if_else(absent, arrow.scalar(None, arrow.string()), cells)
    present = compute.is_valid(array).to_numpy(zero_copy_only=False)
    parsed = parse_numbers(array, text_format)
    numbers = parsed.numbers

    def encode() -> Dictionary:
        codes, texts = _encode(array)
        return codes, [plain_text(text, text_format) for text in texts]

    def encode_words() -> Dictionary:
        is_word = compute.and_(absent, compute.not_equal(cells, ""))
        return _encode(compute.if_else(is_word, cells, arrow.scalar(None, arrow.string())))

    numeric = present & ~np.isnan(numbers)
    are_codes = bool(numeric.any()) and has_codes(text for text in _different(array) if text is not None)
    return Column(name, numbers, present, numeric, encode, parsed.units, encode_words, are_codes)


def _different(array: Any) -> Iterator[str | None]:
    """The different texts of an Arrow array, one by one as they are needed."""
    import pyarrow.compute as compute

    return (text.as_py() for text in compute.unique(array))


def _encode(array: Any) -> Dictionary:
    """The cells of an Arrow array of texts as codes, and the texts in order of appearance."""
    import pyarrow.compute as compute

    encoded = compute.dictionary_encode(array)
    codes = compute.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int32), encoded.dictionary.to_pylist()


def joined(column: Any) -> Any:
    """A chunked array as one array (this fails for a column with more than 2 GiB of text)."""
    joined = column.combine_chunks()
    return joined.chunk(0) if hasattr(joined, "num_chunks") else joined


def _refuse_no_rows(text: CsvText) -> None:
    if not bytes(text.body[: 1 << 16]).strip():
        raise DataError(f"{text.name} has a header ({', '.join(text.names[:8])}) but no rows")


def _open_quote(text: CsvText, arrays: Sequence[Any]) -> DataError | None:
    """The error for a quote that is never closed, which puts the rest of the file into one cell of the last row."""
    last = arrays[-1][len(arrays[-1]) - 1].as_py() if len(arrays[-1]) else ""
    if "\n" not in last or bytes(text.body).count(b'"') % 2 == 0:
        return None
    return open_quote_error(text, len(arrays[-1]), last)


def open_quote_error(text: CsvText, row: int, cell: str) -> DataError:
    """The error for a quote that is never closed, in the last cell of a row, counted from 1."""
    return DataError(
        f"{text.name}: a quote is opened in row {row} but never closed", hint=f"that cell begins: {cell[:40]!r}"
    )


def ragged_error(text: CsvText, rejected: Rejected) -> DataError:
    """The error for rows that are too long or too short."""
    told = "; ".join(f"row {row + 1} {reason}" for row, reason in rejected[:_SHOWN])
    more = f" (and {count(len(rejected) - _SHOWN, 'more row')})" if len(rejected) > _SHOWN else ""
    return DataError(
        f"{text.name}: {told}{more}",
        hint=_delimiter_hint(text)
        or f"the columns are {', '.join(text.names[:12])}; a cell that contains {text.delimiter!r} must be in quotes",
    )


def _delimiter_hint(text: CsvText) -> str | None:
    guess = sniff(text.names[0]) if len(text.names) == 1 else None
    return f'the header seems to use another delimiter: say `delimiter: "{guess}"` under data' if guess else None


def _parse_error(text: CsvText, error: Exception) -> DataError:
    if "UTF8" in str(error):
        return encoding_error(text)
    return DataError(f"{text.name} cannot be read as CSV: {first_line(error)}")


def first_line(error: Exception) -> str:
    """The first line of a message of pyarrow, shortened."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
