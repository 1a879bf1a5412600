"""The text of a CSV file: opened, unpacked, its header read.

Everything that makes a file unreadable as a table of text is told here: missing, empty, binary, another encoding.
"""

import codecs
import csv
import gzip
import io
import mmap
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nncli.errors import DataError

DELIMITERS = (",", ";", "\t", "|")
_MAGIC = {b"PAR1": "a Parquet file", b"PK\x03\x04": "an Excel or zip file", b"\xd0\xcf\x11\xe0": "an old Excel file"}
_CHUNK = 1 << 20
BLANKS = "its cells seem to be separated by blanks"
BLANKS_FIX = "convert it, e.g.: awk -v OFS=, '{$1=$1} 1' OLD.txt > NEW.csv"
_CELL_OF_NUMBERS = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class CsvText:
    """The names of the columns and the bytes of the rows below them."""

    name: str
    names: tuple[str, ...]
    body: memoryview
    delimiter: str


def open_csv(source: Path | bytes, *, name: str, delimiter: str, header: bool) -> CsvText:
    """Open a CSV file (also gzipped) or its bytes, and read its header; without one, columns are c0, c1, ...

    Raises:
        DataError: it is missing, empty, not text, or its header repeats a name.
    """
    text = split_header(source, name=name, delimiter=delimiter, header=header)
    repeated = repeated_names(text.names)
    if repeated:
        raise DataError(
            f"{name}: the header has the column {', '.join(repr(text) for text in repeated)} more than once",
            hint="give each column its own name, or say `header: false` if the first row is data",
        )
    return text


def split_header(source: Path | bytes, *, name: str, delimiter: str, header: bool) -> CsvText:
    """As `open_csv`, but a name may stand in the header more than once."""
    content = unpack(source if isinstance(source, bytes) else read_bytes(source), name)
    content = _plain_text(content, name, delimiter)
    names, consumed = _first_record(content, name, delimiter)
    if not header:
        return CsvText(name, tuple(f"c{index}" for index in range(len(names))), content, delimiter)
    names = tuple(text.strip() or f"c{index}" for index, text in enumerate(names))
    return CsvText(name, names, content[consumed:], delimiter)


def repeated_names(names: Sequence[str]) -> list[str]:
    """The names that occur more than once, sorted."""
    return sorted({text for text in names if list(names).count(text) > 1})


def read_bytes(path: Path) -> bytes | mmap.mmap:
    """The content of a file, mapped into memory where possible.

    Raises:
        DataError: there is no such file, it is a folder, it may not be read, or it is empty.
    """
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                raise DataError(f"{path} is empty")
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise DataError(
            f"there is no file {path}", hint="a relative path in a config starts at the config's own folder"
        ) from None
    except IsADirectoryError:
        raise DataError(
            f"{path} is a folder, not a table", hint="name the file; image folders: `source: images`"
        ) from None
    except ValueError:
        # A pipe or a device has no size and cannot be mapped.
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def unpack(content: bytes | mmap.mmap, name: str) -> memoryview:
    """The content itself, or what is packed in it by gzip.

    Raises:
        DataError: the gzip file is damaged.
    """
    if content[:2] != b"\x1f\x8b":
        return memoryview(content)
    try:
        return memoryview(gzip.decompress(content))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} is a damaged gzip file: {error}") from None


def sniff(text: CsvText | str) -> str | None:
    """Another delimiter that the header (a file of one column) seems to be written with, or None."""
    line = text if isinstance(text, str) else text.names[0]
    counts = {mark: line.count(mark) for mark in DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else None


def are_blank_separated(lines: Sequence[str]) -> bool:
    """Whether lines of one cell each would be a table if blanks separated cells: as many in each, and numbers there."""
    rows = [line.split() for line in lines]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return False
    return all(any(_CELL_OF_NUMBERS.fullmatch(cell) for cell in row) for row in rows[1:])


def encoding_error(text: CsvText) -> DataError:
    """The error for bytes that are not UTF-8: where the first one stands."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(text.body), _CHUNK):
        chunk = bytes(text.body[start : start + _CHUNK])
        try:
            decoder.decode(chunk, final=start + _CHUNK >= len(text.body))
        except UnicodeDecodeError as error:
            position = max(0, start + error.start)
            line = bytes(text.body[:position]).count(b"\n") + 1
            return _not_utf8(text.name, f"in line {line} below the header (byte {position + 1})")
    return DataError(f"{text.name} cannot be read as text")


def _not_utf8(name: str, where: str) -> DataError:
    return DataError(
        f"{name} is not UTF-8: the first other byte stands {where}",
        hint="convert it, e.g.: iconv -f latin1 -t utf-8 OLD.csv > NEW.csv (latin1, or utf-16 from Excel)",
    )


def _plain_text(content: memoryview, name: str, delimiter: str) -> memoryview:
    """Check and tidy: no byte-order mark, newlines that end in LF, no blank between delimiter and quote."""
    start = bytes(content[: 1 << 16])
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            fix = "say `source: parquet`" if magic == b"PAR1" else "export the sheet as CSV"
            raise DataError(f"{name} is {kind}, not CSV", hint=fix)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise DataError(f"{name} is UTF-16, not UTF-8", hint="convert it: iconv -f utf-16 -t utf-8 OLD.csv > NEW.csv")
    if b"\0" in start:
        raise DataError(f"{name} is a binary file, not CSV")
    if start.startswith(codecs.BOM_UTF8):
        content = content[len(codecs.BOM_UTF8) :]
    if not bytes(content[: 1 << 16]).strip():
        raise DataError(f"{name} is empty")
    if b"\r" in start and b"\n" not in start and not _contains(content, re.compile(b"\n")):
        content = memoryview(bytes(content).replace(b"\r", b"\n"))
    blank_before_quote = re.compile(re.escape(delimiter.encode()) + b'[ \t]+"')
    if blank_before_quote.search(start) or (_is_quoted(content) and _contains(content, blank_before_quote)):
        content = _without_blanks(content, name, delimiter)
    return content


def _is_quoted(content: memoryview) -> bool:
    """Whether there may be a quote below the first line; many times quicker told than where blanks are."""
    if not isinstance(content.obj, mmap.mmap):
        return True
    return content.obj.find(b'"', content.obj.find(b"\n")) >= 0


def _contains(content: memoryview, pattern: re.Pattern[bytes]) -> bool:
    return pattern.search(content) is not None


def _without_blanks(content: memoryview, name: str, delimiter: str) -> memoryview:
    """Write the table anew without the blanks before quotes, which would hide the quotes from the parser."""
    try:
        text = str(content, "utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(name, f"at byte {error.start + 1}") from None
    tidy = io.StringIO(newline="")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        csv.writer(tidy, delimiter=delimiter, lineterminator="\n").writerows(reader)
    except csv.Error as error:
        raise DataError(f"{name} is not readable as CSV: {error}") from None
    return memoryview(tidy.getvalue().encode())


def _first_record(content: memoryview, name: str, delimiter: str) -> tuple[tuple[str, ...], int]:
    """The cells of the first record that is not blank, and the number of bytes up to its end."""
    consumed = 0

    def lines() -> Iterator[str]:
        nonlocal consumed
        while consumed < len(content):
            line = _line(content, consumed)
            consumed += len(line)
            yield line.decode("utf-8")

    try:
        for record in csv.reader(lines(), delimiter=delimiter):
            if any(cell.strip() for cell in record):
                return tuple(record), consumed
    except UnicodeDecodeError:
        raise _not_utf8(name, "in the header") from None
    except csv.Error as error:
        raise DataError(f"{name} is not readable as CSV: {error}") from None
    raise DataError(f"{name} is empty")


def _line(content: memoryview, start: int) -> bytes:
    """The bytes from `start` up to and with the next newline."""
    parts: list[bytes] = []
    while start < len(content):
        chunk = bytes(content[start : start + _CHUNK])
        end = chunk.find(b"\n")
        if end >= 0:
            return b"".join(parts) + chunk[: end + 1]
        parts.append(chunk)
        start += len(chunk)
    return b"".join(parts)
