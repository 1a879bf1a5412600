"""Separates the text of a CSV file into a header and the bytes of its rows; does not look at types.

Removes what a parser of plain CSV cannot handle: lines above the header, comments, cells separated by runs of blanks,
blanks before quotes, old Macintosh line ends.
"""

import csv
import io
import itertools
import mmap
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nncli.config.text_format import WHITESPACE, TextFormat
from nncli.data.tables.files.content import (
    decode,
    is_pattern,
    let_go,
    matching,
    read_bytes,
    refuse_binary,
    spool,
    unpack,
    wrong_encoding,
)
from nncli.data.tables.files.converting import to_csv
from nncli.errors import DataError

_CHUNK = 1 << 20
_SEARCHED = 1 << 26
_BLANKS_WITH_QUOTES = re.compile(r'"(?:[^"]|"")*"|[^ \t]+')


@dataclass(frozen=True)
class CsvText:
    """The names of the columns, the bytes of the rows below the header in UTF-8, and their format.

    `whole` is the text including all lines above the rows, needed to give the line of an error; None for several files.
    """

    name: str
    names: tuple[str, ...]
    body: memoryview
    text_format: TextFormat
    whole: memoryview | None = None

    @property
    def delimiter(self) -> str:
        """The delimiter between the cells of the body."""
        return self.text_format.delimiter


def open_csv(source: Path | memoryview, *, name: str, text_format: TextFormat) -> CsvText:
    """Open a table (CSV, JSON lines, an Excel sheet; also compressed) or its bytes, and read its header.

    Without a header, the columns are called c0, c1, ... A path such as `part-*.csv` stands for all files that match it,
    in the order of their names.

    Raises:
        DataError: the file is missing, empty or not text, its header repeats a name, or several files differ in
            columns.
    """
    if isinstance(source, Path) and is_pattern(source):
        return _joined([split_header(each, name=str(each), text_format=text_format) for each in matching(source)], name)
    text = split_header(source, name=name, text_format=text_format)
    repeated = repeated_names(text.names)
    if repeated:
        raise DataError(
            f"{name}: the header has the column {', '.join(repr(text) for text in repeated)} more than once",
            hint="give each column its own name, or say `header: false` if the first row is data",
        )
    return text


def split_header(source: Path | memoryview, *, name: str, text_format: TextFormat) -> CsvText:
    """Like `open_csv`, but for one file, and the header may repeat a name."""
    content = unpack(read_bytes(source) if isinstance(source, Path) else source, name)
    converted = to_csv(content, name)
    if converted is not None:
        content = converted
        text_format = TextFormat(header=text_format.header, missing=text_format.missing)
    if text_format.encoding.lower().replace("-", "").replace("_", "") == "utf8":
        refuse_binary(content, name)
    content = whole = decode(content, text_format.encoding, name)
    content = _without_top(content, text_format.skip, name)
    content = _tidy(content, text_format, name)
    if text_format.delimiter == WHITESPACE:
        text_format = text_format.model_copy(update={"delimiter": ","})
    names, consumed = _first_record(content, name, text_format.delimiter)
    if not text_format.header:
        return CsvText(name, tuple(f"c{index}" for index in range(len(names))), content, text_format, whole)
    names = tuple(text.strip() or f"c{index}" for index, text in enumerate(names))
    return CsvText(name, names, content[consumed:], text_format, whole)


def _joined(texts: Sequence[CsvText], name: str) -> CsvText:
    first = texts[0]
    for other in texts[1:]:
        if other.names != first.names:
            differing = sorted({*first.names} ^ {*other.names}) or ["their order"]
            raise DataError(
                f"{first.name} and {other.name} have different columns: {', '.join(differing[:8])}",
                hint="all files must have the same columns; change the pattern so that it matches only such files",
            )

    def pieces() -> Iterator[bytes]:
        for text in texts:
            for start in range(0, len(text.body), _CHUNK):
                yield bytes(text.body[start : start + _CHUNK])
            if bytes(text.body[-1:]) not in (b"\n", b""):
                yield b"\n"

    return CsvText(name, first.names, spool(pieces()), first.text_format)


def repeated_names(names: Sequence[str]) -> list[str]:
    """The names that occur more than once, sorted."""
    return sorted(text for text, count in Counter(names).items() if count > 1)


def split_at_blanks(line: str) -> list[str]:
    """The cells of a line, separated by runs of blanks and tabs; a quoted cell may contain blanks."""
    cells = _BLANKS_WITH_QUOTES.findall(line)
    return [cell[1:-1].replace('""', '"') if cell.startswith('"') and len(cell) > 1 else cell for cell in cells]


def encoding_error(text: CsvText) -> DataError:
    """The error for bytes of the rows that are not UTF-8."""
    return wrong_encoding(text.body if text.whole is None else text.whole, "utf-8", text.name)


def _without_top(content: memoryview, lines: int, name: str) -> memoryview:
    start = 0
    for _ in range(lines):
        line = _line(content, start)
        if not line:
            raise DataError(f"{name} has fewer lines than the {lines} to skip (`skip`)")
        start += len(line)
    return content[start:]


def _tidy(content: memoryview, text_format: TextFormat, name: str) -> memoryview:
    """The table in a form that pyarrow can read: lines end in LF or CRLF, no comments, no blanks before quotes."""
    start = bytes(content[: 1 << 16])
    if not start.strip():
        raise DataError(f"{name} is empty")
    if b"\r" in start and b"\n" not in start and not _contains(content, re.compile(b"\n")):
        content = memoryview(bytes(content).replace(b"\r", b"\n"))
    if text_format.comment is not None:
        content = _without_comments(content, text_format.comment.encode())
        if not bytes(content[: 1 << 16]).strip():
            raise DataError(f"{name} has only lines that begin with {text_format.comment!r}")
    if text_format.delimiter == WHITESPACE:
        return _separated_by_commas(content, name)
    blank_before_quote = re.compile(b"(?:^|" + re.escape(text_format.delimiter.encode()) + b')[ \t]+"', re.MULTILINE)
    if text_format.delimiter != "\t" and (
        blank_before_quote.search(start) or (_may_have_blanks(content) and _contains(content, blank_before_quote))
    ):
        content = _without_blanks(content, name, text_format.delimiter)
    return content


def _may_have_blanks(content: memoryview) -> bool:
    """Whether there is a blank before a quote below the first line; looked for fifty times as fast as by a pattern."""
    if not isinstance(content.obj, mmap.mmap):
        return True
    start = content.obj.find(b"\n")
    while 0 <= start < len(content.obj):
        end = start + _SEARCHED
        if any(content.obj.find(mark, start, end + 1) >= 0 for mark in (b' "', b'\t"')):
            return True
        start = end
        let_go(content)
    return False


def _contains(content: memoryview, pattern: re.Pattern[bytes]) -> bool:
    """Whether the pattern, which matches within a line, is found; what was searched is let go."""
    if not isinstance(content.obj, mmap.mmap):
        return pattern.search(content) is not None
    start = 0
    while start < len(content):
        end = start + _SEARCHED
        newline = bytes(content[max(start, end - _CHUNK) : end]).rfind(b"\n")
        end = max(start, end - _CHUNK) + newline + 1 if newline >= 0 and end < len(content) else end
        if pattern.search(content[start:end]) is not None:
            return True
        start = end
        let_go(content)
    return False


def _lines(content: memoryview) -> Iterator[bytes]:
    """The lines including their ends, read in large pieces."""
    rest = b""
    for start in range(0, len(content), _CHUNK):
        *whole, rest = (rest + bytes(content[start : start + _CHUNK])).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


def _without_comments(content: memoryview, mark: bytes) -> memoryview:
    return spool(line for line in _lines(content) if not line.lstrip(b" \t").startswith(mark))


def _separated_by_commas(content: memoryview, name: str) -> memoryview:
    """The same table with commas instead of runs of blanks between cells."""

    def rows() -> Iterator[bytes]:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        for lines in _batched(_lines(content), 1000):
            writer.writerows(split_at_blanks(line.decode("utf-8").strip()) for line in lines if line.strip())
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()

    try:
        return spool(rows())
    except UnicodeDecodeError:
        raise wrong_encoding(content, "utf-8", name) from None


def _batched(lines: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while batch := list(itertools.islice(lines, size)):
        yield batch


def _without_blanks(content: memoryview, name: str, delimiter: str) -> memoryview:
    """The same table without the blanks before quotes, which would hide the quotes from the parser."""
    try:
        text = str(content, "utf-8")
    except UnicodeDecodeError:
        raise wrong_encoding(content, "utf-8", name) from None
    tidy = io.StringIO(newline="")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        csv.writer(tidy, delimiter=delimiter, lineterminator="\n").writerows(reader)
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV: {error}") from None
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
        raise wrong_encoding(content, "utf-8", name) from None
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV: {error}") from None
    raise DataError(f"{name} is empty")


def _line(content: memoryview, start: int) -> bytes:
    """The bytes from `start` up to and including the next newline."""
    parts: list[bytes] = []
    while start < len(content):
        chunk = bytes(content[start : start + _CHUNK])
        end = chunk.find(b"\n")
        if end >= 0:
            return b"".join(parts) + chunk[: end + 1]
        parts.append(chunk)
        start += len(chunk)
    return b"".join(parts)
