"""A table in memory as columns of NumPy arrays; does not depend on where it came from or what it is used for."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np

from nncli.errors import DataError

# Codes int32 (rows,), -1 for missing, and the texts they stand for.
Dictionary = tuple[np.ndarray, list[str]]

_WHOLE_NUMBER = re.compile(r"([+-]?\d+)\.0+")
_BOOLEANS = {"true": "True", "false": "False"}


@dataclass(frozen=True)
class Column:
    """One column: as numbers, and as texts, which are computed when they are first needed.

    `numbers` is float64 (rows,) with NaN for cells that are missing or not numbers. `present` and `numeric` are bool
    (rows,): whether a cell is not missing, and whether it is a number (infinite ones included). `units` has the signs
    beside the numbers, such as `$` (see `number_text.Parsed`). `encode_words` returns the cells that count as missing
    because they hold a word such as None, so that they can still be read as values. `are_codes` means that some of its
    whole numbers begin with a zero, as in 01234.
    """

    name: str
    numbers: np.ndarray
    present: np.ndarray
    numeric: np.ndarray
    encode: Callable[[], Dictionary]
    units: frozenset[str] = frozenset()
    encode_words: Callable[[], Dictionary] | None = None
    are_codes: bool = False

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def dictionary(self) -> Dictionary:
        """Codes and texts; texts with the same meaning (1 and 1.0, true and TRUE) share one code."""
        codes, texts = self.encode()
        merged: dict[str, int] = {}
        places = np.array([merged.setdefault(_canonical(text), len(merged)) for text in texts] + [-1], np.int32)
        return places[codes], list(merged)

    @property
    def is_numeric(self) -> bool:
        """Whether every present cell is a number, and not a code that only looks like one."""
        return not self.are_codes and bool((self.numeric == self.present).all())

    @cached_property
    def counts(self) -> np.ndarray:
        """How often each text of the dictionary occurs."""
        codes, texts = self.dictionary
        return np.bincount(codes[codes >= 0], minlength=len(texts))

    @cached_property
    def values(self) -> list[str]:
        """The different texts that occur."""
        return [text for text, count in zip(self.dictionary[1], self.counts, strict=True) if count]

    def text(self, row: int) -> str:
        """The text of one cell as read; empty if it is missing."""
        codes, texts = self.dictionary
        return texts[codes[row]] if codes[row] >= 0 else ""

    def take(self, rows: np.ndarray) -> "Column":
        """The same column with only these rows (indices or a mask)."""

        def encode() -> Dictionary:
            codes, texts = self.dictionary
            return codes[rows], texts

        def encode_words() -> Dictionary:
            codes, texts = self.missing_words
            return codes[rows], texts

        return replace(
            self,
            numbers=self.numbers[rows],
            present=self.present[rows],
            numeric=self.numeric[rows],
            encode=encode,
            encode_words=encode_words,
        )

    @cached_property
    def missing_words(self) -> Dictionary:
        """The words that count as missing: codes int32 (rows,), -1 for all other cells, and the words."""
        if self.encode_words is None:
            return np.full(len(self), -1, np.int32), []
        return self.encode_words()


@dataclass(frozen=True)
class Table:
    """Columns of the same length by name; `rows`, int64 (n,), are the row numbers in the file, counted from 0.

    `rejected` has the rows of the file that could not be read, each with the reason; `notes` tells what was dropped.
    Where the table is a batch of a stream, `cells` has the original cells of all columns as Arrow arrays.
    """

    columns: dict[str, Column]
    rows: np.ndarray
    rejected: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()
    name: str = field(default="the table")
    cells: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: np.ndarray) -> "Table":
        """The table with only these rows (indices or a mask)."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return Table(columns, self.rows[rows], self.rejected, self.notes, self.name)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            DataError: there is no such column; the message suggests the closest name.
        """
        if name not in self.columns:
            raise unknown_columns([name], self.columns, self.name)
        return self.columns[name]


def unknown_columns(names: Sequence[str], known: Iterable[str], where: str) -> DataError:
    """The error for names that are not columns, with the closest existing names; `where` is - for what has no name."""
    known, where = list(known), "the input" if where == "-" else where
    told = []
    for name in names:
        close = _close(name, known)
        told.append(f'"{name}"' + (f' (did you mean "{close}"?)' if close else ""))
    shown = ", ".join(known[:30]) + (f", ... ({len(known)} in all)" if len(known) > 30 else "")
    hint = f"its columns are: {shown}"
    if any(_is_number(name) for name in known):
        hint += "; the first row looks like data: with `header: false` the columns are called c0, c1, ..."
    return DataError(f"{where} has no column {', '.join(told)}", hint=hint)


def number_column(name: str, values: np.ndarray) -> Column:
    """A column made from numbers (rows,); NaN is missing."""
    numbers = np.asarray(values, np.float64)
    present = ~np.isnan(numbers)

    def encode() -> Dictionary:
        texts, codes = np.unique(numbers[present] + 0.0, return_inverse=True)  # -0.0 becomes 0.0, its equal
        placed = np.full(len(numbers), -1, np.int32)
        placed[present] = codes
        return placed, [repr(float(text)) for text in texts]

    return Column(name, numbers, present, present, encode)


def text_column(name: str, codes: np.ndarray, texts: Sequence[str]) -> Column:
    """A column made from codes (rows,), -1 for missing, and the texts they stand for."""
    parsed = np.array([float(text) if _is_number(text) else np.nan for text in texts] + [np.nan])
    numbers = parsed[codes]
    return Column(name, numbers, codes >= 0, ~np.isnan(numbers), lambda: (codes.astype(np.int32), list(texts)))


def _canonical(text: str) -> str:
    whole = _WHOLE_NUMBER.fullmatch(text)
    return whole[1] if whole else _BOOLEANS.get(text.lower(), text)


def _close(name: str, known: Sequence[str]) -> str | None:
    by_fold = {other.casefold(): other for other in known}
    matches = get_close_matches(name.casefold(), list(by_fold), n=1, cutoff=0.6)
    return by_fold[matches[0]] if matches else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", text) is not None
