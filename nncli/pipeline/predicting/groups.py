"""Which rows have which value of a column, so that each group can be measured by itself; measures nothing itself."""

from itertools import pairwise

import numpy as np

from nncli.config.facts import DataFacts, TableInput
from nncli.config.reading.spelling import did_you_mean
from nncli.data.dataset import Part
from nncli.data.splitting import path_of_test
from nncli.data.tables.files.columns import Column
from nncli.errors import DataError
from nncli.pipeline.predicting.open_run import OpenRun

FEWEST_ROWS = 30  # of fewer, a percentile interval is too narrow to be believed
MISSING = "(missing)"
UNKNOWN = "(missing or unseen)"
_MOST_WORDS = 20
_MOST_NUMBERS = 10  # distinct numbers that are shown as they are; more are cut into quarters


def require_column(facts: DataFacts, column: str, *, in_training_file: bool) -> TableInput:
    """The table that has it; a column that the network does not read is one of the training file, or of other data.

    Raises DataError where there is no such column.
    """
    if not isinstance(facts.inputs, TableInput):
        raise DataError(f"--by takes a column of a table, and {facts.source} has none")
    table = facts.inputs
    known = list(dict.fromkeys([*_read_columns(table), *table.columns]))
    if column not in known and in_training_file:
        raise DataError(
            f"there is no column {column!r}{did_you_mean(column, known)}",
            hint=f"--by takes one of: {', '.join(known[:20])}{' …' if len(known) > 20 else ''}",
        )
    return table


def find_groups(run: OpenRun, part: Part, column: str, data_path: str | None) -> list[tuple[str, np.ndarray]]:
    """The groups of `group_rows`, from the inputs or, for a column that the network does not read, from the file.

    `data_path` is that of the labelled data the part was read from; None for the run's own test set. Raises DataError
    where the file has no such column.
    """
    facts = run.facts
    if not isinstance(facts.inputs, TableInput) or column in _read_columns(facts.inputs):
        return group_rows(require_column(facts, column, in_training_file=True), part, column)
    from nncli.data.tables.inputs import column_at, read_other_column

    if data_path is not None:
        return group_other(read_other_column(data_path, facts, facts.inputs, column, part.rows))
    from nncli.data.tables.loading import read

    data = run.load_config().config.data
    path = path_of_test(data)
    if path is None:
        raise DataError(f"{facts.source} is no file that {column} could be read from")
    return group_other(column_at(read(path, data, column), column, part.rows))


def _read_columns(table: TableInput) -> list[str]:
    return [category.name for category in table.categories] + [number.name for number in table.numbers]


def group_other(column: Column) -> list[tuple[str, np.ndarray]]:
    """The groups of a column that the network does not read, as `group_rows` makes them."""
    if column.is_numeric:
        return _by_number(np.where(column.present, column.numbers, np.nan))
    codes, texts = column.dictionary
    return _by_word(codes + 1, (MISSING, *texts))


def group_rows(table: TableInput, part: Part, column: str) -> list[tuple[str, np.ndarray]]:
    """The groups' names and the positions of their rows, int64 (rows of the group,); no group is empty.

    Categories are grouped by word, the largest group first; above twenty, the others are one group. Numbers are
    grouped by value, or where there are more than ten distinct ones into quarters of these rows.
    """
    for index, category in enumerate(table.categories):
        if category.name == column:
            return _by_word(part.inputs["categories"][:, index], (UNKNOWN, *category.vocabulary))
    index = [number.name for number in table.numbers].index(column)
    return _by_number(part.inputs["numbers"][:, index])


def _by_word(indices: np.ndarray, words: tuple[str, ...]) -> list[tuple[str, np.ndarray]]:
    groups = [(word, np.flatnonzero(indices == index)) for index, word in enumerate(words)]
    ordered = sorted((group for group in groups if len(group[1])), key=lambda group: -len(group[1]))
    if len(ordered) <= _MOST_WORDS:
        return ordered
    others = np.sort(np.concatenate([rows for _, rows in ordered[_MOST_WORDS:]]))
    return [*ordered[:_MOST_WORDS], (f"({len(ordered) - _MOST_WORDS:,} others)", others)]


def _by_number(values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    missing = np.isnan(values)
    distinct = np.unique(values[~missing])
    if len(distinct) <= _MOST_NUMBERS:
        groups = [(f"{value:.6g}", np.flatnonzero(values == value)) for value in distinct]
    else:
        edges = np.unique(np.quantile(values[~missing], [0.0, 0.25, 0.5, 0.75, 1.0]))
        places = np.searchsorted(edges[1:-1], values, side="right")
        groups = [
            (f"{low:.6g} to {high:.6g}", np.flatnonzero((places == place) & ~missing))
            for place, (low, high) in enumerate(pairwise(edges))
        ]
    return [group for group in [*groups, (MISSING, np.flatnonzero(missing))] if len(group[1])]
