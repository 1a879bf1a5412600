"""Which columns of a table are learned from, and whether each is a number or a category; does not depend on models.

What is guessed is only what every cell agrees with. Text among numbers is refused with the two ways to mean it, and
a column that can teach nothing (constant, empty, a name or a date in every row) is left out with a note that says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.sections import MISSING, ColumnType, Data
from nncli.data.plurals import count
from nncli.data.tables.files.columns import Column, Table, unknown_columns
from nncli.data.tables.files.number_text import choose_marks, find_marks
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


@dataclass(frozen=True)
class Judgement:
    """What becomes of a column: a type to learn it as, or the `reason` for leaving it out and the `rule` behind it.

    `rule` is "empty", "constant", "counter", "date" or "text" for a column that is left out, else empty.
    """

    learn_as: ColumnType | None
    rule: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Flaw:
    """Cells that a column cannot be learned from with; `rows` (indices into the table) are where, `fix` what to do.

    `rule` is "mixed", "infinite", "units" or "dressed" (numbers in a form that is not read as numbers).
    """

    rule: str
    what: str
    fix: str
    rows: np.ndarray


def choose_features(table: Table, data: Data, targets: Sequence[str]) -> Features:
    """Pick the columns to learn from and decide their types.

    Raises:
        DataError: a name in the config is no column, a column's cells disagree, or no column is left.
    """
    check_names(table, data, targets)
    candidates = candidate_names(table, data, targets)
    chosen: dict[str, ColumnType] = {}
    left_out: list[str] = []
    notes: list[str] = []
    for name in candidates:
        column = table.columns[name]
        if name not in data.columns and not column.is_numeric:
            _refuse(table, column, find_dressed_numbers(column, data.missing), named=False)
        judgement = judge_column(column, data, alone=len(candidates) == 1)
        if judgement.learn_as is None:
            left_out.append(f"{name}: left out, {judgement.reason}")
            continue
        chosen[name] = judgement.learn_as
        if judgement.learn_as == "number":
            check_numbers(column, table, data.missing)
            notes += describe_units(column)
        elif name not in data.columns and column.numeric.any():
            numbers = count(int(column.numeric.sum()), "cell is a number", "cells are numbers")
            notes.append(f"{name}: read as a category, {numbers}")
    if len(left_out) > MANY_NOTES:
        left_out[_SHOWN:] = [f"and {count(len(left_out) - _SHOWN, 'more column')} left out for such reasons"]
    notes = left_out + notes
    if not chosen:
        raise DataError(f"{table.name} has no column to learn from", hint="; ".join(notes) or "every column is dropped")
    categories = tuple(name for name, kind in chosen.items() if kind == "category")
    return Features(tuple(name for name in chosen if name not in categories), categories, tuple(notes))


def candidate_names(table: Table, data: Data, targets: Sequence[str]) -> list[str]:
    """The columns that may be learned from, by the config alone."""
    names = data.features or [name for name in table.columns if name not in targets]
    return [name for name in names if name not in data.drop]


def judge_column(column: Column, data: Data, *, alone: bool = False) -> Judgement:
    """Number, category, or left out; a column that the config names, or that is `alone`, is not left out lightly."""
    if column.name in data.columns:
        return Judgement(data.columns[column.name])
    wanted = alone or column.name in (data.features or ())
    present = int(column.present.sum())
    if present == 0:
        return Judgement(None, "empty", "it has no values")
    if column.is_numeric:
        return (None if wanted else _useless_number(column)) or Judgement("number")
    if is_mostly_numbers(column):
        return Judgement("number")
    return (None if wanted else _useless_text(column, present)) or Judgement("category")


def is_mostly_numbers(column: Column) -> bool:
    """Whether it is taken for a column of numbers, perhaps with mistakes among them."""
    present = int(column.present.sum())
    return present > 0 and int(column.numeric.sum()) >= MOSTLY * present


def check_names(table: Table, data: Data, targets: Sequence[str]) -> None:
    """Refuse names in `target`, `features`, `drop` and `columns` that are no columns, or that are also the target.

    Raises:
        DataError: one line for each key of the config that names what is no column.
    """
    named = {"target": data.target or (), "features": data.features or (), "drop": data.drop, "columns": data.columns}
    unknown = {key: [name for name in names if name not in table.columns] for key, names in named.items()}
    errors = {key: unknown_columns(names, table.columns, table.name) for key, names in unknown.items() if names}
    if errors:
        lines = [f"data.{key}: {error.message}" for key, error in errors.items()]
        raise DataError("\n".join(lines), hint=next(iter(errors.values())).hint)
    for key in ("features", "drop"):
        both = [name for name in named[key] if name in targets]
        if both:
            raise DataError(f'data.{key} names "{both[0]}", which is the target', hint=f"take it out of data.{key}")


def check_numbers(column: Column, table: Table, missing: Sequence[str]) -> None:
    """Refuse a number column that holds text, an infinite number, or one too large for float32.

    Raises:
        DataError: names the column, how many cells, the first of them and the fixes.
    """
    for flaw in find_number_flaws(column, table, missing):
        _refuse(table, column, flaw)


def describe_units(column: Column) -> list[str]:
    """What was left out of a column's numbers, in a line, and how to keep it a column of texts."""
    units = sorted(column.units - {""})
    if not units:
        return []
    signs = [unit for unit in units if unit in ("( )", "trailing -")]
    marks = ", ".join(unit for unit in units if unit not in signs)
    told = " and ".join(([f"without {marks}"] if marks else []) + (["with accountants' minus signs"] if signs else []))
    return [f"{column.name}: read as numbers {told} (`columns: {{{column.name}: category}}` keeps the texts)"]


def find_number_flaws(column: Column, table: Table, missing: Sequence[str]) -> list[Flaw]:
    """What stands in the way of learning a column as numbers: text, infinite numbers, or ones too large for float32."""
    flaws = [flaw for flaw in [_mixed_units(column)] if flaw is not None]
    strange = np.flatnonzero(column.present & ~column.numeric)
    if len(strange):
        flaws.append(_mixed(column, strange, missing, _cells(column, table, strange)))
    with np.errstate(over="ignore"):
        endless = np.flatnonzero(column.numeric & ~np.isfinite(column.numbers.astype(np.float32)))
    if len(endless):
        told = count(len(endless), "number that is", "numbers that are")
        what = f"has {told} infinite or too large: {_cells(column, table, endless)}"
        flaws.append(Flaw("infinite", what, "correct them, or list their text in `missing`", endless))
    return flaws


def _mixed_units(column: Column) -> Flaw | None:
    """Amounts in several currencies, or percentages beside plain numbers, are no numbers of one kind."""
    units = sorted(column.units - {"", ",", "( )", "trailing -"})
    if len(units) < 2 and not ("%" in units and "" in column.units):
        return None
    told = " and ".join([*units, *(["plain numbers"] if "%" in units and "" in column.units else [])])
    fix = f"write them in one unit, or say `drop: [{column.name}]` or `columns: {{{column.name}: category}}`"
    return Flaw("units", f"mixes {told}", fix, np.flatnonzero(column.numeric))


def _mixed(column: Column, strange: np.ndarray, missing: Sequence[str], cells: str) -> Flaw:
    texts = [text for text in _texts_at(column, strange) if text not in missing]
    markers = ", ".join(f'"{text}"' for text in [*missing, *texts[:_SHOWN]])
    what = f"has numbers but also {count(len(strange), 'cell')} of text: {cells}"
    fix = (
        f"if they mean that the number is missing, say `missing: [{markers}]`; "
        f"if the column holds names, say `columns: {{{column.name}: category}}`"
    )
    return Flaw("mixed", what, fix, strange)


def _texts_at(column: Column, rows: np.ndarray) -> list[str]:
    """The different texts in (the first thousand of) these rows."""
    return list(dict.fromkeys(column.text(row) for row in rows[:1000]))


def find_dressed_numbers(column: Column, missing: Sequence[str] = MISSING) -> Flaw | None:
    """Numbers with units, thousands marks or decimal commas, which would silently become names.

    Where no text but plain numbers looks like a number, the texts are markers and the flaw says so.
    """
    if is_mostly_numbers(column) or not column.present.any():
        return None
    if share_of_texts(column, _DRESSED_NUMBER) < MOSTLY or is_date(column):
        return None
    strange = np.flatnonzero(column.present & ~column.numeric)
    texts = _texts_at(column, strange)
    examples = [text for text in texts if _DRESSED_NUMBER.fullmatch(text)]
    if not examples:
        return _mixed(column, strange, missing, ", ".join(f'"{text[:40]}"' for text in texts[:_SHOWN]))
    told = ", ".join(f'"{text}"' for text in examples[:_SHOWN])
    return Flaw(
        "dressed",
        f"holds numbers in a form that is not read as numbers, such as {told}",
        f"say under data how they are written, such as {_suggest_marks(examples)}; "
        f"or say `columns: {{{column.name}: category}}`, or `drop: [{column.name}]`",
        strange,
    )


def _suggest_marks(texts: Sequence[str]) -> str:
    decimal, thousands = choose_marks(find_marks(texts), is_european=True)
    told = [f'`decimal: "{decimal}"`'] * (decimal != ".") + [f'`thousands: "{thousands}"`'] * (thousands != "")
    return " and ".join(told) or '`decimal: ","` or `thousands: "."`'


def _refuse(table: Table, column: Column, flaw: Flaw | None, *, named: bool = True) -> None:
    if flaw is not None:
        where = f"{table.name}: " if named else ""
        raise DataError(f'{where}column "{column.name}" {flaw.what}', hint=flaw.fix)


def _cells(column: Column, table: Table, rows: np.ndarray) -> str:
    told = [f'row {table.rows[row] + 1} "{column.text(row)[:40]}"' for row in rows[:_SHOWN]]
    return ", ".join(told) + (", ..." if len(rows) > _SHOWN else "")


def _useless_number(column: Column) -> Judgement | None:
    values = column.numbers
    if not column.present.all() or not np.isfinite(values).all():
        return None
    if values.min() == values.max():
        return Judgement(None, "constant", f"it is {values[0]:g} in every row")
    if len(values) > 10 and values[0] in (0, 1) and has_counter_name(column) and (np.diff(values) == 1).all():
        return Judgement(None, "counter", "it only counts the rows (name it in `features` to keep it)")
    return None


def _useless_text(column: Column, present: int) -> Judgement | None:
    values = column.values
    if len(values) == 1 and present == len(column):
        return Judgement(None, "constant", f'it is "{values[0]}" in every row')
    if is_date(column):
        return Judgement(None, "date", "it holds dates (split them into numbers to learn from them)")
    if (len(values) > MANY_VALUES and len(values) > present / 2) or (len(values) == present > 10):
        return Judgement(None, "text", f"{len(values)} different texts in {present} rows teach nothing of new rows")
    return None


def has_counter_name(column: Column) -> bool:
    """Whether its name is one that people give to numbers that only tell rows apart."""
    return _COUNTER.fullmatch(column.name) is not None


def is_date(column: Column) -> bool:
    """Whether nearly all of its texts are dates."""
    return bool(column.values) and share_of_texts(column, _DATE) >= MOSTLY


def share_of_texts(column: Column, pattern: re.Pattern[str]) -> float:
    """The share of the different texts (of the first thousand) that the pattern describes."""
    texts = column.values[:1000]
    return sum(pattern.fullmatch(text) is not None for text in texts) / len(texts)
