"""Reads dates and times from texts and numbers, a whole column at a time; does not depend on how they are used.

Formats: ISO 8601, 31.12.2024, 31/12/2024, 12/31/2024, 2024/12/31, 31-Dec-2024, Dec 31, 2024, each also with a time, and
times alone. pyarrow matches the texts, NumPy does the calendar arithmetic. An offset from UTC is accepted but not
applied: the hour is the local one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.config.facts import DateUnit
from nncli.data.tables.files.columns import Column

# From this share of the different texts on, a column holds dates, perhaps with some mistakes.
MOSTLY = 0.9
_SAMPLE = 1000
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH_NAMES = {name[:length]: month for month, name in enumerate(_MONTHS, 1) for length in range(3, len(name) + 1)}
_SECONDS_A_DAY = 86_400
# Two-digit years from here on are in the 20th century, as in POSIX.
_PIVOT = 69
# The groups of the patterns that are not numbers.
_TEXTS = ("mark", "name", "half")
_UNIT_SECONDS: Mapping[str, float] = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}

_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<whole>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?(?:\s?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
)
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[A-Za-z]{0,6}\.?,?\s)?"
_NTH = r"(?:st|nd|rd|th)?"
_BY_YEAR = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
_BY_NUMBERS = r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<other>\d{1,2})[-/.](?P<year>\d{4}|\d{2})"
_BY_NAME = rf"(?P<day>\d{{1,2}}){_NTH}[-/. ]{{1,2}}(?P<name>[A-Za-z]{{3,9}})[-/., ]{{1,2}}(?P<year>\d{{4}}|\d{{2}})"
_NAME_FIRST = rf"(?P<name>[A-Za-z]{{3,9}})\.?\s(?P<day>\d{{1,2}}){_NTH},?\s(?P<year>\d{{4}})"
_DATES = tuple(
    rf"^{_WEEKDAY}{date}(?:(?:[Tt]|,?\s){_TIME})?$" for date in (_BY_YEAR, _BY_NUMBERS, _BY_NAME, _NAME_FIRST)
)


@dataclass(frozen=True)
class Moments:
    """Points in time (n,): `days` is datetime64[D], NaT for a time without a date; `seconds` is float64 since midnight,
    NaN if the text could not be read."""

    days: np.ndarray
    seconds: np.ndarray

    @property
    def readable(self) -> np.ndarray:
        """Whether each could be read, bool (n,)."""
        readable: np.ndarray = ~np.isnan(self.seconds)
        return readable


def no_moments(count: int) -> Moments:
    """`count` moments, all unknown."""
    return Moments(np.full(count, np.datetime64("NaT", "D")), np.full(count, np.nan))


def is_date(column: Column) -> bool:
    """Whether nearly all of the first thousand different texts are dates, or nearly all are times."""
    texts = column.values[:_SAMPLE]
    return bool(texts) and not column.is_numeric and max(share_of_dates(texts), share_of_times(texts)) >= MOSTLY


def share_of_dates(texts: Sequence[str]) -> float:
    """The share of texts that are dates, with or without a time, all with the same order of day and month."""
    if not len(texts):
        return 0.0
    readings = [parse_dates(texts, day_first=day_first).readable.mean() for day_first in (True, False)]
    return float(max(readings))


def share_of_times(texts: Sequence[str]) -> float:
    """The share of texts that are times without a date."""
    return float(parse_times(texts).readable.mean()) if len(texts) else 0.0


def find_order(texts: Sequence[str]) -> bool | None:
    """Whether the day comes before the month in dates such as 31/12/2024. A number above 12 must be the day; if there
    are such numbers in both places, the majority decides; None if there are none. In 31.12.2024, with dots, the day
    always comes first."""
    found = _extract(texts, _DATES[1])
    rows = np.flatnonzero(found["matched"] & (found["mark"] != "."))
    first, other = (found[part][rows] for part in ("first", "other"))
    days, months = int((first > 12).sum()), int((other > 12).sum())
    return days >= months if days or months else None


def find_undecided(texts: Sequence[str]) -> str | None:
    """The first ambiguous date, such as 03/04/2024, or None."""
    found = _extract(texts, _DATES[1])
    slashed = [texts[int(row)] for row in np.flatnonzero(found["matched"] & (found["mark"] != "."))]
    return next((text for text in slashed if find_order([text]) is None), None)


def parse_dates(texts: Sequence[str], *, day_first: bool | None) -> Moments:
    """Dates, with or without a time; `day_first` says what 03/04/2024 means, None if that is not known."""
    moments = no_moments(len(texts))
    left = np.arange(len(texts))
    for pattern in _DATES:
        found = _extract([texts[int(row)] for row in left] if len(left) < len(texts) else texts, pattern)
        matched = found.pop("matched")
        rows, left = left[matched], left[~matched]
        if not len(rows):
            continue
        parts = {name: values[matched] for name, values in found.items()}
        if "first" in parts:
            days_first = _days_first(parts, day_first)
            parts["day"] = np.where(days_first, parts["first"], parts["other"])
            parts["month"] = np.where(days_first, parts["other"], parts["first"])
        days, seconds = _days(parts), _seconds(parts)
        usable = ~np.isnat(days) & ~np.isnan(seconds)
        if "first" in parts and day_first is None:
            usable &= (parts["mark"] == ".") | (parts["day"] > 12)
        moments.days[rows[usable]], moments.seconds[rows[usable]] = days[usable], seconds[usable]
    return moments


def _days_first(parts: Mapping[str, np.ndarray], day_first: bool | None) -> np.ndarray:
    """Whether each numeric date begins with the day, bool (n,): as `day_first` says, or if None, as the date itself
    shows."""
    said = parts["first"] > 12 if day_first is None else np.full(len(parts["first"]), day_first)
    days_first: np.ndarray = (parts["mark"] == ".") | said
    return days_first


def parse_times(texts: Sequence[str]) -> Moments:
    """Times of the day without a date."""
    found = _extract(texts, f"^{_TIME}$")
    moments = no_moments(len(texts))
    rows = np.flatnonzero(found["matched"])
    moments.seconds[rows] = _seconds({name: values[rows] for name, values in found.items()})
    return moments


def find_unit(numbers: np.ndarray) -> DateUnit:
    """The unit of numbers (n,) that are dates: years, digits such as 20241231, or a unit of time since 1970."""
    known = numbers[np.isfinite(numbers)]
    whole = bool(len(known)) and bool((known == np.round(known)).all())
    if whole and known.min() >= 1000 and known.max() < 3000:
        return "year"
    if whole and known.min() >= 1000_01_01 and known.max() < 3000_01_01 and _from_digits(known).readable.all():
        return "yyyymmdd"
    size = float(np.median(np.abs(known))) if len(known) else 0.0
    units: list[DateUnit] = ["s", "ms", "us", "ns"]
    return units[int(np.searchsorted([1e11, 1e14, 1e17], size, side="right"))]


def from_numbers(numbers: np.ndarray, unit: DateUnit) -> Moments:
    """Numbers (n,) in that unit as moments in UTC; unknown if outside the years 1 to 9999."""
    if unit == "year":
        return _from_digits(numbers * 10_000 + 101)
    if unit == "yyyymmdd":
        return _from_digits(numbers)
    moments = no_moments(len(numbers))
    seconds = numbers / _UNIT_SECONDS[unit]
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((seconds > -62_000_000_000) & (seconds < 253_000_000_000))
    days = np.floor(seconds[rows] / _SECONDS_A_DAY)
    moments.days[rows] = days.astype(np.int64).astype("datetime64[D]")
    moments.seconds[rows] = seconds[rows] - days * _SECONDS_A_DAY
    return moments


def _from_digits(numbers: np.ndarray) -> Moments:
    moments = no_moments(len(numbers))
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((numbers >= 1_01_01) & (numbers < 10_000_00_00) & (numbers == np.round(numbers)))
    digits = numbers[rows].astype(np.int64)
    days = _calendar(digits // 10_000, digits // 100 % 100, digits % 100)
    usable = ~np.isnat(days)
    moments.days[rows[usable]], moments.seconds[rows[usable]] = days[usable], 0.0
    return moments


def _extract(texts: Sequence[str], pattern: str) -> dict[str, np.ndarray]:
    """The named groups of the pattern in each text, as in `_values`, and under `matched` whether the text matches."""
    import pyarrow as arrow
    import pyarrow.compute as compute

    found: Any = compute.extract_regex(arrow.array(texts, arrow.string()), pattern)
    parts = {"matched": compute.is_valid(found).to_numpy(zero_copy_only=False)}
    for index in range(found.type.num_fields):
        name = found.type.field(index).name
        values = compute.fill_null(compute.struct_field(found, [index]), "")
        parts[name] = _values(name, values)
        if name == "year":
            parts["is_short"] = compute.equal(compute.utf8_length(values), 2).to_numpy(zero_copy_only=False)
    return parts


def _values(name: str, texts: Any) -> np.ndarray:
    """A group as a NumPy array: texts, a fraction as float64, or numbers as int64; 0 or "" if it did not match."""
    import pyarrow as arrow
    import pyarrow.compute as compute

    if name not in _TEXTS:
        is_fraction = name == "fraction"
        padded = compute.binary_join_element_wise("0.", texts, "0", "") if is_fraction else texts
        padded = compute.if_else(compute.equal(padded, ""), "0", padded)
        texts = compute.cast(padded, arrow.float64() if is_fraction else arrow.int64())
    values: np.ndarray = texts.to_numpy(zero_copy_only=False)
    return values


def _days(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    years = parts["year"]
    years = np.where(parts["is_short"], years + np.where(years < _PIVOT, 2000, 1900), years)
    months = parts.get("month")
    if months is None:
        months = np.array([_MONTH_NAMES.get(name.lower(), 0) for name in parts["name"]], np.int64)
    return _calendar(years, months, parts["day"])


def _calendar(years: np.ndarray, months: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Days of the Gregorian calendar as datetime64[D]; NaT for days that do not exist."""
    firsts = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    found = firsts.astype("datetime64[D]") + (days - 1)
    usable = (years >= 1) & (months >= 1) & (months <= 12) & (days >= 1) & (found.astype("datetime64[M]") == firsts)
    return np.where(usable, found, np.datetime64("NaT", "D"))


def _seconds(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Seconds since midnight, 0 without a time; NaN for times that do not exist."""
    hours, minutes, seconds, halves = (parts[name] for name in ("hour", "minute", "whole", "half"))
    wrong_half = (halves != "") & ((hours < 1) | (hours > 12))
    is_late = (halves == "p") | (halves == "P")
    hours = np.where(halves == "", hours, hours % 12 + np.where(is_late, 12, 0))
    total = hours * 3600 + minutes * 60 + seconds + parts["fraction"]
    usable = ~wrong_half & (hours < 24) & (minutes < 60) & (seconds < 61)
    return np.where(usable, total, np.nan)
