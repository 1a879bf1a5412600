"""Turns columns of dates and times into numbers: how to read a column, which parts vary, which cells are not dates.

Used in training and prediction alike; `date_text` reads the cells. Does not depend on files or models.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nncli.config.facts import DateColumn, DatePart
from nncli.data.plurals import count
from nncli.data.tables.features.date_text import (
    Moments,
    find_order,
    find_undecided,
    find_unit,
    from_numbers,
    no_moments,
    parse_dates,
    parse_times,
    share_of_times,
)
from nncli.data.tables.features.flaws import Flaw, tell_cells
from nncli.data.tables.files.columns import Column, Table, number_column
from nncli.errors import DataError

_SHOWN = 3
_SECONDS_A_DAY = 86_400
# Monday is 0; the first of January 1970 was a Thursday.
_THURSDAY = 3


@dataclass(frozen=True)
class FoundDates:
    """How a column of dates is read: the facts needed to read it again, and an ambiguous date if no cell of the column
    shows whether the day or the month comes first."""

    column: DateColumn
    undecided: str | None = None


def find_dates(column: Column, day_first: bool | None) -> FoundDates:
    """How the dates of a column are written, judged by all cells; `day_first` is used if they do not show the order."""
    texts = [] if column.is_numeric else column.values
    unit = find_unit(column.numbers[column.numeric]) if column.numeric.any() else None
    has_days = unit is not None or share_of_times(texts[:1000]) < 0.5
    order = find_order(texts) if has_days else None
    order = day_first if order is None else order
    undecided = find_undecided(texts) if has_days and order is None else None
    order = False if undecided is not None else order
    return FoundDates(DateColumn(name=column.name, has_days=has_days, day_first=order, unit=unit), undecided)


def read_dates(column: Column, date: DateColumn) -> tuple[Moments, np.ndarray]:
    """The different moments of a column, and for each row (int64) the index of its moment; the last one is unknown."""
    if column.is_numeric:
        moments = no_moments(len(column)) if date.unit is None else from_numbers(column.numbers, date.unit)
        return moments, np.arange(len(column))
    codes, texts = column.dictionary
    moments = parse_dates(texts, day_first=date.day_first) if date.has_days else parse_times(texts)
    if date.unit is not None and column.numeric.any():
        numbers = from_numbers(np.array([_number(text) for text in texts]), date.unit)
        unread = ~moments.readable
        moments.days[unread], moments.seconds[unread] = numbers.days[unread], numbers.seconds[unread]
    nothing = no_moments(1)
    days, seconds = (
        np.concatenate(pair) for pair in ((moments.days, nothing.days), (moments.seconds, nothing.seconds))
    )
    return Moments(days, seconds), np.where(codes < 0, len(texts), codes).astype(np.int64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def find_date_flaw(column: Column, table: Table, date: DateColumn, missing: Sequence[str]) -> Flaw | None:
    """The flaw of cells that are not dates, or None; `missing` are the config's texts for a missing value."""
    moments, places = read_dates(column, date)
    strange = np.flatnonzero(column.present & ~moments.readable[places])
    if not len(strange):
        return None
    kind = "dates" if date.has_days else "times"
    if len(strange) == column.present.sum():
        fix = f"say `columns: {{{column.name}: category}}`, or `drop: [{column.name}]`"
        return Flaw("mixed", f"holds no {kind}: {tell_cells(column, table, strange)}", fix, strange)
    texts = list(dict.fromkeys(column.text(row) for row in strange[:1000] if not column.numeric[row]))[:_SHOWN]
    told = count(len(strange), f"cell that is not a {kind[:-1]}", f"cells that are not {kind}")
    markers = ", ".join(f'"{text}"' for text in (*missing, *texts))
    return Flaw(
        "mixed",
        f"has {kind} but also {told}: {tell_cells(column, table, strange)}",
        f"correct them; if they stand for a missing date, say `missing: [{markers}]`; "
        f"or say `columns: {{{column.name}: category}}`, or `drop: [{column.name}]`",
        strange,
    )


def refuse_no_dates(column: Column, table: Table, date: DateColumn, missing: Sequence[str]) -> None:
    """Raises DataError for a column with cells that are not dates."""
    flaw = find_date_flaw(column, table, date, missing)
    if flaw is not None:
        raise DataError(f'{table.name}: column "{column.name}" {flaw.what}', hint=flaw.fix)


def describe_dates(column: Column, found: FoundDates) -> list[str]:
    """Notes on a column of dates: its range, the parts that are learned, and what was guessed."""
    date = found.column
    first, last = span(column, date)
    kind = "dates" if date.has_days else "times"
    parts = describe_parts(column, date)
    told = [f"{column.name}: {kind} from {first} to {last}, learned as {parts} (`drop: [{column.name}]` leaves it out)"]
    if found.undecided is not None:
        told.append(f"{column.name}: {describe_undecided(found.undecided)} (`day_first: true` if it is day/month)")
    return told


def describe_parts(column: Column, date: DateColumn) -> str:
    """The parts of the dates that vary over all rows and so would be learned from."""
    return ", ".join(varying_parts(*read_dates(column, date)))


def describe_undecided(text: str) -> str:
    """The message for a date whose day and month cannot be told apart."""
    return f'"{text}" is read as month/day, since no date has a number above 12 that would decide'


def are_in_order(column: Column, date: DateColumn) -> bool:
    """Whether the rows are sorted by date, ascending or descending."""
    moments, places = read_dates(column, date)
    rows = places[moments.readable[places]]
    steps = np.diff(moments.days[rows].astype(np.int64) * _SECONDS_A_DAY + moments.seconds[rows])
    return date.has_days and bool(steps.any()) and bool((steps >= 0).all() or (steps <= 0).all())


def span(column: Column, date: DateColumn) -> tuple[str, str]:
    """The earliest and latest date or time in ISO 8601; "" if none can be read."""
    moments, places = read_dates(column, date)
    used = np.unique(places[moments.readable[places]])
    if not len(used):
        return "", ""
    days = moments.days[used] if date.has_days else np.zeros(len(used), "datetime64[D]")
    seconds = np.round(moments.seconds[used]).astype(np.int64)
    times = np.sort(days.astype("datetime64[s]") + seconds)
    ends = [str(time) for time in (times[0], times[-1])]
    if not date.has_days:
        return ends[0][11:], ends[1][11:]
    return (ends[0], ends[1]) if seconds.any() else (ends[0][:10], ends[1][:10])


def varying_parts(moments: Moments, places: np.ndarray) -> tuple[DatePart, ...]:
    """The parts that differ between rows, given as indices of moments; if none differ, the first known part."""
    used = np.unique(places)
    values = {part: each[used] for part, each in _parts(moments).items()}
    known = {part: each[~np.isnan(each)] for part, each in values.items()}
    varying = tuple(part for part, each in known.items() if len(each) and each.min() < each.max())
    return varying or tuple(part for part, each in known.items() if len(each))[:1] or ("hour",)


def learn_dates(
    table: Table, names: Sequence[str], training: np.ndarray, day_first: bool | None
) -> tuple[Table, list[DateColumn]]:
    """The table with additional columns of numbers made from its dates, and how each was made. The parts of the dates
    that vary in the training set are used; `training` are the indices of its rows.

    Raises:
        DataError: the table already has a column with the name of such a number.
    """
    dates = []
    for name in names:
        column = find_dates(table.columns[name], day_first).column
        moments, places = read_dates(table.columns[name], column)
        dates.append(column.model_copy(update={"parts": varying_parts(moments, places[training])}))
    taken = [(date.name, name) for date in dates for name in date.numbers if name in table.columns]
    if taken:
        date, name = taken[0]
        raise DataError(
            f'{table.name}: a part of the dates in "{date}" would be called "{name}", which already is a column',
            hint=f"rename that column, or say `drop: [{date}]`",
        )
    return expand_dates(table, dates)[0], dates


def expand_dates(table: Table, dates: Sequence[DateColumn]) -> tuple[Table, dict[int, str]]:
    """The table with the numbers made from its dates, and for unusable rows (by index) the reason."""
    columns = dict(table.columns)
    failures: dict[int, str] = {}
    for date in dates:
        column = table.columns[date.name]
        moments, places = read_dates(column, date)
        for row in np.flatnonzero(column.present & ~moments.readable[places]):
            kind = "date" if date.has_days else "time"
            reason = f'column "{date.name}": "{column.text(int(row))[:60]}" is not a {kind} such as {_example(date)}'
            failures.setdefault(int(row), reason)
        values = _parts(moments)
        for part in date.parts:
            made = [values[part]] if part not in _PERIODS else _on_circle(values[part] / _PERIODS[part])
            for name, numbers in zip(date.names_of(part), made, strict=True):
                columns[name] = number_column(name, numbers[places])
    return replace(table, columns=columns), failures


def _example(date: DateColumn) -> str:
    """An example of a date or time that can be read."""
    if not date.has_days:
        return "10:05"
    if date.day_first is None:
        return "2024-12-31"
    return "2024-12-31 or 31/12/2024" if date.day_first else "2024-12-31 or 12/31/2024"


_PERIODS: dict[DatePart, int] = {"month": 12, "weekday": 7, "hour": 24}


def _parts(moments: Moments) -> dict[DatePart, np.ndarray]:
    """The parts, float64 (n,) each, NaN if unknown; January and Monday are 0, months and hours have fractions.

    The month includes the day as a fraction, since seasons change smoothly rather than in monthly steps.
    """
    years, months, days = (moments.days.astype(f"datetime64[{unit}]") for unit in "YMD")
    known = ~np.isnat(days)
    passed = _numbers(days - months.astype("datetime64[D]"), known)
    length = _numbers((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]"), known)
    return {
        "year": _numbers(years, known) + 1970,
        "month": _numbers(months, known) % 12 + passed / length,
        "weekday": (_numbers(days, known) + _THURSDAY) % 7,
        "hour": moments.seconds * 24 / _SECONDS_A_DAY,
    }


def _numbers(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Counts of days, months or years (n,) as float64, NaN if unknown."""
    return np.where(known, values.astype(np.int64), np.nan)


def _on_circle(turns: np.ndarray) -> list[np.ndarray]:
    """Sine and cosine of turns (n,), so that December is next to January and 23:59 next to 0:00."""
    return [np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)]
