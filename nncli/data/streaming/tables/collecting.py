"""Reads all rows of a table once and writes them, encoded as far as one row at a time allows, to raw files.

Numbers are as they stay. Words become codes in the order in which they appear, since their vocabulary is that of the
training set, which is known only afterwards. Does not split or measure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nncli.config.facts import TableInput
from nncli.config.sections import Data
from nncli.data.streaming.splits.rows import Read
from nncli.data.streaming.storage.raw_files import RawFiles, RawWriter
from nncli.data.streaming.tables.planning import Plan
from nncli.data.streaming.tables.split_keys import KeyReader, hash_cells
from nncli.data.tables.features.dates import expand_dates
from nncli.data.tables.features.flaws import check_numbers
from nncli.data.tables.features.words import reread_as
from nncli.data.tables.files.columns import Column, Table
from nncli.data.targets import encode_targets
from nncli.errors import DataError

# A column has codes for this many words; further ones are unknown, as rare words are in any case.
_MOST_WORDS = 1 << 18


@dataclass
class Words:
    """The different words of a column in the order of their appearance, of which there are `unknown` cells more.

    Code 0 is a missing or unknown word, code i + 1 the i-th word.
    """

    codes: dict[str, int] = field(default_factory=dict)
    unknown: int = 0

    @property
    def texts(self) -> list[str]:
        """The words in the order of their codes."""
        return list(self.codes)

    def encode(self, column: Column) -> np.ndarray:
        """The codes of the cells, int32 (rows,)."""
        codes, texts = column.dictionary
        counts = column.counts
        places = np.array(
            [self._place(text) if counts[index] else 0 for index, text in enumerate(texts)] + [0], np.int32
        )
        found: np.ndarray = places[codes]
        self.unknown += int((found[codes >= 0] == 0).sum())
        return found

    def _place(self, text: str) -> int:
        if text not in self.codes:
            if len(self.codes) >= _MOST_WORDS:
                return 0
            self.codes[text] = len(self.codes) + 1
        return self.codes[text]


@dataclass(frozen=True)
class RawRows:
    """The rows of a table in raw `files`, and `dropped` more without a target.

    The files are, in the order of the table: numbers float32 (rows, n), words int32 (rows, m), targets int32 (rows, 1)
    codes of `classes`, or float32 (rows, t); numbers of the rows, int64 (rows, 1); what they are split by, `groups`
    uint64 or `moments` int64 (rows, 1), and `copies` uint64 (rows, 1), hashes of the rows. `group_order` has the groups
    in the order that they have in memory, None where there are very many. `repeated` rows were dropped.
    """

    files: RawFiles
    dropped: int
    words: tuple[Words, ...]
    classes: Words | None
    group_order: np.ndarray | None = None
    repeated: int = 0

    def reader(self, name: str) -> Read | None:
        """Reads rows of a raw file with one column, (rows,); None if there is no such file."""
        if name not in self.files.kinds:
            return None
        return lambda first, end: self.files.read(name, first, end)[:, 0]


class _Encoder:
    """Encodes tables row by row, and keeps the words that it has seen."""

    def __init__(self, plan: Plan, data: Data) -> None:
        self._plan, self._data = plan, data
        self.words = tuple(Words() for _ in plan.features.categories)
        self.classes = Words() if plan.has_classes else None
        self.keys = None if plan.key is None else KeyReader(plan.key, has_types=plan.source.has_types)
        self._as_read = TableInput(values=data.values, kept=plan.kept)

    def encode(self, table: Table) -> dict[str, np.ndarray]:
        """The raw arrays of the rows that have a target. Raises DataError for a cell that cannot be used."""
        plan = self._plan
        table = reread_as(table, self._as_read)
        if self.keys is not None:
            self.keys.meet(table)
        present = np.logical_and.reduce([table.columns[name].present for name in plan.targets])
        if not present.all():
            table = table.take(np.flatnonzero(present))
        for name in plan.features.numbers:
            check_numbers(table.columns[name], table, self._data.missing)
        table, failures = expand_dates(table, plan.dates)
        if failures:
            row, reason = min(failures.items())
            raise DataError(f"{table.name}: row {table.rows[row] + 1}: {reason}")
        arrays = {"rows": table.rows[:, None], "targets": self._targets(table)}
        if self.keys is not None:
            name, keys = self.keys.read(table)
            arrays[name] = keys[:, None]
        if plan.compared:
            arrays["copies"] = hash_cells(table, plan.compared, plan.numeric)[:, None]
        if plan.numbers:
            arrays["numbers"] = np.empty((len(table), len(plan.numbers)), np.float32)
            for index, name in enumerate(plan.numbers):
                arrays["numbers"][:, index] = table.columns[name].numbers
        if self.words:
            columns = [table.columns[name] for name in plan.features.categories]
            codes = [words.encode(column) for words, column in zip(self.words, columns, strict=True)]
            arrays["words"] = np.stack(codes, axis=1)
        return arrays

    def _targets(self, table: Table) -> np.ndarray:
        columns = [table.columns[name] for name in self._plan.targets]
        if self.classes is None:
            return encode_targets(self._plan.goal, columns)
        codes = self.classes.encode(columns[0])
        if self.classes.unknown:
            raise DataError(f'target "{columns[0].name}" has more than {_MOST_WORDS:,} classes')
        return codes[:, None]


def collect(plan: Plan, data: Data, folder: Path, progress: Callable[[float], None]) -> RawRows:
    """Writes the raw files of a planned table into a folder that is there.

    Raises:
        DataError: a cell cannot be used, or the table cannot be read. OSError: a file cannot be written.
    """
    encoder = _Encoder(plan, data)
    read = 0
    with RawWriter(folder) as writer:
        for share, table in plan.source.pieces(plan.columns):
            read += len(table)
            writer.add(encoder.encode(table))
            progress(share)
    files = writer.files
    if not files.rows:
        raise DataError(f"{plan.source.name}: no row has a value in the target {', '.join(plan.targets)}")
    order = None if encoder.keys is None else encoder.keys.group_order
    return RawRows(files, read - files.rows, encoder.words, encoder.classes, order)
