"""A test set with files of its own: its rows are encoded piece by piece, by what the training set has taught.

They are kept in raw files until all of them are known to be usable, as those of the table itself are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.config.facts import DataFacts, TableInput
from nncli.config.sections import Data
from nncli.data.plurals import count
from nncli.data.splitting import path_of_test
from nncli.data.streaming.storage.raw_files import RawFiles, RawWriter
from nncli.data.streaming.storing import ArrayWriter
from nncli.data.streaming.tables.planning import Plan
from nncli.data.streaming.tables.sources import Source
from nncli.data.tables.features.flaws import check_numbers
from nncli.data.tables.features.words import reread_as
from nncli.data.tables.files.columns import Table, unknown_columns
from nncli.data.tables.loading import label_rows
from nncli.errors import DataError


def has_own_test(data: Data) -> bool:
    """Whether the rows of another file are tested on; those of a fold are the table's own."""
    return isinstance(data.test, str) and path_of_test(data) == data.test


@dataclass(frozen=True)
class OwnTest:
    """The encoded rows of a test set in raw files."""

    files: RawFiles
    unlabelled: int

    @property
    def notes(self) -> Iterator[str]:
        """What the user is told about the rows."""
        if self.unlabelled:
            yield f"test: {count(self.unlabelled, 'row')} without a target dropped"

    def write(self, writer: ArrayWriter) -> None:
        """Writes the arrays `test_numbers`, `test_targets` and so on."""
        self.files.write_to(writer, "test")


def collect_test(
    source: Source, plan: Plan, data: Data, facts: DataFacts, folder: Path, progress: Callable[[float], None]
) -> OwnTest:
    """Encodes the rows of a test set into raw files in a folder that is there.

    Raises:
        DataError: a column is missing, a class is unknown, a cell cannot be used, or no row has a target. OSError: a
            file cannot be written.
    """
    for names in (plan.features.names, plan.targets):
        absent = [name for name in names if name not in source.names]
        if absent:
            raise unknown_columns(absent, source.names, source.name)
    read = 0
    with RawWriter(folder, "test_") as writer:
        for share, table in source.pieces([*plan.targets, *plan.features.names]):
            read += len(table)
            writer.add(_encode(table, plan, data, facts))
            progress(share)
    files = writer.files
    if not files.rows:
        raise DataError(f"{source.name}: no row has a value in the target {', '.join(plan.targets)}")
    return OwnTest(files, read - files.rows)


def _encode(table: Table, plan: Plan, data: Data, facts: DataFacts) -> dict[str, np.ndarray]:
    """The arrays of the rows that have a target; none where no row of the piece has one."""
    for name in plan.features.numbers:
        check_numbers(table.columns[name], table, data.missing)
    reread = reread_as(table, facts.inputs) if isinstance(facts.inputs, TableInput) else table
    if not np.logical_and.reduce([reread.columns[name].present for name in plan.targets]).any():
        return {}
    part = label_rows(table, facts)
    return {**part.inputs, "targets": part.targets, "rows": part.rows}
