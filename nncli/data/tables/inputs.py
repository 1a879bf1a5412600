"""Reads tables as inputs of a trained model, from files and stdin, with or without targets."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nncli.config.facts import DataFacts, TableInput
from nncli.data.batches import STDIN, Batch, Failure
from nncli.data.dataset import Part
from nncli.data.images.files import SUFFIXES
from nncli.data.tables.encoding import encode_table, needed_columns
from nncli.data.tables.features.words import reread_as
from nncli.data.tables.files.columns import Column, Table, unknown_columns
from nncli.data.tables.files.csv_text import DELIMITERS, CsvText, open_csv
from nncli.data.tables.files.reading import read_opened, read_parquet, stream_csv, stream_parquet
from nncli.data.tables.loading import label_rows
from nncli.errors import DataError

_PARQUET_SUFFIXES = frozenset((".parquet", ".pq"))
_IMAGE_STARTS = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"RIFF",
    b"P5",
    b"P6",
    b"P4",
    b"\0\0\0",
)


def starts_as_image(content: bytes) -> bool:
    """Whether the bytes begin like an image file."""
    return content.startswith(_IMAGE_STARTS)


def table_batches(name: str, facts: DataFacts, columns: TableInput, stdin: BinaryIO) -> Iterator[Batch]:
    """The rows of a file, or of stdin for "-", in batches; a failure if it cannot be read."""
    try:
        yield from _table_batches(name, facts, columns, stdin)
    except DataError as error:
        yield Batch(failures=[Failure(name, _one_line(error, name))])


def label_table(file: Path, path: str, facts: DataFacts, columns: TableInput) -> Part:
    """A table with its targets, encoded for a trained model; `path` is the name that the user gave. Raises
    DataError."""
    if file.suffix.lower() in _PARQUET_SUFFIXES:
        return label_rows(read_parquet(file, columns.missing), facts)
    table = read_opened(_open_table(file, path, facts, columns))
    return label_rows(_named(table, facts, columns), facts)


def read_other_column(path: str, facts: DataFacts, columns: TableInput, name: str, rows: np.ndarray) -> Column:
    """A column that the model does not read, at rows (int64, from 0) of a file as `label_table` reads it.

    Raises DataError where the file has no such column.
    """
    file = Path(path)
    if file.suffix.lower() in _PARQUET_SUFFIXES:
        return column_at(read_parquet(file, columns.missing), name, rows)
    return column_at(_named(read_opened(_open_table(file, path, facts, columns)), facts, columns), name, rows)


def column_at(table: Table, name: str, rows: np.ndarray) -> Column:
    """A column at the rows (int64, from 0) of the file that the table was read from. Raises DataError."""
    if name not in table.columns:
        raise unknown_columns([name], table.columns, table.name)
    return table.columns[name].take(np.searchsorted(table.rows, rows))


def _table_batches(name: str, facts: DataFacts, columns: TableInput, stdin: BinaryIO) -> Iterator[Batch]:
    path = Path(name)
    if name == STDIN:
        content = stdin.read()
        if starts_as_image(content):
            raise DataError("is an image, but the model was trained on a table")
        if not content.strip():
            raise DataError("stdin is empty")
        tables = stream_csv(_open_table(content, "stdin", facts, columns))
    elif not path.exists():
        raise DataError("there is no such file")
    elif path.is_dir():
        raise DataError("is a folder, but the model was trained on a table: name CSV or Parquet files")
    elif path.suffix.lower() in SUFFIXES:
        raise DataError("is an image, but the model was trained on a table")
    elif path.suffix.lower() in _PARQUET_SUFFIXES:
        tables = stream_parquet(path, columns.missing)
    else:
        tables = stream_csv(_open_table(path, name, facts, columns))
    empty = True
    for table in tables:
        empty = False
        yield _encode(name, table, facts, columns)
    if empty:
        raise DataError("has no rows")


def _encode(name: str, table: Table, facts: DataFacts, columns: TableInput) -> Batch:
    failures = {row: reason for row, reason in table.rejected}
    batch = Batch()
    if len(table):
        encoded = encode_table(reread_as(_named(table, facts, columns), columns), columns)
        usable = np.ones(len(table), bool)
        for index, reason in encoded.failures.items():
            usable[index] = False
            failures[int(table.rows[index])] = reason
        batch.names = [f"{name}:row {row + 1}" for row in table.rows[usable]]
        batch.inputs = {key: array[usable] for key, array in encoded.inputs.items()} if usable.any() else {}
        batch.warnings = [f"{name}: {warning}" for warning in encoded.warnings]
    batch.failures = [Failure(f"{name}:row {row + 1}", failures[row]) for row in sorted(failures)]
    return batch


def _open_table(source: Path | bytes, name: str, facts: DataFacts, columns: TableInput) -> CsvText:
    """Open a CSV with the delimiter of the training data, or with another one that gives more of the needed columns."""
    needed = set(needed_columns(columns))
    best: CsvText | None = None
    for delimiter in dict.fromkeys((columns.delimiter, *DELIMITERS)):
        try:
            text_format = columns.text_format.model_copy(update={"delimiter": delimiter})
            text = open_csv(source, name=name, text_format=text_format)
        except DataError:
            if best is None:
                raise
            continue
        if best is None or len(needed.intersection(text.names)) > len(needed.intersection(best.names)):
            best = text
        if (needed <= set(text.names)) if columns.header else _fits(len(text.names), facts, columns):
            return text
    if best is None:
        raise DataError(f"{name} cannot be read")
    return best


def _fits(count: int, facts: DataFacts, columns: TableInput) -> bool:
    return count in (len(columns.columns), len(columns.columns) - len(facts.target.columns))


def _named(table: Table, facts: DataFacts, columns: TableInput) -> Table:
    """The table with the training data's column names; without a header they go by position, with or without the
    target."""
    if columns.header or not len(table.columns):
        return table
    if not _fits(len(table.columns), facts, columns):
        raise DataError(f"{table.name} has {len(table.columns)} columns, the training data had {len(columns.columns)}")
    names = list(columns.columns)
    if len(table.columns) < len(names):
        names = [name for name in names if name not in facts.target.columns]
    return Table(dict(zip(names, table.columns.values(), strict=True)), table.rows, table.rejected, (), table.name)


def _one_line(error: DataError, name: str) -> str:
    """Message and hint in one line, without the input's name, which the failure has already."""
    message = error.message.removeprefix(f"{name}: ").removeprefix(f"{name} ")
    return " ".join(f"{message} ({error.hint})".split()) if error.hint else " ".join(message.split())
