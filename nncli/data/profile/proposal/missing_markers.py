"""Finds texts that stand for a missing value in columns of numbers and dates, beyond the default list `missing`.

Works on columns in memory; knows neither the file nor the config.
"""

from collections.abc import Sequence

import numpy as np

from nncli.data.tables.features.date_text import share_of_dates, share_of_times
from nncli.data.tables.features.flaws import is_mostly_numbers
from nncli.data.tables.files.columns import Column, Table

# What people and programs write for a missing value; case does not matter.
_SIGNS = ("-", "--", "---", ".", "..", "...", "*", "#", "x", "<na>", "(null)")
_WORDS = ("unknown", "missing", "none", "nil", "null", "undefined", "unspecified", "blank", "empty", "tbd")
_PHRASES = ("na", "n.a.", "n/a", "nan", "not available", "not applicable", "not known", "no data")
_OTHERS = ("unbekannt", "k.a.", "keine angabe", "0000-00-00", "0000-00-00 00:00:00")
_SHEETS = ("#n/a", "#value!", "#div/0!", "#ref!", "#num!", "#null!")
_ENDLESS = ("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
KNOWN = frozenset((*_SIGNS, *_WORDS, *_PHRASES, *_OTHERS, *_SHEETS, *_ENDLESS))
# Up to this many different texts among numbers are mistakes or markers; with more, the column is not numeric.
MOST_TEXTS = 20
# The number of texts that are checked to decide whether a column holds dates.
MOST_SEEN = 1000
# From this share of numbers on, a column whose only texts are known markers is numeric.
_HALF = 0.5


def find_markers(table: Table, targets: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each column that only such texts keep from being numbers or dates, these texts; by column name.

    A class name of a categorical target is never a marker, since `missing` is one list for the whole table.
    """
    classes = [table.columns[name] for name in targets if not _has_markers(table.columns[name])]
    kept = {text for column in classes for text in _texts_of(column)}
    found = {}
    for name, column in table.columns.items():
        texts = _strange_texts(column)
        if texts and not kept.intersection(texts) and _is_number_column(column, texts, name in targets):
            found[name] = tuple(texts)
        texts = _texts_among_dates(column)
        if texts and name not in targets and not kept.intersection(texts):
            found[name] = tuple(texts)
    return found


def _texts_among_dates(column: Column) -> list[str]:
    """The known markers in a column whose other texts are all dates, or all times."""
    if column.is_numeric or is_mostly_numbers(column):
        return []
    markers = [text for text in column.values if text.casefold() in KNOWN]
    others = [text for text in column.values[:MOST_SEEN] if text.casefold() not in KNOWN]
    are_dates = bool(markers) and max(share_of_dates(others), share_of_times(others)) == 1
    return markers if are_dates else []


def _is_number_column(column: Column, texts: list[str], is_target: bool) -> bool:
    numeric = int(column.numeric.sum())
    if numeric >= _HALF * column.present.sum() and all(text.casefold() in KNOWN for text in texts):
        return True
    numbers = len(column.values) - len(texts)
    return is_mostly_numbers(column) and len(texts) <= MOST_TEXTS and (not is_target or numbers > MOST_TEXTS)


def _has_markers(column: Column) -> bool:
    texts = _strange_texts(column)
    return bool(texts) and _is_number_column(column, texts, True)


def _texts_of(column: Column) -> list[str]:
    return [] if column.is_numeric or len(column.values) > 1000 else column.values


def _strange_texts(column: Column) -> list[str]:
    """The different texts among the numbers, infinite numbers included; stops once there are too many to be markers."""
    if not column.numeric.any():
        return []
    with np.errstate(over="ignore"):
        finite = np.isfinite(column.numbers.astype(np.float32))
    texts: dict[str, None] = {}
    for row in np.flatnonzero(column.present & ~(column.numeric & finite)):
        texts[column.text(int(row))] = None
        if len(texts) > MOST_TEXTS:
            break
    return list(texts)
