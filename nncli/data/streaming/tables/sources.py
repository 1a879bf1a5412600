"""The files of a table, read piece by piece as tables of a bounded size; does not depend on what the columns mean.

A CSV is cut between records into pieces that are read as whole files are (`files.reading`), so that a cell means the
same; text that is not plain UTF-8 is first unpacked and rewritten as for reading it whole. A piece holds the row
numbers of its rows in all files together.
"""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from nncli.config.text_format import WHITESPACE, TextFormat
from nncli.data.tables.files.columns import Table
from nncli.data.tables.files.content import is_pattern, let_go, matching
from nncli.data.tables.files.csv_text import CsvText, open_csv
from nncli.data.tables.files.csv_types import read_columns
from nncli.data.tables.files.parquet import open_dataset, sample_dataset, stream_dataset
from nncli.data.tables.files.reading import ragged_error, read_text
from nncli.errors import DataError

# Bytes of text in a piece, and rows of a Parquet file.
_PIECE = 1 << 24
_PIECE_ROWS = 1 << 17
_HEAD = 1 << 20
_LONGEST = 1 << 28
# The sample: the number of pieces from all over the files and their bytes, or the number of rows of a Parquet file.
_SPOTS, _SPOT = 32, 1 << 19
_SAMPLE_ROWS = 1 << 17


@dataclass(frozen=True)
class Source:
    """The files of a table in the order of their rows, and the names of its columns.

    `rows` is the number of rows, estimated for a CSV from its first rows; `has_types` says that numbers are numbers in
    the files, and not text that is read as such.
    """

    name: str
    files: tuple[Path, ...]
    names: tuple[str, ...]
    rows: int
    text_format: TextFormat
    is_parquet: bool
    has_types: bool

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[tuple[float, Table]]:
        """All rows in order, each piece with the share (0 to 1) of what is read with it; of a Parquet file only these
        columns.

        Raises:
            DataError: a file is damaged, has other columns, or rows of another length.
        """
        if self.is_parquet:
            yield from stream_dataset(self.files, self.text_format.missing, self.name, _PIECE_ROWS, columns)
            return
        total, done, rows = max(1, sum(file.stat().st_size for file in self.files)), 0, 0
        for file in self.files:
            for position, text in _texts(file, self.text_format):
                if text.names != self.names:
                    raise _other_columns(self.files[0], self.names, file, text.names)
                table = _read(text, rows)
                rows += len(table)
                yield min(1.0, (done + position) / total), table
            done += file.stat().st_size

    def head(self) -> Table:
        """The first rows."""
        return next(self.pieces())[1]

    def sample(self) -> Table:
        """Rows from all over the files, in order; the first ones of a compressed file."""
        if self.is_parquet:
            return sample_dataset(self.files, self.text_format.missing, self.name, _SAMPLE_ROWS)
        text = sample_text(self.files, self.text_format)
        return self.head() if text is None else _read(replace(text, name=self.name), 0)


def open_source(path: Path, text_format: TextFormat, *, is_parquet: bool) -> Source:
    """The table of a file, of the files that match a pattern, or of those in a folder.

    Raises:
        DataError: there is none, a header cannot be read, or the files have different columns.
    """
    files = tuple(matching(path)) if is_pattern(path) else (path,)
    if is_parquet:
        names, rows = open_dataset(files, str(path))
        return Source(str(path), files, names, rows, text_format, is_parquet=True, has_types=True)
    position, first = next(_texts(files[0], text_format), (0, None))
    if first is None:
        raise DataError(f"{files[0]} has no rows")
    table = _read(first, 0)
    total = sum(file.stat().st_size for file in files)
    rows = len(table) if position >= total else round(len(table) * total / max(1, position))
    return Source(str(path), files, first.names, rows, text_format, is_parquet=False, has_types=False)


def sample_text(files: Sequence[Path], text_format: TextFormat) -> CsvText | None:
    """Whole lines from places all over plain CSV files, below the header of the first; None if these are compressed,
    rewritten, or have cells of several lines."""
    opened = [_open_plain(file, text_format) for file in files]
    if any(each is None for each in opened):
        return None
    texts = [each for each in opened if each is not None]
    starts = np.cumsum([0, *(text.size - text.first for text in texts)])
    if starts[-1] <= _SPOTS * _SPOT:
        return None
    body = bytearray()
    for place in np.linspace(0, starts[-1] - _SPOT, _SPOTS).astype(np.int64):
        index = int(np.searchsorted(starts, place, side="right")) - 1
        text, offset = texts[index], int(place - starts[index])
        with files[index].open("rb") as file:
            file.seek(text.first + offset)
            lines = file.read(_SPOT)
        start = 0 if offset == 0 else lines.find(b"\n") + 1
        whole = lines[start : lines.rfind(b"\n") + 1]
        if b'"' in whole and any(line.count(b'"') % 2 for line in whole.split(b"\n")):
            return None  # a cell of several lines, of which the spot may have begun in the middle
        body += whole
    return CsvText(str(files[0]), texts[0].names, memoryview(bytes(body)), texts[0].text_format)


@dataclass(frozen=True)
class _Plain:
    """A file that can be read as it is: its columns, where its rows begin, its size, and the format of its rows."""

    names: tuple[str, ...]
    first: int
    size: int
    text_format: TextFormat


def _open_plain(file: Path, text_format: TextFormat, *, packed: bool = False) -> _Plain | None:
    """None for a file that has to be unpacked or rewritten before it can be read."""
    is_utf8 = text_format.encoding.lower().replace("-", "").replace("_", "") in ("utf8", "ascii")
    if not is_utf8 or text_format.comment is not None or text_format.delimiter == WHITESPACE:
        return None
    try:
        with _open(file, packed=packed) as stream:
            head = stream.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return None  # opening it in the usual way says what is wrong
    if head[:2] in (b"\x1f\x8b", b"PK") or b"\n" not in head:
        return None
    text = open_csv(memoryview(head), name=str(file), text_format=text_format)
    if bytes(text.body) != head[len(head) - len(text.body) :]:
        return None
    return _Plain(text.names, len(head) - len(text.body), file.stat().st_size, text.text_format)


def _open(file: Path, *, packed: bool) -> IO[bytes] | gzip.GzipFile:
    return gzip.open(file, "rb") if packed else file.open("rb")


def _texts(file: Path, text_format: TextFormat) -> Iterator[tuple[int, CsvText]]:
    """The records of a file in pieces, each with how many bytes of the file are read with it."""
    packed = file.is_file() and _is_gzip(file)
    plain = _open_plain(file, text_format, packed=packed) if file.is_file() else None
    if plain is None:
        text = open_csv(file, name=str(file), text_format=text_format)
        for end, piece in _split_records(_slices(text.body)):
            yield round(file.stat().st_size * min(1.0, end / max(1, len(text.body)))), replace(text, body=piece)
        return
    text = CsvText(str(file), plain.names, memoryview(b""), plain.text_format)
    with _open(file, packed=packed) as stream:
        try:
            stream.seek(plain.first)
            for end, piece in _split_records(iter(lambda: stream.read(_PIECE), b"")):
                at = _position(stream) if packed else plain.first + end
                yield at, replace(text, body=piece)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{file} is a damaged gzip file: {error}") from None


def _position(stream: Any) -> int:
    """How many bytes of a compressed file are read."""
    return int(stream.fileobj.tell())  # what a gzip file reads from


def _is_gzip(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(2) == b"\x1f\x8b"


def _slices(body: memoryview) -> Iterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield bytes(body[start : start + _PIECE])
        let_go(body)


def _split_records(blocks: Iterator[bytes]) -> Iterator[tuple[int, memoryview]]:
    """Whole records, each piece with how many bytes are read until its end; a record ends at a line's end outside
    quotes."""
    rest, read = b"", 0
    for block in blocks:
        read += len(block)
        rest += block
        end = _end_of_records(rest)
        if not end and len(rest) > _LONGEST:
            raise DataError("a cell or a line is longer than 256 MiB: a quote may never be closed")
        if end:
            piece, rest = rest[:end], rest[end:]
            if piece.strip():
                yield read - len(rest), memoryview(piece)
    if rest.strip():
        yield read, memoryview(rest)


def _end_of_records(text: bytes) -> int:
    """Where the last whole record of a text ends; 0 if it has none."""
    end = text.rfind(b"\n") + 1
    quotes = text.count(b'"', 0, end)
    while end and quotes % 2:
        before = text.rfind(b"\n", 0, end - 1) + 1
        quotes -= text.count(b'"', before, end)
        end = before
    return end


def _read(text: CsvText, first: int) -> Table:
    """The rows of a piece whose first row has the number `first`."""
    columns = read_columns(text)
    if columns is not None:
        rows = len(next(iter(columns.values())))
        return Table(columns, np.arange(first, first + rows, dtype=np.int64), name=text.name)
    table, problem = read_text(text)
    if table.rejected:
        raise ragged_error(text, [(first + row, reason) for row, reason in table.rejected])
    if problem is not None:
        raise problem
    return replace(table, rows=table.rows + first)


def _other_columns(first: Path, names: Sequence[str], other: Path, others: Sequence[str]) -> DataError:
    differing = sorted({*names} ^ {*others}) or ["their order"]
    return DataError(
        f"{first} and {other} have different columns: {', '.join(differing[:8])}",
        hint="all files must have the same columns; change the pattern so that it matches only such files",
    )
