"""Chooses the columns to learn from, and whether each is a number, a category or a date; does not depend on models.

A type is guessed only if every cell agrees with it. A column with text among its numbers is refused, with both possible
fixes; a column that cannot teach anything (constant, empty, a different text in every row) is dropped with a note.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.data.columns import ColumnType
from nncli.config.sections import Data
from nncli.data.plurals import count
from nncli.data.tables.features.date_text import find_unit, is_date
from nncli.data.tables.features.dates import describe_dates, find_dates, refuse_no_dates
from nncli.data.tables.features.flaws import (
    check_numbers,
    describe_units,
    find_dressed_numbers,
    is_mostly_numbers,
    refuse,
)
from nncli.data.tables.features.identifiers import are_codes, are_identifiers, could_be_codes
from nncli.data.tables.files.columns import Column, Table, unknown_columns
from nncli.errors import DataError

# A column with more different texts than this, and than half of its rows, holds names or free text.
MANY_VALUES = 50
# If more columns than this are dropped, most of them are counted instead of named.
MANY_NOTES = 12
_SHOWN = 3
_COUNTER = re.compile(r"(unnamed: ?\d+|c0|index|row|row.?(number|id|names?)|.*[_ ]?id)", re.IGNORECASE)


@dataclass(frozen=True)
class Features:
    """The names of the chosen columns, in the order of the table, and notes on all columns."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    dates: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All chosen columns."""
        return (*self.numbers, *self.categories, *self.dates)


@dataclass(frozen=True)
class Judgement:
    """The decision on a column: the type as which it is learned, or the `reason` for dropping it and the `rule`
    applied.

    `rule` is "empty", "constant", "counter", "identifier" or "text" for a dropped column, otherwise "".
    """

    learn_as: ColumnType | None
    rule: str = ""
    reason: str = ""


def choose_features(table: Table, data: Data, targets: Sequence[str]) -> Features:
    """Choose the columns to learn from and their types.

    Raises:
        DataError: a name in the config is not a column, a column mixes numbers and text, or no column is left.
    """
    check_names(table, data, targets)
    chosen: dict[str, ColumnType] = {}
    left_out: list[str] = []
    notes: list[str] = []
    guessed: list[str] = []
    for name in candidate_names(table, data, targets):
        column = table.columns[name]
        if name not in data.columns and not column.is_numeric:
            refuse(table, column, find_dressed_numbers(column, data.missing), named=False)
    for name, judgement in judge_columns(table, data, targets).items():
        column = table.columns[name]
        if judgement.learn_as is None:
            left_out.append(f"{name}: dropped, {judgement.reason}")
            continue
        chosen[name] = judgement.learn_as
        if judgement.learn_as == "date":
            found = find_dates(column, data.day_first)
            refuse_no_dates(column, table, found.column, data.missing)
            notes += describe_dates(column, found)
        elif judgement.learn_as == "number":
            check_numbers(column, table, data.missing)
            notes += describe_units(column)
            guessed += [name] if name not in data.columns and could_be_codes(column) else []
        elif name not in data.columns and are_codes(column):
            notes.append(describe_codes(name))
        elif name not in data.columns and column.numeric.any():
            told = count(int(column.numeric.sum()), "cell is a number", "cells are numbers")
            notes.append(f"{name}: read as a category, {told}")
    if len(left_out) > MANY_NOTES:
        left_out[_SHOWN:] = [f"and {count(len(left_out) - _SHOWN, 'more column')} dropped for similar reasons"]
    notes = left_out + notes + describe_amounts(guessed)
    if not chosen:
        raise DataError(f"{table.name} has no column to learn from", hint="; ".join(notes) or "every column is dropped")
    kinds: tuple[ColumnType, ...] = ("number", "category", "date")
    numbers, categories, dates = (tuple(each for each in chosen if chosen[each] == kind) for kind in kinds)
    return Features(numbers, categories, dates, tuple(notes))


def describe_codes(name: str) -> str:
    """A note for a column of numbers that are codes."""
    return f"{name}: codes, read as a category (`columns: {{{name}: number}}` reads them as amounts)"


def describe_amounts(names: Sequence[str]) -> list[str]:
    """A note for columns with few different whole numbers, which may be codes for categories."""
    if not names:
        return []
    told = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return [f"{told}: few whole numbers, read as amounts (`columns: {{{names[0]}: category}}` if they are codes)"]


def candidate_names(table: Table, data: Data, targets: Sequence[str]) -> list[str]:
    """The columns that the config allows to be learned from."""
    names = data.features or [name for name in table.columns if name not in targets]
    return [name for name in names if name not in data.drop]


def judge_columns(table: Table, data: Data, targets: Sequence[str]) -> dict[str, Judgement]:
    """The decision on each column that may be learned from, by name.

    If there is nothing else to learn from, numbers that look like identifiers are used after all.
    """
    names = candidate_names(table, data, targets)
    answers = [table.columns[name] for name in targets]
    judged = {name: judge_column(table.columns[name], data, alone=len(names) == 1, targets=answers) for name in names}
    if any(judgement.learn_as for judgement in judged.values()):
        return judged
    return {name: Judgement("number") if each.rule == "identifier" else each for name, each in judged.items()}


def judge_column(column: Column, data: Data, *, alone: bool = False, targets: Sequence[Column] = ()) -> Judgement:
    """Decide on one column. A column that the config names, or that is `alone`, is dropped only if it is empty.

    `targets` are the target columns of the same rows: numbers that are unrelated to them may be identifiers.
    """
    present = int(column.present.sum())
    if column.name in data.columns and (present or data.columns[column.name] != "date"):
        return Judgement(data.columns[column.name])
    wanted = alone or column.name in (data.features or ())
    if present == 0:
        return Judgement(None, "empty", "it has no values")
    if are_codes(column):
        return (None if wanted else _useless_text(column, present)) or Judgement("category")
    if column.is_numeric:
        return (None if wanted else _useless_number(column, targets)) or Judgement("number")
    if is_mostly_numbers(column):
        return Judgement("number")
    if (wanted or len(column.values) > 1) and is_date(column):
        return Judgement("date")
    return (None if wanted else _useless_text(column, present)) or Judgement("category")


def check_names(table: Table, data: Data, targets: Sequence[str]) -> None:
    """Refuse names in `target`, `features`, `drop`, `columns` and `split` that are not columns, or that conflict with
    the target.

    Raises:
        DataError: a name is not a column (one line for each key of the config), or conflicts with the target.
    """
    named = {"target": data.target or (), "features": data.features or (), "drop": data.drop, "columns": data.columns}
    if data.split is not None and data.split.column is not None:
        named["split.column"] = (data.split.column,)
    unknown = {key: [name for name in names if name not in table.columns] for key, names in named.items()}
    errors = {key: unknown_columns(names, table.columns, table.name) for key, names in unknown.items() if names}
    if errors:
        lines = [f"data.{key}: {error.message}" for key, error in errors.items()]
        raise DataError("\n".join(lines), hint=next(iter(errors.values())).hint)
    dates = [name for name in targets if data.columns.get(name) == "date"]
    if dates:
        hint = "predict a number made from it, such as the days until then"
        raise DataError(
            f'data.columns says that the target "{dates[0]}" is a date, which cannot be predicted', hint=hint
        )
    for key in ("features", "drop", *(["split.column"] if "split.column" in named else [])):
        both = [name for name in named[key] if name in targets]
        if both:
            raise DataError(f'data.{key} names "{both[0]}", which is the target', hint=f"take it out of data.{key}")


def _useless_number(column: Column, targets: Sequence[Column]) -> Judgement | None:
    values = column.numbers
    if not column.present.all() or not np.isfinite(values).all():
        return None
    if values.min() == values.max():
        return Judgement(None, "constant", f"it is {values[0]:g} in every row")
    if len(values) > 10 and values[0] in (0, 1) and has_counter_name(column) and (np.diff(values) == 1).all():
        return Judgement(None, "counter", "it only counts the rows (name it in `features` to keep it)")
    if are_identifiers(column, targets):
        reason = f"its {len(values):,} whole numbers tell rows apart and are unrelated to the target"
        kind = "date}` reads them as dates" if find_unit(values) == "yyyymmdd" else "number}` keeps it"
        return Judgement(None, "identifier", f"{reason} (`columns: {{{column.name}: {kind})")
    return None


def _useless_text(column: Column, present: int) -> Judgement | None:
    values = column.values
    if len(values) == 1 and present == len(column):
        return Judgement(None, "constant", f'it is "{values[0]}" in every row')
    if (len(values) > MANY_VALUES and len(values) > present / 2) or (len(values) == present > 10):
        return Judgement(None, "text", f"{len(values)} different texts in {present} rows teach nothing about new rows")
    return None


def has_counter_name(column: Column) -> bool:
    """Whether the column has a typical name of row numbers or ids."""
    return _COUNTER.fullmatch(column.name) is not None
