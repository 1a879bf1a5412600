"""Numbers that only tell rows or things apart: accounts, serial numbers, postal codes; does not depend on texts.

The rule, in the order in which it is tried, for a column of numbers that the config does not name:

- whole numbers of which one begins with a zero are codes, and so are whole numbers from 0 up in a column with the name
  of one (zip, phone, ..._code): a category, or nothing to learn from where nearly every row has its own;
- whole numbers that are different in nearly every row, have the same number of digits or leave few gaps, and do not
  move with the target are identifiers: nothing to learn from;
- other numbers are amounts; whole numbers of few values are said to be so, since they may be codes.
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
# Numbers that count things leave few gaps: the range is at most so many times the number of rows.
_DENSE = 10
# Rows that are enough to see whether numbers move with the target.
_SAMPLE = 20_000
_BINS = 10
_EXPECTED = 5
# The 0.99 quantile of the standard normal distribution: one column in a hundred is taken for related by chance.
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
    """Whether a column of numbers has 3 to 20 different whole numbers from 0 up, in many rows each."""
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
    """The target as few classes, int (rows,): numbers that are many by rank, else the values themselves."""
    if target.is_numeric and len(np.unique(target.numbers[:_SAMPLE])) > _BINS:
        return _bins(target.numbers, _bin_count(len(target) ** 0.5))
    codes = target.dictionary[0]
    return np.minimum(codes, _BINS)


def _bin_count(rows_each: float) -> int:
    """As many bins as leave five rows to expect in each, the least that the chi-squared test may have; 2 to 10."""
    return max(2, min(_BINS, int(rows_each / _EXPECTED)))


def _bins(values: np.ndarray, count: int) -> np.ndarray:
    """Each value's bin by rank, of `count` bins with as many rows each."""
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks * count // len(values)


def _move_together(values: np.ndarray, classes: np.ndarray) -> bool:
    """Whether Pearson's chi-squared test finds bins of the `values` and the classes related (at the level 0.01).

    The quantile of the chi-squared distribution is approximated as by Wilson and Hilferty (1931).
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
