"""Reads and writes Parquet files with pyarrow, which is imported when it is needed; does not depend on models."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from nncli.data.tables.files.columns import Table
from nncli.data.tables.files.content import is_pattern, matching, read_bytes
from nncli.data.tables.files.number_text import PLAIN
from nncli.data.tables.files.reading import first_line, joined, make_table
from nncli.errors import DataError, NncliError

_GROUP_ROWS = 1 << 16
# A sample has rows of about this many row groups.
_GROUPS = 32
# Cells of rows that are read together, and of a sample, however many columns they have; a cell takes about 8 bytes.
_CELLS, _SAMPLE_CELLS = 1 << 22, 1 << 24
# Bytes of a column that are read at a time.
_BUFFER = 1 << 13


def read_parquet(path: Path, missing: Sequence[str], only: str | None = None) -> Table:
    """Read a whole Parquet file into memory, or `only` a column of it where it has that; numbers are taken as they are,
    text is parsed like the cells of a CSV.

    Raises:
        DataError: it cannot be read, or has no rows.
    """
    if is_pattern(path):
        whole = _read_several(matching(path), str(path), only)
    else:
        with _open_parquet(path, str(path)) as file:
            chosen = [only] if only in file.schema_arrow.names else None
            whole = _read(lambda: file.read(chosen), str(path))
    if not whole.num_rows:
        raise DataError(f"{path} has no rows")
    text_format = PLAIN.model_copy(update={"missing": tuple(missing)})
    arrays = [joined(column) for column in whole.columns]
    return make_table(str(path), whole.column_names, arrays, np.arange(whole.num_rows), text_format)


def _read_several(files: Sequence[Path], name: str, only: str | None) -> Any:
    names, _ = open_dataset(files, name)
    names = (only,) if only in names and only is not None else names
    tables = []
    for path in files:
        with _open_parquet(path, str(path)) as file:
            tables.append(_read(partial(file.read, list(names)), str(path)).select(names))
    return _joined_tables(tables, name)


def open_dataset(files: Sequence[Path], name: str) -> tuple[tuple[str, ...], int]:
    """The names of the columns of Parquet files, and the number of their rows; reads only the ends of the files.

    Raises:
        DataError: a file cannot be read, or has other columns than the first.
    """
    names: tuple[str, ...] = ()
    rows = 0
    for path in files:
        with _open_parquet(path, str(path)) as file:
            rows += file.metadata.num_rows
            own = tuple(file.schema_arrow.names)
        names = names or own
        if set(own) != set(names):
            differing = ", ".join(sorted({*own} ^ {*names})[:8])
            raise DataError(
                f"{files[0]} and {path} have different columns: {differing}",
                hint="all files must have the same columns; change the pattern so that it matches only such files",
            )
    if not rows:
        raise DataError(f"{name} has no rows")
    return names, rows


def stream_dataset(
    files: Sequence[Path], missing: Sequence[str], name: str, rows: int, columns: Sequence[str] | None = None
) -> Iterator[tuple[float, Table]]:
    """The rows of Parquet files, at most `rows` at a time (fewer wide ones) and only these columns, each batch with the
    share (0 to 1) of the files read with it. Raises DataError for a damaged file."""
    text_format = PLAIN.model_copy(update={"missing": tuple(missing)})
    names, total = open_dataset(files, name)
    start = 0
    chosen = names if columns is None else columns
    batches = _batches(files, chosen, _bounded(rows, chosen))
    while (batch := _read(lambda: next(batches, None), name)) is not None:
        if batch.num_rows:
            places = np.arange(start, start + batch.num_rows)
            start += batch.num_rows
            yield start / max(1, total), make_table(name, batch.schema.names, batch.columns, places, text_format)


def _batches(
    files: Sequence[Path], columns: Sequence[str], rows: int, groups: Sequence[int] | None = None
) -> Iterator[Any]:
    """The batches of several files, or of these row groups of one: one row group is read after the other, at most
    `rows` rows at a time. (A scanner of pyarrow's would go on reading while a batch is used, and hold many row groups.)
    """
    import pyarrow.parquet

    for path in files:
        with pyarrow.parquet.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False) as file:
            for batch in file.iter_batches(rows, row_groups=groups, columns=list(columns)):
                yield batch.select(list(columns))


def sample_dataset(files: Sequence[Path], missing: Sequence[str], name: str, rows: int) -> Table:
    """About `rows` rows (fewer wide ones) from row groups all over Parquet files.

    Raises:
        DataError: a file is damaged, or files store a column in types that cannot be joined.
    """
    import pyarrow as arrow

    names, _ = open_dataset(files, name)
    groups = [(path, group) for path in files for group in _filled_groups(path)]
    chosen = groups[:: max(1, len(groups) // _GROUPS)]
    each = -(-_bounded(rows, names, _SAMPLE_CELLS) // len(chosen))

    heads = _read(lambda: [next(_batches([path], names, each, [group])) for path, group in chosen], name)
    read = _joined_tables([arrow.Table.from_batches([head]) for head in heads], name)
    arrays = [joined(column) for column in read.columns]
    text_format = PLAIN.model_copy(update={"missing": tuple(missing)})
    return make_table(name, read.column_names, arrays, np.arange(read.num_rows), text_format)


def _filled_groups(path: Path) -> list[int]:
    """The row groups that have rows."""
    with _open_parquet(path, str(path)) as file:
        metadata = file.metadata
        return [group for group in range(metadata.num_row_groups) if metadata.row_group(group).num_rows]


def _bounded(rows: int, columns: Sequence[str], cells: int = _CELLS) -> int:
    """At most `rows`, and not more than have `cells` cells together; at least one."""
    return max(1, min(rows, cells // max(1, len(columns))))


def stream_parquet(
    source: Path | memoryview, missing: Sequence[str], *, name: str, rows: int = 1 << 16
) -> Iterator[tuple[float, Table]]:
    """The rows of a Parquet file or its bytes, at most `rows` at a time (fewer wide ones), each batch with the share (0
    to 1) of the rows read with it and the original cells.

    Raises:
        DataError: it cannot be read.
    """
    text_format = PLAIN.model_copy(update={"missing": tuple(missing)})
    with _open_parquet(source, name) as file:
        total, start = file.metadata.num_rows, 0
        batches = file.iter_batches(_bounded(rows, file.schema_arrow.names))
        while (batch := _read(lambda: next(batches, None), name)) is not None:
            names, places = batch.schema.names, np.arange(start, start + batch.num_rows)
            table = make_table(name, names, batch.columns, places, text_format)
            start += batch.num_rows
            yield start / total, replace(table, cells=dict(zip(names, batch.columns, strict=True)))


def _open_parquet(source: Path | memoryview, name: str) -> Any:
    import pyarrow as arrow
    import pyarrow.parquet

    content = memoryview(read_bytes(source)) if isinstance(source, Path) else source
    if bytes(content[:4]) != b"PAR1":
        raise DataError(f"{name} is not a Parquet file", hint="for a text file with delimiters, say `source: csv`")
    file = _read(lambda: pyarrow.parquet.ParquetFile(arrow.BufferReader(content)), name)
    names = file.schema_arrow.names
    if len(set(names)) < len(names):
        raise DataError(f"{name} has the column {_repeated(names)} more than once")
    return file


def _read(read: Callable[[], Any], name: str) -> Any:
    """What `read` returns. Raises DataError where the file is damaged, NncliError where it only cannot be read."""
    import pyarrow as arrow

    try:
        return read()
    except OSError as error:
        if not error.errno:  # pyarrow's own, about the content
            raise DataError(f"{name} is damaged: {first_line(error)}") from None
        raise NncliError(f"{name} cannot be read: {os.strerror(error.errno)}", hint="try again") from None
    except (arrow.ArrowException, ValueError) as error:
        raise DataError(f"{name} is damaged: {first_line(error)}") from None


def _joined_tables(tables: Sequence[Any], name: str) -> Any:
    """The rows of all. Raises DataError where a column has types that do not go together, such as numbers and text."""
    import pyarrow as arrow

    try:
        return arrow.concat_tables(tables, promote_options="permissive")
    except arrow.ArrowException as error:
        raise DataError(
            f"the files of {name} cannot be joined: {first_line(error)}",
            hint="store each column with the same type in all files",
        ) from None


def _repeated(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in sorted({name for name in names if list(names).count(name) > 1}))


class ParquetWriter:
    """Writes rows into a Parquet file as they come; few rows at a time are collected into a row group."""

    def __init__(self, file: IO[bytes], text: Collection[str]) -> None:
        """`file` is open for writing; `text` names the columns that hold text, the others hold numbers."""
        self._file, self._text = file, text
        self._writer: Any = None
        self._waiting: list[Any] = []

    def write(self, columns: Mapping[str, Any]) -> None:
        """Some rows, as lists or Arrow arrays by column.

        Raises:
            DataError: the columns are not those of the rows before.
        """
        import pyarrow as arrow

        table = arrow.table({name: self._array(name, values) for name, values in columns.items()})
        if self._waiting and table.schema != self._waiting[0].schema:
            raise DataError("the tables have different columns")
        self._waiting.append(table)
        if sum(each.num_rows for each in self._waiting) >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Writes what is left and the end of the file."""
        import pyarrow as arrow

        if self._writer is None and not self._waiting:
            self._waiting.append(arrow.table({}))
        self._flush()
        self._writer.close()

    def _array(self, name: str, values: Any) -> Any:
        import pyarrow as arrow

        if isinstance(values, arrow.Array | arrow.ChunkedArray):
            return values
        return arrow.array(values, arrow.string() if name in self._text else arrow.float64())

    def _flush(self) -> None:
        import pyarrow as arrow
        import pyarrow.parquet

        if not self._waiting:
            return
        table = arrow.concat_tables(self._waiting)
        self._waiting = []
        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(self._file, table.schema)
        if table.schema != self._writer.schema:
            raise DataError("the tables have different columns")
        self._writer.write_table(table)
