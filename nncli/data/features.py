"""Which columns of a table are learned from, and whether each is a number or a category; knows no model.

What is guessed is only what every cell agrees with. Text among numbers is refused with the two ways to mean it, and
a column that can teach nothing (constant, empty, a name or a date in every row) is left out with a note that says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.sections import ColumnType, Data
from nncli.data.columns import Column, Table, unknown_columns
from nncli.errors import DataError

# From this share of numbers on, a column that also holds text is taken for a number column with mistakes.
MOSTLY = 0.9
# A category with more values than this, in more than half of the rows, is a name or free text.
MANY_VALUES = 50
# More columns than this that are left out are counted and not told one by one.
MANY_NOTES = 12
_SHOWN = 3
_DATE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([T ]\d{1,2}:\d{2}.*)?")
_DRESSED_NUMBER = re.compile(r"[$€£]?\s*[+-]?\d{1,3}(([ .,']\d{3})+([.,]\d+)?|\d*[.,]\d+|\d*)\s*[$€£%]?")
_COUNTER = re.compile(r"(unnamed: ?\d+|c0|index|row|row.?(number|id|names?)|.*[_ ]?id)", re.IGNORECASE)


@dataclass(frozen=True)
class Features:
    """The names of the chosen columns, in the order of the table, and what to tell of the others."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    notes: tuple[str, ...]


class _Useless(Exception):
    """A column teaches nothing; the text says why."""


def choose_features(table: Table, data: Data, targets: Sequence[str]) -> Features:
    """Pick the columns to learn from and decide their types.

    Raises:
        DataError: a name in the config is no column, a column's cells disagree, or no column is left.
    """
    check_names(table, data, targets)
    candidates = data.features or [name for name in table.columns if name not in targets]
    candidates = [name for name in candidates if name not in data.drop]
    chosen: dict[str, ColumnType] = {}
    left_out: list[str] = []
    notes: list[str] = []
    for name in candidates:
        column = table.columns[name]
        wanted = name in (data.features or ()) or len(candidates) == 1
        try:
            chosen[name] = data.columns.get(name) or _guess(column, wanted)
        except _Useless as reason:
            left_out.append(f"{name}: left out, {reason}")
            continue
        if chosen[name] == "number":
            check_numbers(column, table, data.missing)
        elif name not in data.columns and column.numeric.any():
            notes.append(f"{name}: read as a category, {int(column.numeric.sum())} of its cells are numbers")
    if len(left_out) > MANY_NOTES:
        left_out[_SHOWN:] = [f"and {len(left_out) - _SHOWN} more columns left out for such reasons"]
    notes = left_out + notes
    if not chosen:
        raise DataError(f"{table.name} has no column to learn from", hint="; ".join(notes) or "every column is dropped")
    numbers = tuple(name for name, kind in chosen.items() if kind == "number")
    return Features(numbers, tuple(name for name in chosen if name not in numbers), tuple(notes))


def check_names(table: Table, data: Data, targets: Sequence[str]) -> None:
    """Refuse names in `features`, `drop` and `columns` that are no columns, or that are the target."""
    for key, names in (("features", data.features or ()), ("drop", data.drop), ("columns", tuple(data.columns))):
        unknown = [name for name in names if name not in table.columns]
        if unknown:
            error = unknown_columns(unknown, table.columns, table.name)
            raise DataError(f"data.{key}: {error.message}", hint=error.hint)
        both = [name for name in names if name in targets]
        if both and key != "columns":
            raise DataError(f'data.{key} names "{both[0]}", which is the target', hint=f"take it out of data.{key}")


def check_numbers(column: Column, table: Table, missing: Sequence[str]) -> None:
    """Refuse a number column that holds text, an infinite number, or one too large for float32.

    Raises:
        DataError: names the column, how many cells, the first of them and the fixes.
    """
    strange = np.flatnonzero(column.present & ~column.numeric)
    if len(strange):
        texts = list(dict.fromkeys(column.text(row) for row in strange[:1000]))
        markers = ", ".join(f'"{text}"' for text in [*missing, *texts[:_SHOWN]])
        raise DataError(
            f'{table.name}: column "{column.name}" has numbers but also {len(strange)} cells of text: '
            + _cells(column, table, strange),
            hint=f"if they mean that the number is missing, say `missing: [{markers}]`; "
            f"if the column holds names, say `columns: {{{column.name}: category}}`",
        )
    with np.errstate(over="ignore"):
        endless = np.flatnonzero(column.numeric & ~np.isfinite(column.numbers.astype(np.float32)))
    if len(endless):
        raise DataError(
            f'{table.name}: column "{column.name}" has {len(endless)} numbers that are infinite or too large: '
            + _cells(column, table, endless),
            hint="correct them, or list their text in `missing`",
        )


def _cells(column: Column, table: Table, rows: np.ndarray) -> str:
    told = [f'row {table.rows[row] + 1} "{column.text(row)[:40]}"' for row in rows[:_SHOWN]]
    return ", ".join(told) + (", ..." if len(rows) > _SHOWN else "")


def _guess(column: Column, wanted: bool) -> ColumnType:
    """Number or category; `wanted` means that the user named the column, so that it is not left out lightly."""
    present = int(column.present.sum())
    if present == 0:
        raise _Useless("it has no values")
    if column.is_numeric:
        if not wanted:
            _refuse_useless_number(column)
        return "number"
    if column.numeric.sum() >= MOSTLY * present:
        return "number"
    _refuse_dressed_numbers(column)
    if not wanted:
        _refuse_useless_text(column, present)
    return "category"


def _refuse_useless_number(column: Column) -> None:
    values = column.numbers
    if not column.present.all() or not np.isfinite(values).all():
        return
    if values.min() == values.max():
        raise _Useless(f"it is {values[0]:g} in every row")
    if len(values) > 10 and values[0] in (0, 1) and _COUNTER.fullmatch(column.name) and (np.diff(values) == 1).all():
        raise _Useless("it only counts the rows (name it in `features` to keep it)")


def _refuse_useless_text(column: Column, present: int) -> None:
    values = column.values
    if len(values) == 1 and present == len(column):
        raise _Useless(f'it is "{values[0]}" in every row')
    if _share(column, _DATE) >= MOSTLY:
        raise _Useless("it holds dates (split them into numbers to learn from them)")
    if (len(values) > MANY_VALUES and len(values) > present / 2) or (len(values) == present > 10):
        raise _Useless(f"{len(values)} different texts in {present} rows teach nothing of new rows")


def _refuse_dressed_numbers(column: Column) -> None:
    if _share(column, _DRESSED_NUMBER) >= MOSTLY and _share(column, _DATE) < MOSTLY:
        examples = [text for text in column.values[:1000] if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text)]
        raise DataError(
            f'column "{column.name}" holds numbers in a form that is not read as numbers, such as '
            + ", ".join(f'"{text}"' for text in examples[:_SHOWN]),
            hint="write them with a point for decimals and no other mark (3.14, 1234, 0.12), "
            f"or say `columns: {{{column.name}: category}}`, or `drop: [{column.name}]`",
        )


def _share(column: Column, pattern: re.Pattern[str]) -> float:
    """The share of the different texts (of the first thousand) that the pattern describes."""
    texts = column.values[:1000]
    return sum(pattern.fullmatch(text) is not None for text in texts) / len(texts)
