"""Recognizes numbers that only tell rows or things apart: accounts, serial numbers, postal codes.

These rules are tried in order for a column of numbers that the config does not name:

- Whole numbers of which some begin with a zero are codes, and so are non-negative whole numbers in a column with the
  name of a code (zip, phone, ..._code). They are read as a category, or dropped if nearly every row has its own.
- Whole numbers that differ in nearly every row, have the same number of digits or few gaps, and are unrelated to the
  target are identifiers, which are dropped.
- All other numbers are amounts. A note names those with few different whole numbers, since they may be codes.
"""

import re
from collections.abc import Sequence

import numpy as np

from nncli.data.tables.files.columns import Column

# From this share of different values on, a column tells rows apart.
_NEARLY_ALL = 0.99
_FEWEST_ROWS = 30
_FEW = 20
_ROWS_A_CODE = 5
# Serial numbers have few gaps: their range is less than this many times the number of rows.
_DENSE = 10
# This many rows are enough to see whether numbers are related to the target.
_SAMPLE = 20_000
_BINS = 10
_EXPECTED = 5
# The 0.99 quantile of the standard normal distribution: one unrelated column in a hundred seems related by chance.
_QUANTILE = 2.326
_CODE_NAME = re.compile(
    r"(.*[_ .-])?(code|zip|zip_?code|plz|postal_?code|post_?code|phone|telephone|tel|mobile|fax|iban|isbn|ean|ssn)"
    r"([_ .-]?(no|nr|number))?",
    re.IGNORECASE,
)


def are_codes(column: Column) -> bool:
    """Whether a column's numbers are codes rather than amounts."""
    if column.are_codes:
        return True
    return column.is_numeric and _CODE_NAME.fullmatch(column.name) is not None and _are_whole(column, at_least=0)


def could_be_codes(column: Column) -> bool:
    """Whether a column of numbers has 3 to 20 different non-negative whole numbers, each in many rows on average."""
    if not column.is_numeric or not _are_whole(column, at_least=0):
        return False
    values = column.numbers[column.numeric]
    if len(values) < _FEWEST_ROWS or len(np.unique(values[:_SAMPLE])) > _FEW:
        return False
    different = len(np.unique(values))
    return 2 < different <= _FEW and different * _ROWS_A_CODE <= len(values)


def are_identifiers(column: Column, targets: Sequence[Column]) -> bool:
    """Whether a column of numbers only tells rows apart; `targets` are the target columns, of the same rows."""
    values = column.numbers
    if (
        not targets
        or column.units
        or len(values) < _FEWEST_ROWS
        or not column.present.all()
        or not _are_whole(column, at_least=0)
    ):
        return False
    if len(np.unique(values)) < _NEARLY_ALL * len(values):
        return False
    digits = {len(str(int(extreme))) for extreme in (values.min(), values.max())}
    is_dense = bool(values.max() - values.min() < _DENSE * len(values))
    if not is_dense and (len(digits) > 1 or digits == {1}):
        return False
    return not any(_move_together(values, _classes(target)) for target in targets)


def _are_whole(column: Column, *, at_least: float) -> bool:
    values = column.numbers[column.numeric]
    if not len(values) or not np.isfinite(values).all():
        return False
    return bool((values == np.round(values)).all() and values.min() >= at_least)


def _classes(target: Column) -> np.ndarray:
    """The target as a few classes, int (rows,): many different numbers are binned by rank, other values are kept."""
    if target.is_numeric and len(np.unique(target.numbers[:_SAMPLE])) > _BINS:
        return _bins(target.numbers, _bin_count(len(target) ** 0.5))
    codes = target.dictionary[0]
    return np.minimum(codes, _BINS)


def _bin_count(rows_each: float) -> int:
    """The number of bins, 2 to 10, that leaves at least five expected rows in each, as the chi-squared test
    requires."""
    return max(2, min(_BINS, int(rows_each / _EXPECTED)))


def _bins(values: np.ndarray, count: int) -> np.ndarray:
    """The bin of each value by rank, out of `count` bins with equally many rows."""
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks * count // len(values)


def _move_together(values: np.ndarray, classes: np.ndarray) -> bool:
    """Whether the `values`, in bins, and the classes are related by Pearson's chi-squared test at the level 0.01.

    The quantile of the chi-squared distribution is approximated as in Wilson and Hilferty (1931).
    """
    some = slice(None, None, max(1, len(values) // _SAMPLE))
    values, classes = values[some], np.maximum(classes[some], 0)
    different = int(classes.max(initial=0)) + 1
    count = _bin_count(len(values) / different)
    observed = np.zeros((count, different))
    np.add.at(observed, (_bins(values, count), classes), 1)
    observed = observed[:, observed.any(axis=0)]
    expected = observed.sum(axis=1, keepdims=True) * observed.sum(axis=0, keepdims=True) / observed.sum()
    statistic = float(((observed - expected) ** 2 / expected).sum())
    freedom = (count - 1) * (observed.shape[1] - 1)
    if freedom == 0:
        return False
    spread = 2 / (9 * freedom)
    return statistic > float(freedom * (1 - spread + _QUANTILE * spread**0.5) ** 3)
