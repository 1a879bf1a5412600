"""Dates and times as numbers that a network can use: the year, and month, weekday and hour as points on a circle.

A column of dates becomes derived columns of numbers, in training and at prediction alike; it stays in the table, since
it is what a file has. Does not depend on targets.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from nncli.config.facts import DateColumn, TableInput
from nncli.config.sections import Data
from nncli.data.tables.features.flaws import MOSTLY, is_date
from nncli.data.tables.files.columns import Column, Table
from nncli.errors import DataError

ISO = "iso"
_DAYS = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d-%b-%Y", "%d %b %Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%Y%m%d",
)  # fmt: skip
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
_FORMATS = (ISO, *_DAYS, *_TIMES, *(f"{day} {time}" for day in _DAYS for time in _TIMES))
_SAMPLE = 1000
_START = datetime(1970, 1, 1)
_NOON_OF_NO_DAY = 1900  # the year that strptime gives a time without a date


@dataclass(frozen=True)
class Expanded:
    """A table with derived columns, the section that names them instead of the dates, and what was found."""

    table: Table
    data: Data
    dates: tuple[DateColumn, ...]
    notes: tuple[str, ...]


def expand_dates(table: Table, data: Data, targets: Sequence[str]) -> Expanded:
    """Derives numbers from the columns of dates that may be learned from.

    Raises:
        DataError: a column that the config calls a date has a text that is none.
    """
    dates: list[DateColumn] = []
    notes: list[str] = []
    for name in data.features or [name for name in table.columns if name not in targets]:
        column = table.columns.get(name)
        if column is None or name in data.drop or not _is_wanted(column, data):
            continue
        found = _examine(column, data, table.name)
        if found is not None:
            dates.append(found[0])
            notes += found[1]
    if not dates:
        return Expanded(table, data, (), ())
    derived = {date.name: names_of(date) for date in dates}
    return Expanded(add_dates(table, dates), _renamed(data, table, derived, targets), tuple(dates), tuple(notes))


def add_dates(table: Table, dates: Sequence[DateColumn]) -> Table:
    """The table with the derived columns of these dates; a text that is none makes a cell that is no number."""
    columns = dict(table.columns)
    for date in dates:
        if date.name in columns:
            columns |= _derive(columns[date.name], date)
    return replace(table, columns=columns)


def names_of(date: DateColumn) -> list[str]:
    """The names of the columns that are derived from it."""
    return [f"{date.name}.{part}" for part in date.parts]


def sources_of(inputs: TableInput) -> dict[str, str]:
    """The column of the file behind each derived one, by the latter's name."""
    return {name: date.name for date in inputs.dates for name in names_of(date)}


def is_date_column(column: Column) -> bool:
    """Whether nearly all texts of the column are dates or times in one format."""
    return not column.is_numeric and is_date(column) and _find_format(column.values[:_SAMPLE])[0] is not None


def _is_wanted(column: Column, data: Data) -> bool:
    kind = data.columns.get(column.name)
    return kind == "date" or (kind is None and is_date_column(column))


def _examine(column: Column, data: Data, table: str) -> tuple[DateColumn, list[str]] | None:
    texts = column.values
    given = data.dates.get(column.name)
    style, other = (given, None) if given else _find_format(texts[:_SAMPLE])
    is_named = column.name in data.columns
    moments = [_parse(text, style) if style else None for text in texts]
    strange = [text for text, moment in zip(texts, moments, strict=True) if moment is None]
    if style is None or strange:
        told = ", ".join(f'"{text}"' for text in (strange or texts)[:3])
        fix = f"say how they are written, as in `dates: {{{column.name}: '%d.%m.%Y'}}`, or list texts under `missing`"
        what = f"has texts that are not dates{'' if style is None else f' as {_tell(style)}'}: {told}"
        raise DataError(f'{table}: column "{column.name}" {what}', hint=f"{fix}; or `drop: [{column.name}]`")
    known = [moment for moment in moments if moment is not None]
    parts = tuple(part for part, value in _PARTS.items() if _varies(value, known, style))
    if not parts:
        return None
    notes = [] if is_named else [_describe(column.name, parts)]
    if other is not None and given is None:
        notes.append(f"{column.name}: read as {_tell(style)} (`dates: {{{column.name}: '{other}'}}` if not)")
    return DateColumn(name=column.name, format=style, parts=parts), notes


def _describe(name: str, parts: Sequence[str]) -> str:
    told = ", ".join(dict.fromkeys(part.partition(".")[0] for part in parts))
    return f"{name}: read as a date: {told} (`columns: {{{name}: category}}` or `drop: [{name}]` if not)"


def _find_format(texts: Sequence[str]) -> tuple[str | None, str | None]:
    """The format that reads nearly all texts, and another that reads them as well but means other days."""
    if not texts:
        return None, None
    fitting = [
        style
        for style in _FORMATS
        if sum(_parse(text, style) is not None for text in texts[:20]) >= MOSTLY * len(texts[:20])
    ]
    counts = {style: sum(_parse(text, style) is not None for text in texts) for style in fitting}
    good = sorted(
        (style for style in fitting if counts[style] >= MOSTLY * len(texts)), key=lambda style: -counts[style]
    )
    if not good:
        return None, None
    others = [
        style
        for style in good[1:]
        if counts[style] == counts[good[0]] and any(_parse(text, style) != _parse(text, good[0]) for text in texts)
    ]
    return good[0], others[0] if others else None


def _parse(text: str, style: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if style == ISO else datetime.strptime(text, style)
    except ValueError:
        return None
    return moment.replace(tzinfo=None)


def _tell(style: str) -> str:
    example = datetime(2024, 12, 31, 17, 5)
    return "ISO 8601, such as 2024-12-31" if style == ISO else f"{style}, such as {example.strftime(style)}"


def _days(moment: datetime) -> float:
    return (moment - _START) / timedelta(days=1)


def _circle(turn: Callable[[datetime], float]) -> dict[str, Callable[[datetime], float]]:
    return {
        "sin": lambda moment: math.sin(2 * math.pi * turn(moment)),
        "cos": lambda moment: math.cos(2 * math.pi * turn(moment)),
    }


def _parts() -> dict[str, Callable[[datetime], float]]:
    """What a moment is made of: days since 1970 and the year as they are, the others as points on a circle."""
    turns: Mapping[str, Callable[[datetime], float]] = {
        "month": lambda moment: (moment.month - 1) / 12,
        "weekday": lambda moment: moment.weekday() / 7,
        "hour": lambda moment: (moment.hour + moment.minute / 60 + moment.second / 3600) / 24,
    }
    parts: dict[str, Callable[[datetime], float]] = {"days": _days, "year": lambda moment: float(moment.year)}
    for name, turn in turns.items():
        parts |= {f"{name}.{axis}": value for axis, value in _circle(turn).items()}
    return parts


_PARTS = _parts()


def _varies(value: Callable[[datetime], float], moments: Sequence[datetime], style: str) -> bool:
    """Whether a part tells anything; a time without a date has only its hour."""
    if all(moment.year == _NOON_OF_NO_DAY for moment in moments) and value not in (
        _PARTS["hour.sin"],
        _PARTS["hour.cos"],
    ):
        return False
    return len({round(value(moment), 9) for moment in moments}) > 1


def _derive(column: Column, date: DateColumn) -> dict[str, Column]:
    codes, texts = column.dictionary
    moments = [_parse(text, date.format) for text in texts]
    columns = {}
    for part in date.parts:
        values = [math.nan if moment is None else _PARTS[part](moment) for moment in moments]
        numbers = np.array([*values, math.nan])[codes]
        name = f"{date.name}.{part}"
        columns[name] = Column(name, numbers, column.present, ~np.isnan(numbers), column.encode)
    return columns


def _renamed(data: Data, table: Table, derived: Mapping[str, Sequence[str]], targets: Sequence[str]) -> Data:
    """The section with the derived columns in the place of the dates."""
    names = data.features or [name for name in table.columns if name not in targets]
    features = [each for name in names for each in derived.get(name, (name,))]
    columns = {name: kind for name, kind in data.columns.items() if name not in derived}
    columns |= {each: "number" for own in derived.values() for each in own}
    drop = tuple(name for name in data.drop if name not in derived)
    return data.model_copy(update={"features": tuple(features), "columns": columns, "drop": drop})
