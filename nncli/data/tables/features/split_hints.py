"""Recognizes tables whose rows are not independent: the same patient in many rows, rows in the course of time.

Split at random, such rows are in the training and in the test set alike, and the score is better than it will be for a
new patient or a later day. A hint needs more than one sign, so that ordinary tables get none:

- a group: the name of an id or of somebody (`patient`, `user_id`), ten or more values, texts or whole numbers, and
  half of the rows or more share their value with another row
- time: a column of dates that is called a date or time, or in whose order the rows stand, with ten or more days; dates
  of birth and the like tell of the row's subject and do not count
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nncli.config.describing.writing import format_value
from nncli.config.sections import Data
from nncli.data.tables.features.date_text import is_date
from nncli.data.tables.features.dates import are_in_order, find_dates, read_dates, span
from nncli.data.tables.files.columns import Column, Table

_FEWEST_VALUES = 10
_SHARED = 0.5
_SOMEBODY = (
    "patient|subject|participant|person|user|customer|client|member|player|student|pupil|employee|household|family|"
    "donor|speaker|author|writer|driver|animal|mouse|group|session|device|sensor|machine|account|specimen"
)
_GROUP_NAME = re.compile(
    rf"(.*[_ .-])?(({_SOMEBODY})s?([_ .-]?(id|no|nr|num|number|code|key|name))?|(id|uid|guid|uuid))", re.IGNORECASE
)
_CAMEL_NAME = re.compile(r".*[a-z0-9](Id|ID)")
_TIME_NAME = re.compile(
    r"(.*[_ .-])?(date|time|datetime|timestamp|date[_ ]time)|.*[_ ](at|on)|.*[a-z](Date|Time)", re.IGNORECASE
)
_NO_TIME_NAME = re.compile(r"birth|dob|born|expir|due|valid|until", re.IGNORECASE)


@dataclass(frozen=True)
class SplitHint:
    """A column by which rows should probably be split, and why; `is_learned` says whether it is an input too."""

    by: Literal["group", "time"]
    column: str
    why: str
    is_learned: bool = False

    @property
    def split(self) -> str:
        """The key to paste below `data`."""
        return f"split: {format_value({'by': self.by, 'column': self.column})}"

    @property
    def fix(self) -> str:
        """What to write below `data`."""
        drop = f" and `drop: {format_value([self.column])}`" if self.is_learned and self.by == "group" else ""
        return f"say `{self.split}`{drop} under data, or `split: {{by: random}}` if that is meant"

    @property
    def warning(self) -> str:
        """The warning in a line."""
        return f"{self.column}: {self.why}; {self.fix}"


def suggest_split(table: Table, data: Data, targets: Sequence[str], learned: Sequence[str]) -> SplitHint | None:
    """The column by which the rows of a table should probably be split; None where nothing suggests one, or where
    the config or a test set of its own has decided on it."""
    if data.split is not None or isinstance(data.test, str):
        return None
    columns = [column for name, column in table.columns.items() if name not in targets]
    hints = (_group_hint(column, column.name in learned) for column in columns)
    found = next((hint for hint in hints if hint is not None), None)
    if found is not None:
        return found
    hints = (_time_hint(column, data, column.name in learned) for column in columns)
    return next((hint for hint in hints if hint is not None), None)


def _group_hint(column: Column, is_learned: bool) -> SplitHint | None:
    if not (_GROUP_NAME.fullmatch(column.name) or _CAMEL_NAME.fullmatch(column.name)) or column.units:
        return None
    numbers = column.numbers[column.numeric]
    if not np.isfinite(numbers).all() or (numbers != np.round(numbers)).any() or not column.present.all():
        return None
    counts = column.counts[column.counts > 0]
    if len(counts) < _FEWEST_VALUES or counts[counts > 1].sum() < _SHARED * len(column):
        return None
    why = (
        f"its {len(counts):,} values in {len(column):,} rows look like ids, and rows of one value in several sets make "
        "the score too good"
    )
    return SplitHint("group", column.name, why, is_learned)


def _time_hint(column: Column, data: Data, is_learned: bool) -> SplitHint | None:
    if _NO_TIME_NAME.search(column.name):
        return None
    if data.columns.get(column.name) != "date" and (column.is_numeric or not is_date(column)):
        return None
    date = find_dates(column, data.day_first).column
    moments, places = read_dates(column, date)
    if not date.has_days or not moments.readable[places].all():
        return None
    if len(np.unique(moments.days[places])) < _FEWEST_VALUES:
        return None
    if not (_TIME_NAME.fullmatch(column.name) or are_in_order(column, date)):
        return None
    first, last = span(column, date)
    why = f"rows from {first} to {last} are split at random, so that the score is not that of later rows"
    return SplitHint("time", column.name, why, is_learned)
