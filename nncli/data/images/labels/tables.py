"""Reads labels of images from a table: finds the columns of files and classes, and the file of each row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.config.sections import Data
from nncli.data.images.labels.files import FileIndex
from nncli.data.plurals import count
from nncli.data.tables.files.columns import Column, Table, unknown_columns
from nncli.data.tables.files.format_guess import sniff
from nncli.data.tables.loading import check_target, read
from nncli.errors import DataError

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".parquet", ".pq")
_PARQUET = (".parquet", ".pq")
# Usual names of the column of classes, the likeliest first.
_CLASS_NAMES = (
    "label", "labels", "class", "class_name", "classname", "category", "target", "species", "breed", "diagnosis", "y",
)  # fmt: skip
# The number of different cells of a column that are checked to see whether it names files.
_SAMPLE = 2000
_SHOWN = 3


@dataclass(frozen=True)
class LabelTable:
    """The rows of a table that have a target and name an image, with their files, and notes on dropped rows.

    `table` has only these rows; `file_column` and `targets` are names of its columns.
    """

    table: Table
    files: tuple[Path, ...]
    file_column: str
    targets: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def columns(self) -> list[Column]:
        """The target columns."""
        return [self.table.columns[name] for name in self.targets]


def is_table(path: Path) -> bool:
    """Whether a file is a table, by its suffix."""
    return path.name.lower().endswith(TABLE_SUFFIXES)


def read_label_table(path: Path, data: Data, index: FileIndex) -> LabelTable:
    """The labels that a table has for the images of `index`, read as the config's section says.

    Raises:
        DataError: the table cannot be read, has no column of files or classes, or has two labels for an image.
    """
    table = open_label_table(path, data, index)
    file_column = data.file_column or find_file_column(table, index)
    if file_column is None:
        raise _no_file_column(table, index)
    if file_column not in table.columns:
        error = unknown_columns([file_column], table.columns, table.name)
        raise DataError(f"data.file_column: {error.message}", hint=error.hint)
    targets = check_target(table, data.target) if data.target else (_class_column(table, file_column),)
    if file_column in targets:
        raise DataError(
            f'data.target names "{file_column}", the column of the files', hint="name the column of the classes"
        )
    return _usable_rows(table, file_column, targets, index)


def open_label_table(path: Path, data: Data, index: FileIndex) -> Table:
    """The whole table; another delimiter, or a first row that names an image and so is no header, is detected.

    Raises:
        DataError: it cannot be read.
    """
    source = "parquet" if path.suffix.lower() in _PARQUET else "csv"
    section = data.model_copy(update={"source": source})
    table = read(str(path), section)
    if source == "csv" and len(table.columns) == 1:
        guess = sniff(next(iter(table.columns)))
        if guess is not None:
            section = section.model_copy(update={"delimiter": guess})
            table = read(str(path), section)
    if source == "csv" and section.header and any(index.find(name) for name in table.columns if "." in name):
        table = read(str(path), section.model_copy(update={"header": False}))
    return table


def find_file_column(table: Table, index: FileIndex) -> str | None:
    """The column whose cells name the most different images, if at least half of them do; None without one."""
    best, most = None, 0
    for name, column in table.columns.items():
        texts = column.values[:_SAMPLE]
        found = {file for text in texts for file in index.find(text)}
        if 2 * len(found) >= len(texts) and len(found) > most:
            best, most = name, len(found)
    return best


def class_candidates(table: Table, file_column: str) -> list[str]:
    """The columns that may hold the classes: the one with a usual name, otherwise all whose values repeat."""
    others = [name for name, column in table.columns.items() if name != file_column and len(column.values) > 0]
    if len(others) == 1:
        return others
    by_fold = {name.casefold(): name for name in reversed(others)}
    usual = [by_fold[name] for name in _CLASS_NAMES if name in by_fold]
    if usual:
        return usual[:1]
    return [name for name in others if 2 <= len(table.columns[name].values) <= len(table) / 2]


def _class_column(table: Table, file_column: str) -> str:
    names = class_candidates(table, file_column)
    if len(names) == 1:
        return names[0]
    others = ", ".join(name for name in table.columns if name != file_column)
    raise DataError(
        f"{table.name}: say which column to predict; beside the file column {file_column} it has {others or 'none'}",
        hint=f"say `target: {names[0] if names else 'COLUMN'}` under data",
    )


def _no_file_column(table: Table, index: FileIndex) -> DataError:
    cells = ", ".join(f"{name}: {column.values[0]!r}" for name, column in table.columns.items() if column.values)
    images = ", ".join(file.name for file in index.files[:_SHOWN])
    return DataError(
        f"{table.name}: no column names the images ({images}, ...); its cells are like {cells[:200]}",
        hint="cells must hold a path relative to `path` or to the table, or a file name, with or without suffix; "
        "`file_column: NAME` says which column",
    )


def _usable_rows(table: Table, file_column: str, targets: tuple[str, ...], index: FileIndex) -> LabelTable:
    """The rows that name an image and have a value in every target."""
    codes, texts = table.columns[file_column].dictionary
    meant = [index.find(text) for text in texts]
    several = [place for place, files in enumerate(meant) if len(files) > 1]
    if several:
        row = int(np.flatnonzero(np.isin(codes, several))[0])
        files = meant[codes[row]]
        raise DataError(
            f'{table.name}: "{texts[codes[row]]}" in row {table.rows[row] + 1} names {len(files)} images: '
            f"{', '.join(map(str, files[:2]))}",
            hint=f"write the path relative to the folder into the column {file_column}",
        )
    named = np.array([bool(files) for files in meant] + [False])[codes]
    notes = []
    if not named.all():
        told = ", ".join(
            f'row {table.rows[row] + 1} "{texts[codes[row]] if codes[row] >= 0 else ""}"'
            for row in np.flatnonzero(~named)[:_SHOWN]
        )
        missing = int((~named).sum())
        more = ", ..." if missing > _SHOWN else ""
        notes.append(f"{count(missing, 'row')} of {Path(table.name).name} dropped, no such image: {told}{more}")
    if not named.any():
        raise _no_file_column(table, index)
    present = np.logical_and.reduce([table.columns[name].present for name in targets])
    if (named & ~present).any():
        untold = int((named & ~present).sum())
        notes.append(f"{', '.join(targets)}: {count(untold, 'image')} without a label dropped")
    if not (named & present).any():
        raise DataError(f"{table.name}: no row with an image has a value in the target {', '.join(targets)}")
    rows = np.flatnonzero(named & present)
    files = [meant[code][0] for code in codes[rows]]
    rows = rows[_first_of_each(table, files, rows, targets, notes)]
    kept = table.take(rows)
    return LabelTable(kept, tuple(meant[codes[row]][0] for row in rows), file_column, targets, tuple(notes))


def _first_of_each(
    table: Table, files: Sequence[Path], rows: np.ndarray, targets: Sequence[str], notes: list[str]
) -> np.ndarray:
    """The positions in `rows` of the first row of each image. Raises DataError if two rows give it different labels."""
    first: dict[Path, int] = {}
    again = 0
    for place, file in enumerate(files):
        before = first.setdefault(file, place)
        if before == place:
            continue
        again += 1
        one, other = (", ".join(table.columns[name].text(int(rows[at])) for name in targets) for at in (before, place))
        if one != other:
            raise DataError(
                f"{table.name}: {file.name} has two labels: {one} in row {table.rows[rows[before]] + 1}, "
                f"{other} in row {table.rows[rows[place]] + 1}",
                hint="keep one of them, or give each label a 0/1 column of its own (multilabel)",
            )
    if again:
        notes.append(f"{count(again, 'row')} of {Path(table.name).name} dropped, the image has an earlier row")
    return np.array(sorted(first.values()), np.int64)
