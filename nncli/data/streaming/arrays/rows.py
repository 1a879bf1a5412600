"""The numeric rows of an archive as the pieces of a table, and the entry that is written from them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nncli.config.sections import Data
from nncli.data.arrays.archive import Archive, Pair, is_one_hot, pair_table, table_section
from nncli.data.splitting import refuse_duplicates
from nncli.data.streaming.entries import notes_of
from nncli.data.streaming.mapping import let_go, spread_rows
from nncli.data.streaming.storing import ArrayWriter
from nncli.data.streaming.tables.collecting import collect
from nncli.data.streaming.tables.compacting import drop_repeated
from nncli.data.streaming.tables.finishing import finish
from nncli.data.streaming.tables.planning import make_plan
from nncli.data.streaming.tables.sources import Source
from nncli.data.tables.files.columns import Table

# Bytes of inputs in a piece; its columns are kept as float64.
_PIECE_BYTES = 1 << 23
_SAMPLE_ROWS = 1 << 17
# The numbers in a sample, so that wide rows take no more memory.
_SAMPLE_NUMBERS = 1 << 24


@dataclass(frozen=True)
class ArraySource(Source):
    """Pairs (x, y) of an archive, one after the other, as a table with the columns x0, x1, ... and y."""

    archive: Archive
    pairs: tuple[Pair, ...]
    one_hot: bool

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[tuple[float, Table]]:
        """All rows in order, each piece with the share (0 to 1) of the rows read with it, and all columns."""
        done = 0
        for inputs, values in self.pairs:
            size = max(1, _PIECE_BYTES // max(1, inputs[:1].nbytes))
            for start in range(0, len(inputs), size):
                rows = slice(start, start + size)
                table = self._table(inputs[rows], values[rows], done)
                done += len(table)
                yield done / self.rows, table
                let_go([inputs, values])

    def sample(self) -> Table:
        """Rows from all over the arrays, in order."""
        width = int(np.prod(self.pairs[0][0].shape[1:], dtype=np.int64))
        chosen = spread_rows(self.rows, min(_SAMPLE_ROWS, max(2000, _SAMPLE_NUMBERS // max(1, width))))
        parts, first = [], 0
        for inputs, values in self.pairs:
            own = chosen[(chosen >= first) & (chosen < first + len(inputs))] - first
            parts.append((inputs[own], values[own]))
            let_go([inputs, values])
            first += len(inputs)
        inputs, values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return replace(self._table(inputs, values, 0), rows=chosen)

    def _table(self, inputs: np.ndarray, values: np.ndarray, first: int) -> Table:
        table = pair_table(self.archive, (np.asarray(inputs), np.asarray(values)), one_hot=self.one_hot)
        return replace(table, rows=table.rows + first)


def open_rows(archive: Archive, pairs: Sequence[Pair], data: Data) -> ArraySource:
    """Pairs of an archive as the rows of a table; each has the rows of one set."""
    whole = ArraySource(
        name=str(archive.path),
        files=(archive.path,),
        names=(),
        rows=sum(len(values) for _, values in pairs),
        text_format=data.text_format,
        is_parquet=False,
        has_types=True,
        archive=archive,
        pairs=tuple(pairs),
        one_hot=all(is_one_hot(values, None) for _, values in pairs),
    )
    return replace(whole, names=tuple(whole.head().columns))


def write_rows(
    folder: Path, raw_folder: Path, archive: Archive, data: Data, seed: int, progress: Callable[[float], None]
) -> None:
    """Writes the entry in a folder from mapped rows of numbers.

    Raises:
        DataError: the rows or targets cannot be used as the config requires. OSError: a file cannot be written.
    """
    # The validation set of a table is always split off the training rows, so the two are joined here.
    source = open_rows(archive, [pair for part, pair in archive.pairs.items() if part != "test"], data)
    section = table_section(data, source.head().columns)
    refuse_duplicates(section, has_test="test" in archive.pairs)
    is_fold = data.fold is not None and data.fold.test != "none"
    tested = None if is_fold else archive.pairs.get("test")  # a fold is tested on rows of its own
    if tested is not None:
        section = section.model_copy(update={"test": str(archive.path)})
    test = None if tested is None else open_rows(archive, [tested], data)
    plan = make_plan(source, section)
    raw = collect(plan, section, raw_folder, lambda share: progress(0.6 * share))
    if section.duplicates == "drop":
        raw = drop_repeated(raw)
    with ArrayWriter(folder) as writer:
        done = finish(
            plan,
            section,
            raw,
            writer,
            seed=seed,
            test=test,
            progress=lambda share: progress(0.6 + 0.4 * share),
        )
        writer.finish(lambda arrays: notes_of(source.name, arrays, done.facts, done.notes, done.warnings))
