"""Which rows have which value of a column, so that each group can be measured by itself; measures nothing itself."""

from itertools import pairwise

import numpy as np

from nncli.config.facts import DataFacts, TableInput
from nncli.config.reading.spelling import did_you_mean
from nncli.data.dataset import Part
from nncli.errors import DataError

FEWEST_ROWS = 30  # of fewer, a percentile interval is too narrow to be believed
MISSING = "(missing)"
UNKNOWN = "(missing or unseen)"
_MOST_NUMBERS = 10  # distinct numbers that are shown as they are; more are cut into quarters


def require_column(facts: DataFacts, column: str) -> TableInput:
    """The table that has it. Raises DataError where the network does not read `column`."""
    if not isinstance(facts.inputs, TableInput):
        raise DataError(f"--by takes a column of a table, and {facts.source} has none")
    table = facts.inputs
    known = [category.name for category in table.categories] + [number.name for number in table.numbers]
    if column not in known:
        raise DataError(
            f"the network reads no column {column!r}{did_you_mean(column, known)}",
            hint=f"--by takes one of: {', '.join(known[:20])}{' …' if len(known) > 20 else ''}",
        )
    return table


def group_rows(facts: DataFacts, part: Part, column: str) -> list[tuple[str, np.ndarray]]:
    """The groups' names and the positions of their rows, int64 (rows of the group,); no group is empty.

    Categories are grouped by word, the largest group first. Numbers are grouped by value, or where there are more than
    ten distinct ones into quarters of these rows. Raises DataError as `require_column` does.
    """
    table = require_column(facts, column)
    for index, category in enumerate(table.categories):
        if category.name == column:
            return _by_word(part.inputs["categories"][:, index], (UNKNOWN, *category.vocabulary))
    index = [number.name for number in table.numbers].index(column)
    return _by_number(part.inputs["numbers"][:, index])


def _by_word(indices: np.ndarray, words: tuple[str, ...]) -> list[tuple[str, np.ndarray]]:
    groups = [(word, np.flatnonzero(indices == index)) for index, word in enumerate(words)]
    return sorted((group for group in groups if len(group[1])), key=lambda group: -len(group[1]))


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
