"""Finds summary rows at the end of a table, as spreadsheets have them; does not depend on targets."""

import re

import numpy as np

from nncli.data.tables.files.columns import Table

_WORDS = re.compile(
    r"(grand[ -]?|sub)?(total|totals|sum|sums|average|mean|avg|count|summe|gesamt|insgesamt|mittelwert|durchschnitt|"
    r"somme|moyenne|totaal|suma|totale|media)( general| général| geral)?\s*:?",
    re.IGNORECASE,
)
# At most this many rows at the end can be summaries: a total, a mean and a count below one another.
_MOST = 3
_FEWEST_ROWS = 5


def find_summary(table: Table) -> list[int]:
    """The indices of summary rows at the end of a table.

    Such a row has a word like "Total" that occurs nowhere else in its column, and in the same row an empty cell, or a
    number that is the sum or the mean of its column.
    """
    rows = len(table)
    if rows < _FEWEST_ROWS:
        return []
    names = [name for name, column in table.columns.items() if not column.is_numeric]
    found: list[int] = []
    for row in range(rows - 1, max(rows - 1 - _MOST, _FEWEST_ROWS - 1), -1):
        if not any(_is_word(table, name, row) for name in names):
            break
        others = np.arange(rows) < rows - 1 - len(found)
        if not (_has_gap(table, row) or _sums_up(table, row, others)):
            break
        found.append(row)
    return found[::-1]


def _is_word(table: Table, name: str, row: int) -> bool:
    column = table.columns[name]
    codes, texts = column.dictionary
    code = codes[row]
    return bool(code >= 0 and _WORDS.fullmatch(texts[code]) and column.counts[code] == 1)


def _has_gap(table: Table, row: int) -> bool:
    return any(not column.present[row] and column.present.mean() > 0.5 for column in table.columns.values())


def _sums_up(table: Table, row: int, others: np.ndarray) -> bool:
    for column in table.columns.values():
        values = column.numbers[others & column.numeric]
        if column.numeric[row] and len(values):
            number = column.numbers[row]
            if np.isclose(number, [values.sum(), values.mean()], rtol=1e-6).any() and values.std() > 0:
                return True
    return False
