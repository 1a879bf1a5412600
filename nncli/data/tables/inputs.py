"""Reads tables as inputs of a trained model, from files and bytes, with or without targets."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, TableInput
from nncli.data.batches import Batch, Failure
from nncli.data.dataset import Part
from nncli.data.tables.encoding import encode_table, needed_columns
from nncli.data.tables.features.words import reread_as
from nncli.data.tables.files.columns import Table
from nncli.data.tables.files.csv_text import DELIMITERS, CsvText, open_csv
from nncli.data.tables.files.parquet import read_parquet, stream_parquet
from nncli.data.tables.files.reading import read_opened, stream_csv
from nncli.data.tables.loading import label_rows
from nncli.errors import DataError

_PARQUET_SUFFIXES = frozenset((".parquet", ".pq"))


def table_batches(
    name: str, source: Path | memoryview, facts: DataFacts, columns: TableInput, *, keep: bool = False
) -> Iterator[Batch]:
    """The rows of a file or of the bytes of one, in batches; with `keep`, each has its original cells.

    Raises:
        DataError: it cannot be read, or a column that the model needs is missing.
    """
    empty = True
    for share, table in _stream(name, source, facts, columns):
        empty = False
        batch = _encode(name, table, facts, columns, keep)
        batch.share = share
        yield batch
    if empty:
        raise DataError("has no rows")


def label_table(file: Path, path: str, facts: DataFacts, columns: TableInput) -> Part:
    """A table with its targets, encoded for a trained model; `path` is the name that the user gave. Raises
    DataError."""
    if is_parquet_file(file):
        return label_rows(read_parquet(file, columns.missing), facts)
    table = read_opened(_open_table(file, path, facts, columns))
    return label_rows(_named(table, facts, columns), facts)


def _stream(
    name: str, source: Path | memoryview, facts: DataFacts, columns: TableInput
) -> Iterator[tuple[float, Table]]:
    """The tables of a stream, each with the share (0 to 1) that is read with it."""
    is_parquet = bytes(source[:4]) == b"PAR1" if isinstance(source, memoryview) else is_parquet_file(source)
    if is_parquet:
        yield from stream_parquet(source, columns.missing, name=name)
    else:
        yield from stream_csv(_open_table(source, name, facts, columns))


def is_parquet_file(path: Path) -> bool:
    """Whether the suffix is that of a Parquet file."""
    return path.suffix.lower() in _PARQUET_SUFFIXES


def _encode(name: str, table: Table, facts: DataFacts, columns: TableInput, keep: bool) -> Batch:
    failures = {row: reason for row, reason in table.rejected}
    batch = Batch()
    if len(table):
        table = _named(table, facts, columns)
        encoded = encode_table(reread_as(table, columns), columns)
        usable = np.ones(len(table), bool)
        for index, reason in encoded.failures.items():
            usable[index] = False
            failures[int(table.rows[index])] = reason
        batch.names = [f"{name}:row {row}" for row in (table.rows[usable] + 1).tolist()]
        batch.inputs = {key: array[usable] for key, array in encoded.inputs.items()} if usable.any() else {}
        batch.outside = encoded.outside
        batch.kept = _original(table, usable) if keep else None
    batch.failures = [Failure(f"{name}:row {row + 1}", failures[row]) for row in sorted(failures)]
    return batch


def _original(table: Table, usable: np.ndarray) -> Any:
    """The cells as they stand in the file, a pyarrow.Table of the usable rows."""
    import pyarrow as arrow

    cells = arrow.table(table.cells)
    return cells if usable.all() else cells.filter(arrow.array(usable))


def _open_table(source: Path | memoryview, name: str, facts: DataFacts, columns: TableInput) -> CsvText:
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
    columns_by_name = dict(zip(names, table.columns.values(), strict=True))
    cells = dict(zip(names, table.cells.values(), strict=True)) if table.cells else {}
    return replace(table, columns=columns_by_name, cells=cells)
