"""Reads a whole CSV with a type for each column, on all cores: a fast path to the same result as `reading`.

Types are guessed from the first rows and then verified: if any cell of a number column, anywhere in the file, is not a
number, the file is read again with that column as text. Anything unusual (rows of the wrong length, cells of several
lines) is left to the slow path in `reading`. pyarrow is imported when a table is read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nncli.config.text_format import TextFormat
from nncli.data.tables.files.columns import Column, Dictionary
from nncli.data.tables.files.content import let_go
from nncli.data.tables.files.csv_text import CsvText
from nncli.data.tables.files.number_text import Parsed, has_codes, parse_numbers, plain_text

# For smaller files the slow path is fast enough.
WORTH_BYTES = 1 << 20
# Bytes parsed at a time, so that the text and the numbers of a file are never in memory together; bytes per thread.
_SEGMENT = 1 << 24
_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_ATTEMPTS = 4
_FAILED_COLUMN = re.compile(r"In CSV column #(\d+):")


class _Numbers:
    """A column of numbers, written segment by segment into `room`, float64 with space for at least all rows."""

    def __init__(self, room: np.ndarray) -> None:
        self._room = room
        self._missing = 0
        self.rows = 0

    def add(self, cells: Any) -> None:
        """The next cells, a chunked array of float64."""
        for chunk in cells.chunks:
            start = self.rows
            self.rows += len(chunk)
            self._room[start : self.rows] = chunk.to_numpy(zero_copy_only=False)
        self._missing += cells.null_count

    def finish(self, everywhere: np.ndarray, markers: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """The numbers and which are present; None if only the text can tell numbers from missing cells."""
        numbers = self._room[: self.rows]
        there = ~np.isnan(numbers)
        # A marker of missing values that is a number (-999) beside blank cells was read as a number.
        if len(there) - np.count_nonzero(there) != self._missing or (len(markers) and np.isin(numbers, markers).any()):
            return None
        return numbers, there if self._missing else everywhere


class _Texts:
    """A column of texts: a code for each cell, written into `room` (int32), and the texts in order of appearance."""

    def __init__(self, room: np.ndarray, text_format: TextFormat) -> None:
        self._room = room
        self._rows = 0
        self._words = [text for text in text_format.missing if text]
        # A blank cell is -1, and the words that mean a missing value are -2, -3, ...
        self._places = {"": -1, **{word: -2 - index for index, word in enumerate(self._words)}}
        self._texts: list[str] = []

    def add(self, cells: Any) -> None:
        """The next cells, a chunked array of texts in a dictionary. Raises ValueError for a text of several lines."""
        import pyarrow.compute as compute

        array = cells.unify_dictionaries().combine_chunks()
        array = array.chunk(0) if hasattr(array, "num_chunks") else array
        if any("\n" in text for text in array.dictionary.to_pylist()):
            raise ValueError("a cell of several lines, or a quote that is never closed")
        trimmed = compute.utf8_trim_whitespace(array.dictionary).to_pylist()
        places = np.array([self._place(text) for text in trimmed], np.int32)
        start = self._rows
        self._rows += len(array)
        self._room[start : self._rows] = places[array.indices.to_numpy(zero_copy_only=False)]

    def _place(self, text: str) -> int:
        place = self._places.get(text)
        if place is None:
            place = self._places[text] = len(self._texts)
            self._texts.append(text)
        return place

    def finish(self) -> Dictionary:
        """The codes int32 (rows,), negative for missing, and the texts."""
        return self._room[: self._rows], self._texts

    def encode_words(self) -> Dictionary:
        """The words that count as missing: codes int32 (rows,), -1 for all other cells, and the words."""
        return np.maximum(-2 - self._room[: self._rows], -1), self._words


@dataclass(frozen=True)
class _Reading:
    """A text, the columns to read from it, and which of these to read as numbers."""

    text: CsvText
    names: tuple[str, ...]
    numbers: frozenset[str]

    def read(self) -> dict[str, _Numbers | _Texts]:
        """The cells of all segments. Raises ValueError if a cell is not the number it should be, or for unusual
        text."""
        import pyarrow as arrow

        rows = sum(_count_lines(segment) for segment in segments(self.text.body))
        numbers = [name for name in self.names if name in self.numbers]
        # One large array each, since only large ones are returned to the system when they are freed.
        rooms = iter(np.empty((len(numbers), rows)))
        codes = iter(np.empty((len(self.names) - len(numbers), rows), np.int32))
        cells: dict[str, _Numbers | _Texts] = {
            name: _Numbers(next(rooms)) if name in self.numbers else _Texts(next(codes), self.text.text_format)
            for name in self.names
        }
        for segment in segments(self.text.body):
            table = self._parse(segment)
            if table.num_rows != _count_lines(segment):
                raise ValueError("a cell of several lines, a quote that is never closed, or an empty line")
            for name, kept in cells.items():
                kept.add(table.column(name))
            del table
            arrow.default_memory_pool().release_unused()
            let_go(self.text.body)
        return cells

    @cached_property
    def has_zeros_first(self) -> bool:
        """Whether any cell begins with a zero followed by another digit, as in 01234 (or 01.02.2024)."""
        before = [ord(self.text.delimiter), *b'\n" ']
        return any(_has_zeros_first(np.frombuffer(segment, np.uint8), before) for segment in segments(self.text.body))

    def _parse(self, segment: memoryview) -> Any:
        import pyarrow as arrow
        import pyarrow.csv as arrow_csv

        coded = arrow.dictionary(arrow.int32(), arrow.string())
        return arrow_csv.read_csv(
            arrow.BufferReader(arrow.py_buffer(segment)),
            read_options=arrow_csv.ReadOptions(column_names=list(self.text.names), block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(delimiter=self.text.delimiter),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: arrow.float64() if name in self.numbers else coded for name in self.names},
                include_columns=list(self.names),
                null_values=[*self.text.text_format.missing, ""],
                strings_can_be_null=False,
            ),
        )

    def texts_of(self, name: str) -> Dictionary:
        """The original texts of a number column; parses that column again."""
        cells = replace(self, names=(name,), numbers=frozenset()).read()[name]
        if not isinstance(cells, _Texts):
            return np.empty(0, np.int32), []
        codes, texts = cells.finish()
        return np.maximum(codes, -1), texts


def read_columns(text: CsvText, only: str | None = None) -> dict[str, Column] | None:
    """All columns of an opened CSV, or one alone, equal to those of the slow path; None if that must be used."""
    if len(text.body) < WORTH_BYTES or len(text.names) < 2:
        return None
    names = (only,) if only in text.names and only is not None else text.names
    # pyarrow itself reads plain numbers only; numbers in other notations are parsed from text.
    numbers = _guess_numbers(text) & {*names} if text.text_format.has_plain_numbers else set[str]()
    for _ in range(_ATTEMPTS):
        reading = _Reading(text, names, frozenset(numbers))
        try:
            columns = _make_columns(reading, reading.read())
        except ValueError as error:
            found = _FAILED_COLUMN.search(str(error))
            doubtful = {text.names[int(found[1])]} if found else set()
            if not doubtful & numbers:
                return None
        else:
            doubtful = set(names) - set(columns)
            if not doubtful:
                return columns
        numbers -= doubtful
    return None


def _make_columns(reading: _Reading, cells: dict[str, _Numbers | _Texts]) -> dict[str, Column]:
    """The columns made from the cells, without those that must be read again as text."""
    markers = _parse_texts(reading.text.text_format.missing, reading.text.text_format).numbers
    markers = markers[~np.isnan(markers)]
    columns: dict[str, Column] = {}
    everywhere: np.ndarray | None = None
    for name, kept in cells.items():
        if isinstance(kept, _Texts):
            columns[name] = _text_column(name, kept, reading.text.text_format)
            continue
        everywhere = everywhere if everywhere is not None else np.ones(kept.rows, bool)
        finished = kept.finish(everywhere, markers)
        if finished is not None and not _are_codes(reading, name, finished[0]):
            columns[name] = Column(name, *finished, finished[1], lambda name=name: reading.texts_of(name))  # type: ignore[misc]
    return columns


def _are_codes(reading: _Reading, name: str, numbers: np.ndarray) -> bool:
    """Whether some whole numbers of the column begin with a zero; checked only if any cell of the file does."""
    with np.errstate(invalid="ignore"):
        is_whole = bool((np.isnan(numbers) | (np.mod(numbers, 1) == 0)).all())
    return is_whole and reading.has_zeros_first and has_codes(reading.texts_of(name)[1])


def _text_column(name: str, kept: _Texts, text_format: TextFormat) -> Column:
    codes, texts = kept.finish()
    words = kept.encode_words
    if codes.min(initial=0) < -1:
        codes = np.maximum(codes, -1)
    parsed = _parse_texts(texts, text_format)
    numbers = np.append(parsed.numbers, np.nan)[codes]

    def encode() -> Dictionary:
        return codes, [plain_text(text, text_format) for text in texts]

    are_codes = has_codes(texts)
    return Column(name, numbers, codes >= 0, ~np.isnan(numbers), encode, parsed.units, words, are_codes)


def _guess_numbers(text: CsvText) -> set[str]:
    """The columns whose cells in the first rows are all numbers or missing."""
    sample = replace(text, body=next(segments(text.body, _SAMPLE)))
    try:
        cells = _Reading(sample, text.names, frozenset()).read()
    except ValueError:
        return set()
    texts = {name: kept.finish()[1] for name, kept in cells.items() if isinstance(kept, _Texts)}
    return {name for name in texts if _are_plain(texts[name], text.text_format)}


def segments(body: memoryview, size: int = _SEGMENT) -> Iterator[memoryview]:
    """Segments of whole lines, of about `size` bytes; a longer line is a segment of its own."""
    start = 0
    while start < len(body):
        end = start + size
        while end < len(body) and (newline := bytes(body[start:end]).rfind(b"\n")) < 0:
            end += size
        end = start + newline + 1 if end < len(body) else len(body)
        yield body[start:end]
        start = end


def _has_zeros_first(text: np.ndarray, before: Sequence[int]) -> bool:
    zeros = np.flatnonzero(text[:-1] == ord("0"))
    zeros = zeros[(text[zeros + 1] >= ord("0")) & (text[zeros + 1] <= ord("9"))]
    return bool(np.isin(text[zeros[zeros > 0] - 1], before).any() or (len(zeros) and zeros[0] == 0))


def _count_lines(segment: memoryview) -> int:
    """The number of lines; the last one may or may not end in a newline."""
    ended = int(np.count_nonzero(np.frombuffer(segment, np.uint8) == ord("\n")))
    return ended + (bytes(segment[-1:]) != b"\n")


def _are_plain(texts: Sequence[str], text_format: TextFormat) -> bool:
    """Whether all texts are plain numbers, and none is a code with leading zeros, which would be lost."""
    parsed = _parse_texts(texts, text_format)
    is_number = not parsed.units and not np.isnan(parsed.numbers).any()
    return is_number and not has_codes(texts)


def _parse_texts(texts: Sequence[str], text_format: TextFormat) -> Parsed:
    import pyarrow as arrow

    return parse_numbers(arrow.array(texts, arrow.string()), text_format)
