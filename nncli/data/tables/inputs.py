"""Reads tables as inputs of a trained model, from files and bytes, with or without targets."""

import zlib
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
from nncli.data.tables.files.columns import Column, Table, unknown_columns
from nncli.data.tables.files.content import is_pattern, let_go, matching
from nncli.data.tables.files.csv_text import CsvText, open_csv
from nncli.data.tables.files.csv_types import WORTH_BYTES, read_columns, segments
from nncli.data.tables.files.format_guess import DELIMITERS
from nncli.data.tables.files.parquet import open_dataset, read_parquet, stream_dataset, stream_parquet
from nncli.data.tables.files.reading import open_quote_error, ragged_error, read_opened, stream_csv
from nncli.data.tables.loading import label_rows
from nncli.errors import DataError

_PARQUET_SUFFIXES = frozenset((".parquet", ".pq"))
_PARQUET_ROWS = 1 << 16
_LOOKED_AT = 1 << 20
# A packed table is perhaps this many times as large.
_PACKED = 5
_NOTHING = Part({}, np.empty(0, np.float32), np.empty(0, np.int64))


def table_batches(
    name: str, source: Path | memoryview, facts: DataFacts, columns: TableInput, *, keep: bool = False
) -> Iterator[Batch]:
    """The rows of a file or of the bytes of one, in batches; with `keep`, each has its original cells.

    Raises:
        DataError: it cannot be read, or a column that the model needs is missing.
    """
    empty = True
    for share, table in _stream(name, source, facts, columns, keep):
        empty = False
        batch = _encode(name, table, facts, columns, keep)
        batch.share = share
        yield batch
    if empty:
        raise DataError(f"{name} has no rows")


def label_table(file: Path, path: str, facts: DataFacts, columns: TableInput) -> Part:
    """A table with its targets, encoded for a trained model; `path` is the name that the user gave. Raises
    DataError."""
    if _parquet_files(file) is not None:
        return label_rows(read_parquet(file, columns.missing), facts)
    table = read_opened(_open_table(file, path, facts, columns))
    return label_rows(_match_names(table, facts, columns), facts)


def label_pieces(file: Path, path: str, facts: DataFacts, columns: TableInput) -> Iterator[tuple[float, Part]]:
    """The rows of `label_table` piece by piece, each with the share (0 to 1) that is read with it. Raises DataError."""
    parquet = _parquet_files(file)
    if parquet is not None:
        names = [*needed_columns(columns), *facts.target.columns]
        known = open_dataset(parquet, path)[0]
        chosen = [name for name in dict.fromkeys(names) if name in known]
        tables = stream_dataset(parquet, columns.missing, path, _PARQUET_ROWS, chosen)
    else:
        text = _open_table(file, path, facts, columns)
        tables = _stream_columns(text)
    unlabelled = True
    for share, table in tables:
        if table.rejected:
            raise ragged_error(text, list(table.rejected))
        if parquet is None and len(table):
            _refuse_open_quote(text, table)
        named = _match_names(table, facts, columns)
        if not _has_targets(reread_as(named, columns), facts):
            yield share, replace(_NOTHING, unlabelled=len(named))
            continue
        unlabelled = False
        yield share, label_rows(named, facts)
    if unlabelled:
        raise DataError(f"{path}: no row has a value in the target {', '.join(facts.target.columns)}")


def _refuse_open_quote(text: CsvText, table: Table) -> None:
    """Raises DataError for a quote that is never closed: the last cell of these rows has the rest of the text."""
    cell = table.columns[text.names[-1]].text(len(table) - 1)
    if "\n" in cell and sum(bytes(each).count(b'"') for each in segments(text.body)) % 2:
        raise open_quote_error(text, int(table.rows[-1]) + 1, cell)


def table_rows(path: Path) -> int:
    """About how many rows a table has: of text by the length of its first lines; 0 of a format that is read whole."""
    files = matching(path) if is_pattern(path) else [path]
    if not all(file.is_file() for file in files):
        return 0  # opening it says what is wrong
    if _parquet_files(path) is not None:
        return open_dataset(files, str(path))[1]
    try:
        size = sum(file.stat().st_size for file in files)
        with files[0].open("rb") as file:
            head = file.read(_LOOKED_AT)
        if head[:2] == b"\x1f\x8b":
            head, size = zlib.decompressobj(31).decompress(head, _LOOKED_AT), size * _PACKED
    except (OSError, zlib.error):
        return 0  # as above
    if head[:2] == b"PK":
        return 0
    return size * head.count(b"\n") // max(1, len(head))


def _has_targets(table: Table, facts: DataFacts) -> bool:
    """Whether any row has all targets; whether there are such columns is checked where they are read."""
    names = facts.target.columns
    if any(name not in table.columns for name in names):
        return True
    return bool(np.logical_and.reduce([table.columns[name].present for name in names]).any())


def _parquet_files(path: Path) -> list[Path] | None:
    """The Parquet files of a path, a folder or a pattern; None for text."""
    files = matching(path) if is_pattern(path) else [path]
    return files if is_parquet_file(files[0]) else None


def read_other_column(path: str, facts: DataFacts, columns: TableInput, name: str, rows: np.ndarray) -> Column:
    """A column that the model does not read, at rows (int64, from 0) of a file as `label_table` reads it.

    Raises DataError where the file has no such column.
    """
    file = Path(path)
    if _parquet_files(file) is not None:
        return column_at(read_parquet(file, columns.missing, name), name, rows)
    text = _open_table(file, path, facts, columns)
    # Without a header, columns have their names by position, so that all are needed.
    return column_at(_match_names(read_opened(text, name if columns.header else None), facts, columns), name, rows)


def column_at(table: Table, name: str, rows: np.ndarray) -> Column:
    """A column at the rows (int64, from 0) of the file that the table was read from. Raises DataError."""
    if name not in table.columns:
        raise unknown_columns([name], table.columns, table.name)
    return table.columns[name].take(np.searchsorted(table.rows, rows))


def _stream(
    name: str, source: Path | memoryview, facts: DataFacts, columns: TableInput, keep: bool
) -> Iterator[tuple[float, Table]]:
    """The tables of a stream, each with the share (0 to 1) that is read with it; only with `keep` with their cells."""
    is_parquet = bytes(source[:4]) == b"PAR1" if isinstance(source, memoryview) else is_parquet_file(source)
    if is_parquet:
        yield from stream_parquet(source, columns.missing, name=name)
    elif keep:
        yield from stream_csv(_open_table(source, name, facts, columns))
    else:
        yield from _stream_columns(_open_table(source, name, facts, columns))


def _stream_columns(text: CsvText) -> Iterator[tuple[float, Table]]:
    """What `stream_csv` gives, without the cells: read on all cores where the text is as usual, and large."""
    done = row = 0
    pieces = segments(text.body) if len(text.body) >= WORTH_BYTES else iter((text.body,))
    for piece in pieces:
        columns = read_columns(replace(text, body=piece))
        if columns is not None:
            rows = len(next(iter(columns.values())))
            done += len(piece)
            yield done / len(text.body), Table(columns, np.arange(row, row + rows, dtype=np.int64), name=text.name)
            row += rows
            let_go(text.body)
            continue
        # A piece is cut at a line's end, which may be inside a quoted cell; then the rest is read as one text.
        usual = bytes(piece).count(b'"') % 2 == 0
        body, first = piece if usual else text.body[done:], row
        for share, table in stream_csv(replace(text, body=body)):
            rejected = tuple((first + place, reason) for place, reason in table.rejected)
            row = max([row, *(first + table.rows[-1:] + 1).tolist(), *(place + 1 for place, _ in rejected)])
            yield (
                (done + share * len(body)) / len(text.body),
                replace(table, rows=table.rows + first, rejected=rejected, cells={}),
            )
        if not usual:
            return
        done += len(piece)


def is_parquet_file(path: Path) -> bool:
    """Whether the suffix is that of a Parquet file."""
    return path.suffix.lower() in _PARQUET_SUFFIXES


def _encode(name: str, table: Table, facts: DataFacts, columns: TableInput, keep: bool) -> Batch:
    failures = {row: reason for row, reason in table.rejected}
    batch = Batch()
    if len(table):
        table = _match_names(table, facts, columns)
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


def _match_names(table: Table, facts: DataFacts, columns: TableInput) -> Table:
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
