"""The column that rows are split by: its cells as numbers, what is wrong with it, and what the split came out as."""

from collections.abc import Sequence

import numpy as np

from nncli.config.facts import DateColumn
from nncli.config.sections import Data
from nncli.data.dataset import count_distinct
from nncli.data.plurals import count
from nncli.data.splits.dividing import Rows
from nncli.data.splitting import Split
from nncli.data.tables.features.dates import FoundDates, describe_undecided, find_dates, read_dates
from nncli.data.tables.files.columns import Column
from nncli.errors import DataError

_SHOWN = 3
_MICROSECONDS = 86_400_000_000
# From this difference between the share that a set got and the one it was to have, the user is told.
_FAR = 0.05


def split_rows_of(
    data: Data,
    column: Column | None,
    rows: Sequence[int] | np.ndarray,
    *,
    strata: np.ndarray | None = None,
    copies: np.ndarray | None = None,
) -> Rows:
    """What `divide` takes: the cells of the column that `data.split` names (None without one) as groups or moments.

    `rows` are the row numbers of the cells in their file, counted from 0.

    Raises:
        DataError: a cell of the column is missing, or is not a date where the split is by time.
    """
    if column is None or data.split is None:
        return Rows(len(rows), strata, copies)
    if data.split.by == "group":
        return Rows(len(rows), strata, copies, groups=read_groups(column, rows))
    return Rows(len(rows), strata, copies, moments=_moments(column, rows, data.day_first))


def split_column_name(data: Data) -> str | None:
    """The column that `data.split` names; None if chance alone decides."""
    return None if data.split is None or data.split.by == "random" else data.split.column


def read_groups(column: Column, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    """The codes of the cells in the column's dictionary, int64 (n,). Raises DataError for an empty cell."""
    _refuse(column, rows, np.flatnonzero(~column.present), "group", "say which group they belong to")
    return column.dictionary[0].astype(np.int64)


def find_moments(column: Column, day_first: bool | None) -> FoundDates | None:
    """How the dates of a column are written; None for numbers, of which only the order matters.

    Raises DataError for times of day.
    """
    if column.is_numeric:
        return None
    found = find_dates(column, day_first)
    if not found.column.has_days:
        raise DataError(
            f'data.split.column: "{column.name}" has times of day without dates, which do not say which row is later',
            hint="name a column of dates, or of dates with times",
        )
    return found


def read_moments(column: Column, rows: Sequence[int] | np.ndarray, date: DateColumn | None) -> np.ndarray:
    """The cells as moments in order, int64 (n,): microseconds since 1970, or where `date` is None what `number_of`
    turns into numbers again. Raises DataError for a cell that is none."""
    if date is None:
        _refuse(column, rows, np.flatnonzero(~np.isfinite(column.numbers)), "date", "correct these cells")
        return _in_order((column.numbers + 0.0).view(np.int64))  # -0.0 becomes 0.0
    moments, places = read_dates(column, date)
    _refuse(column, rows, np.flatnonzero(~moments.readable[places]), "date", "write dates such as 2024-12-31")
    days, seconds = moments.days[places], moments.seconds[places]
    found: np.ndarray = days.astype(np.int64) * _MICROSECONDS + np.round(seconds * 1e6).astype(np.int64)
    return found


def number_of(moment: int) -> float:
    """The number that `read_moments` made a moment of."""
    return float(_in_order(np.array([moment], np.int64)).view(np.float64)[0])


def _in_order(bits: np.ndarray) -> np.ndarray:
    """The bits of float64 numbers as int64 in the same order, and back: all but the sign of negative ones turned."""
    ordered: np.ndarray = np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)
    return ordered


def _moments(column: Column, rows: Sequence[int] | np.ndarray, day_first: bool | None) -> np.ndarray:
    found = find_moments(column, day_first)
    return read_moments(column, rows, None if found is None else found.column)


def _refuse(column: Column, rows: Sequence[int] | np.ndarray, wrong: np.ndarray, what: str, fix: str) -> None:
    """Raises DataError if there are rows (indices) whose cell says nothing."""
    if not len(wrong):
        return
    told = ", ".join(
        f"row {int(rows[row]) + 1}" + (f' "{column.text(int(row))[:40]}"' if column.present[row] else " (empty)")
        for row in wrong[:_SHOWN]
    )
    more = ", ..." if len(wrong) > _SHOWN else ""
    have = count(len(wrong), "row has", "rows have")
    raise DataError(
        f'data.split.column: {have} no {what} in "{column.name}", which the rows are split by: {told}{more}',
        hint=f"{fix}, or remove these rows",
    )


def describe_split(data: Data, column: Column, split: Split, learned: Sequence[str]) -> list[str]:
    """Notes on how the rows came to be split by the column, and whether it is among the inputs."""
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    parts = {name: rows for name, rows in parts.items() if len(rows)}
    by_time = data.split is not None and data.split.by == "time"
    told = [_spans(column, parts, data.day_first) if by_time else _shares(column, parts)]
    if not by_time:
        return told
    undecided = None if column.is_numeric else find_dates(column, data.day_first).undecided
    return [*told, *describe_dates(column.name, undecided, is_learned=column.name in learned)]


def describe_dates(name: str, undecided: str | None, *, is_learned: bool) -> list[str]:
    """Notes on a column of dates that rows are split by; `undecided` is a date of which day and month are not sure."""
    told = []
    if undecided is not None and not is_learned:
        told.append(f"{name}: {describe_undecided(undecided)} (`day_first: true` if it is day/month)")
    if is_learned:
        told.append(
            f"{name}: rows are split by it and it is learned from; later dates than those of the training set "
            f"are new to the network (`drop: [{name}]` leaves it out)"
        )
    return told


def find_split_flaws(data: Data, column: Column, split: Split, learned: Sequence[str]) -> list[str]:
    """Warnings: a group that is an input too says nothing about new groups, and a large one makes a set too large."""
    if data.split is None or data.split.by != "group":
        return []
    rows = len(split.train) + len(split.validation) + len(split.test)
    return find_group_flaws(data, column.name, len(split.test), rows, is_learned=column.name in learned)


def find_group_flaws(data: Data, name: str, tested: int, rows: int, *, is_learned: bool) -> list[str]:
    """The same of the name of the column and the number of rows, those that are tested and all of them."""
    told = []
    if is_learned:
        told.append(
            f"{name}: rows are split by it, so that no value in the test set was trained on, and yet it is "
            f"learned from; `drop: [{name}]` leaves it out"
        )
    wanted = None if data.fold is not None or isinstance(data.test, str) else data.test or 0.2
    if wanted is not None and tested and abs(tested / rows - wanted) > _FAR:
        told.append(
            f"{name}: the test set has {tested / rows:.0%} of the rows in place of {wanted:.0%}, as groups stay whole"
        )
    return told


def _shares(column: Column, parts: dict[str, np.ndarray]) -> str:
    codes = column.dictionary[0]
    told = ", ".join(f"{name} {count_distinct(codes[rows]):,}" for name, rows in parts.items())
    return f"split by {column.name}: of {len(column.values):,} groups, {told}"


def _spans(column: Column, parts: dict[str, np.ndarray], day_first: bool | None) -> str:
    """From when to when each set reaches, as the cells have it."""
    moments = _moments(column, np.arange(len(column)), day_first)
    told = []
    for name, rows in parts.items():
        first, last = (column.text(int(rows[place(moments[rows])])) for place in (np.argmin, np.argmax))
        told.append(f"{name} {first} to {last}" if first != last else f"{name} {first}")
    return f"split by {column.name}: {', '.join(told)}"
