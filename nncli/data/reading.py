"""Inputs for a trained model: files, folders, tables and stdin as batches of arrays; knows no models and no training.

What cannot be read becomes a `Failure` with a reason, and the rest goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, TableInput
from nncli.data.arrays import label_archive
from nncli.data.columns import Table
from nncli.data.csvtext import DELIMITERS, CsvText, open_csv
from nncli.data.dataset import Inputs, Part
from nncli.data.encoding import encode_table, needed_columns
from nncli.data.folders import images_below, label_folder, map_parallel
from nncli.data.images import SUFFIXES, decode_image
from nncli.data.tables import read_csv, read_parquet, stream_csv, stream_parquet
from nncli.data.tabular import label_rows
from nncli.errors import DataError

BATCH_IMAGES = 256
STDIN = "-"
_TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".txt", ".gz", ".parquet", ".pq"))
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


@dataclass(frozen=True)
class Failure:
    """An input that could not be used, and why, in one line."""

    name: str
    message: str


@dataclass
class Batch:
    """Inputs that could be read: `names` has one for each row of the arrays; `failures` those that could not."""

    names: list[str] = field(default_factory=list)
    inputs: Inputs = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_inputs(names: Sequence[str], facts: DataFacts, *, stdin: BinaryIO) -> Iterator[Batch]:
    """Read files, folders, tables and "-" (stdin) as the model takes them, in their order, a batch at a time."""
    if isinstance(facts.inputs, ImageInput):
        yield from _image_batches(names, facts.inputs, stdin)
        return
    for name in names:
        try:
            yield from _table_batches(name, facts, facts.inputs, stdin)
        except DataError as error:
            yield Batch(failures=[Failure(name, _one_line(error, name))])


def load_labelled(path: str, facts: DataFacts) -> Part:
    """A table, .npz file or folder of class folders with its targets, encoded for a trained model.

    Raises:
        DataError: it does not fit the model: another kind, a missing column, an unknown class.
    """
    file = Path(path)
    if file.suffix.lower() == ".npz":
        return label_archive(file, facts)
    if isinstance(facts.inputs, ImageInput):
        if file.is_file():
            raise DataError(
                f"{path} is a file, but the model was trained on images", hint="name a folder of class folders"
            )
        return label_folder(file, facts.inputs, facts.target)
    if file.suffix.lower() in _PARQUET_SUFFIXES:
        return label_rows(read_parquet(file, facts.inputs.missing), facts)
    text = _open_table(file, path, facts, facts.inputs)
    table = read_csv(file, delimiter=text.delimiter, header=facts.inputs.header, missing=facts.inputs.missing)
    return label_rows(_named(table, facts, facts.inputs), facts)


def _image_batches(names: Sequence[str], image: ImageInput, stdin: BinaryIO) -> Iterator[Batch]:
    batch: list[tuple[str, Path | bytes]] = []
    for item in _image_files(names, stdin):
        if isinstance(item, Failure):
            # In the order given: what was read before the failure comes first.
            yield from _flush(batch, image)
            batch = []
            yield Batch(failures=[item])
            continue
        batch.append(item)
        if len(batch) == BATCH_IMAGES:
            yield from _flush(batch, image)
            batch = []
    yield from _flush(batch, image)


def _image_files(names: Sequence[str], stdin: BinaryIO) -> Iterator[tuple[str, Path | bytes] | Failure]:
    for name in names:
        path = Path(name)
        if name == STDIN:
            content = stdin.read()
            yield (name, content) if content else Failure(name, "stdin is empty")
        elif path.is_dir():
            found = images_below(path)
            yield from ((str(file), file) for file in found)
            if not found:
                yield Failure(name, "is a folder without images")
        elif not path.exists():
            yield Failure(name, "there is no such file")
        elif path.suffix.lower() in _TABLE_SUFFIXES:
            yield Failure(name, "is a table, but the model was trained on images")
        else:
            yield name, path


def _flush(batch: list[tuple[str, Path | bytes]], image: ImageInput) -> Iterator[Batch]:
    if not batch:
        return

    def decode(item: tuple[str, Path | bytes]) -> tuple[np.ndarray, list[str]] | str:
        try:
            return decode_image(item[1], image)
        except DataError as error:
            return error.message

    result = Batch()
    pixels = []
    for (name, _), decoded in zip(batch, map_parallel(decode, batch), strict=True):
        if isinstance(decoded, str):
            result.failures.append(Failure(name, decoded))
            continue
        result.names.append(name)
        pixels.append(decoded[0])
        result.warnings += [f"{name}: {warning}" for warning in decoded[1]]
    if pixels:
        result.inputs["image"] = np.stack(pixels)
    yield result


def _table_batches(name: str, facts: DataFacts, columns: TableInput, stdin: BinaryIO) -> Iterator[Batch]:
    path = Path(name)
    if name == STDIN:
        content = stdin.read()
        if content.startswith(_IMAGE_STARTS):
            raise DataError("is an image, but the model was trained on a table")
        if not content.strip():
            raise DataError("stdin is empty")
        tables = stream_csv(_open_table(content, "stdin", facts, columns), columns.missing)
    elif not path.exists():
        raise DataError("there is no such file")
    elif path.is_dir():
        raise DataError("is a folder, but the model was trained on a table: name CSV or Parquet files")
    elif path.suffix.lower() in SUFFIXES:
        raise DataError("is an image, but the model was trained on a table")
    elif path.suffix.lower() in _PARQUET_SUFFIXES:
        tables = stream_parquet(path, columns.missing)
    else:
        tables = stream_csv(_open_table(path, name, facts, columns), columns.missing)
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
        encoded = encode_table(_named(table, facts, columns), columns)
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
    """Open a CSV with the delimiter of the training data, or another if that shows more of the columns needed."""
    needed = set(needed_columns(columns))
    best: CsvText | None = None
    for delimiter in dict.fromkeys((columns.delimiter, *DELIMITERS)):
        try:
            text = open_csv(source, name=name, delimiter=delimiter, header=columns.header)
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
    """Without a header, columns go by their place, be the target among them or not."""
    if columns.header or not len(table.columns):
        return table
    if not _fits(len(table.columns), facts, columns):
        raise DataError(f"{table.name} has {len(table.columns)} columns, the training data had {len(columns.columns)}")
    names = list(columns.columns)
    if len(table.columns) < len(names):
        names = [name for name in names if name not in facts.target.columns]
    return Table(dict(zip(names, table.columns.values(), strict=True)), table.rows, table.rejected, (), table.name)


def _one_line(error: DataError, name: str) -> str:
    """Message and hint in one line, without the name that a failure carries anyway."""
    message = error.message.removeprefix(f"{name}: ").removeprefix(f"{name} ")
    return " ".join(f"{message} ({error.hint})".split()) if error.hint else " ".join(message.split())
