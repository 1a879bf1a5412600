"""Finds cells that keep a column from being learned: text among numbers, mixed units, unreadable numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.sections import MISSING
from nncli.data.plurals import count
from nncli.data.tables.features.date_text import is_date
from nncli.data.tables.files.columns import Column, Table
from nncli.data.tables.files.number_text import choose_marks, find_marks
from nncli.errors import DataError

# From this share of numbers on, a column that also has text counts as a number column with mistakes.
MOSTLY = 0.9
_SHOWN = 3
_DRESSED_NUMBER = re.compile(r"[$€£]?\s*[+-]?\d{1,3}(([ .,']\d{3})+([.,]\d+)?|\d*[.,]\d+|\d*)\s*[$€£%]?")


@dataclass(frozen=True)
class Flaw:
    """Cells that keep a column from being learned; `rows` are their indices in the table, `fix` says what to do.

    `rule` is "mixed", "infinite", "units" or "dressed" (numbers in a notation that is not read as numbers).
    """

    rule: str
    what: str
    fix: str
    rows: np.ndarray


def is_mostly_numbers(column: Column) -> bool:
    """Whether the column counts as numbers, perhaps with some mistakes."""
    present = int(column.present.sum())
    return not column.are_codes and present > 0 and int(column.numeric.sum()) >= MOSTLY * present


def check_numbers(column: Column, table: Table, missing: Sequence[str]) -> None:
    """Refuse a number column with text, infinite numbers, or numbers too large for float32.

    Raises:
        DataError: there are such cells; the message has the column, their number, the first of them and the fixes.
    """
    for flaw in find_number_flaws(column, table, missing):
        refuse(table, column, flaw)


def describe_units(column: Column) -> list[str]:
    """A note on the signs that were removed from a column's numbers, and how to keep it as a category."""
    units = sorted(column.units - {""})
    if not units:
        return []
    signs = [unit for unit in units if unit in ("( )", "trailing -")]
    marks = ", ".join(unit for unit in units if unit not in signs)
    told = " and ".join(([f"without {marks}"] if marks else []) + (["with accountants' minus signs"] if signs else []))
    return [f"{column.name}: read as numbers {told} (`columns: {{{column.name}: category}}` keeps the texts)"]


def find_number_flaws(column: Column, table: Table, missing: Sequence[str]) -> list[Flaw]:
    """The flaws that keep a column from being learned as numbers: text, infinite numbers, or numbers too large for
    float32."""
    flaws = [flaw for flaw in [_mixed_units(column)] if flaw is not None]
    strange = np.flatnonzero(column.present & ~column.numeric)
    if len(strange):
        flaws.append(_mixed(column, strange, missing, tell_cells(column, table, strange)))
    with np.errstate(over="ignore"):
        endless = np.flatnonzero(column.numeric & ~np.isfinite(column.numbers.astype(np.float32)))
    if len(endless):
        told = count(len(endless), "number that is", "numbers that are")
        what = f"has {told} infinite or too large: {tell_cells(column, table, endless)}"
        flaws.append(Flaw("infinite", what, "correct them, or list their text in `missing`", endless))
    return flaws


def _mixed_units(column: Column) -> Flaw | None:
    """The flaw of numbers in different units: several currencies, or percentages beside plain numbers."""
    units = sorted(column.units - {"", ",", "( )", "trailing -"})
    if len(units) < 2 and not ("%" in units and "" in column.units):
        return None
    told = " and ".join([*units, *(["plain numbers"] if "%" in units and "" in column.units else [])])
    fix = f"convert them to one unit, or say `drop: [{column.name}]` or `columns: {{{column.name}: category}}`"
    return Flaw("units", f"mixes {told}", fix, np.flatnonzero(column.numeric))


def _mixed(column: Column, strange: np.ndarray, missing: Sequence[str], cells: str) -> Flaw:
    texts = [text for text in _texts_at(column, strange) if text not in missing]
    markers = ", ".join(f'"{text}"' for text in [*missing, *texts[:_SHOWN]])
    what = f"has numbers but also {count(len(strange), 'cell')} of text: {cells}"
    fix = (
        f"if they stand for a missing number, say `missing: [{markers}]`; "
        f"if the column holds categories, say `columns: {{{column.name}: category}}`"
    )
    return Flaw("mixed", what, fix, strange)


def _texts_at(column: Column, rows: np.ndarray) -> list[str]:
    """The different texts in the first thousand of these rows."""
    return list(dict.fromkeys(column.text(row) for row in rows[:1000]))


def find_dressed_numbers(column: Column, missing: Sequence[str] = MISSING) -> Flaw | None:
    """The flaw of numbers with units, thousands marks or decimal commas, which would silently become a category.

    If only plain numbers look like numbers, the other texts must be markers, and the flaw says so.
    """
    if is_mostly_numbers(column) or column.are_codes or not column.present.any():
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
        f"has numbers in a notation that is not read as numbers, such as {told}",
        f"say under data how they are written, such as {_suggest_marks(examples)}; "
        f"or say `columns: {{{column.name}: category}}`, or `drop: [{column.name}]`",
        strange,
    )


def _suggest_marks(texts: Sequence[str]) -> str:
    decimal, thousands = choose_marks(find_marks(texts), is_european=True)
    told = [f'`decimal: "{decimal}"`'] * (decimal != ".") + [f'`thousands: "{thousands}"`'] * (thousands != "")
    return " and ".join(told) or '`decimal: ","` or `thousands: "."`'


def refuse(table: Table, column: Column, flaw: Flaw | None, *, named: bool = True) -> None:
    """Raises DataError if there is a flaw; with `named`, the message begins with the name of the table."""
    if flaw is not None:
        where = f"{table.name}: " if named else ""
        raise DataError(f'{where}column "{column.name}" {flaw.what}', hint=flaw.fix)


def tell_cells(column: Column, table: Table, rows: np.ndarray) -> str:
    """The first few of these cells, each with its row counted from 1."""
    told = [f'row {table.rows[row] + 1} "{column.text(row)[:40]}"' for row in rows[:_SHOWN]]
    return ", ".join(told) + (", ..." if len(rows) > _SHOWN else "")


def share_of_texts(column: Column, pattern: re.Pattern[str]) -> float:
    """The share of the first thousand different texts that match the pattern."""
    texts = column.values[:1000]
    return sum(pattern.fullmatch(text) is not None for text in texts) / len(texts)
