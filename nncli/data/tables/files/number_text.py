"""Reads texts as numbers in many notations: decimal commas, thousands marks, currencies, percent signs, (12) for -12.

Works on the different texts of a column, not on its cells. pyarrow is imported when a table is read.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.config.text_format import Decimal, TextFormat, Thousands

PLAIN = TextFormat()
_EXPONENT = r"(?:[eE][+-]?\d+)?"
_INFINITE = r"^[+-]?(?i:inf|infinity)$"
# Currencies that may come before or after an amount.
_CURRENCY = "[$€£¥₹]|(?:US|CA|AU)?[$]|USD|EUR|GBP|CHF|JPY|INR|SEK|NOK|DKK|PLN|CZK"
_BLANK = "[ \u00a0\u2009\u202f]"
_MARKS = {" ": _BLANK, "'": "['\u2019]", ",": ",", ".": "[.]", "_": "_"}
_GROUP_MARKS: tuple[Thousands, ...] = (" ", "'", "_")
_MARKED_NUMBER = re.compile(rf"[+-]?(?:\d+|\d{{1,3}}(?:(?:[.,'\u2019_]|{_BLANK})\d{{3}})+)(?:[.,]\d+)?{_EXPONENT}")
_UNITS = re.compile(rf"{_CURRENCY}|%")


@dataclass(frozen=True)
class Parsed:
    """Texts read as numbers.

    `numbers` is float64 (texts,), NaN for texts that are missing or not numbers. `units` has the signs found beside the
    digits: `$`, `%`, `( )`, "trailing -", "," for a thousands mark that is not in the table's format, and "" if there
    are plain numbers as well; it is empty if all numbers are plain.
    """

    numbers: np.ndarray
    units: frozenset[str] = frozenset()


def parse_numbers(texts: Any, text_format: TextFormat = PLAIN) -> Parsed:
    """Read an Arrow array of texts as numbers.

    Besides numbers in the table's own format, this reads notations that can hardly mean anything else: `$5,126`, `38%`
    (as 38), `(12)` and `12-` (as -12).
    """
    import pyarrow as arrow
    import pyarrow.compute as compute

    if text_format.has_plain_numbers:
        try:
            return Parsed(_to_numpy(compute.cast(texts, arrow.float64())))
        except arrow.ArrowInvalid:
            pass
    plain = compute.if_else(_is_number(texts, text_format), _without_marks(texts, text_format), None)
    numbers = _to_numpy(compute.cast(plain, arrow.float64()))
    strange = np.isnan(numbers) & compute.is_valid(texts).to_numpy(zero_copy_only=False)
    if not strange.any():
        return Parsed(numbers)
    rest = texts.filter(arrow.array(strange))
    dressed = _parse_dressed(rest, text_format)
    read = compute.unique(rest.filter(arrow.array(~np.isnan(dressed)))).to_pylist()
    units = {unit_of(text) for text in read} | ({""} if read and not np.isnan(numbers).all() else set())
    numbers = numbers.copy()
    numbers[strange] = dressed
    return Parsed(numbers, frozenset(units))


def has_codes(texts: Iterable[str]) -> bool:
    """Whether all texts consist of digits and some begin with a zero, like postal codes and part numbers."""
    some = False
    for text in texts:
        if not (text.isascii() and text.isdigit()):
            return False
        some = some or (text[0] == "0" and len(text) > 1)
    return some


def plain_text(text: str, text_format: TextFormat) -> str:
    """A number in the table's own format, rewritten as Python writes it; other texts are returned unchanged."""
    if text_format.has_plain_numbers or not re.fullmatch(_number_pattern(text_format), text):
        return text
    mark = _MARKS.get(text_format.thousands)
    return (re.sub(mark, "", text) if mark else text).replace(text_format.decimal, ".")


def unit_of(text: str) -> str:
    """The sign beside the digits of a number, such as `$`, `%`, or `( )` for a minus sign."""
    unit = _UNITS.search(text)
    if unit:
        return unit[0]
    return "( )" if text.startswith("(") else "trailing -" if text.endswith("-") else ","


def _is_number(texts: Any, text_format: TextFormat) -> Any:
    import pyarrow.compute as compute

    return compute.match_substring_regex(texts, f"^(?:{_number_pattern(text_format)})$|{_INFINITE}")


def _number_pattern(text_format: TextFormat) -> str:
    """The pattern of a number: digits, in groups of three if there is a thousands mark, and a decimal part."""
    whole, point = r"\d+", re.escape(text_format.decimal)
    if text_format.thousands:
        mark = _MARKS[text_format.thousands]
        whole = rf"(?:\d+|\d{{1,3}}(?:{mark}\d{{3}})+)"
    return rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+){_EXPONENT}"


def _without_marks(texts: Any, text_format: TextFormat) -> Any:
    import pyarrow.compute as compute

    if text_format.thousands:
        texts = compute.replace_substring_regex(texts, pattern=_MARKS[text_format.thousands], replacement="")
    if text_format.decimal != ".":
        texts = compute.replace_substring(texts, pattern=text_format.decimal, replacement=".")
    return texts


def _parse_dressed(texts: Any, text_format: TextFormat) -> np.ndarray:
    """Amounts with a currency, a percent sign, accountants' minus signs or the usual thousands mark."""
    import pyarrow as arrow
    import pyarrow.compute as compute

    for pattern, replacement in (
        (r"^\((.+)\)$", r"-\1"),
        (r"^([^-].*\d.*?)\s*-$", r"-\1"),
        (rf"^([+-]?)(?:{_CURRENCY}){_BLANK}*([+-]?)", r"\1\2"),
        (rf"{_BLANK}*(?:{_CURRENCY}|%)$", ""),
    ):
        texts = compute.replace_substring_regex(texts, pattern=pattern, replacement=replacement)
    usual: Thousands = "," if text_format.decimal == "." else "."
    numbers = np.full(len(texts), np.nan)
    for mark in (text_format.thousands,) if text_format.thousands else (usual, *_GROUP_MARKS):
        marked = text_format.model_copy(update={"thousands": mark})
        plain = compute.if_else(_is_number(texts, marked), _without_marks(texts, marked), None)
        read = _to_numpy(compute.cast(plain, arrow.float64()))
        numbers = np.where(np.isnan(numbers), read, numbers)
    return numbers


def _to_numpy(numbers: Any) -> np.ndarray:
    import pyarrow.compute as compute

    array: np.ndarray = compute.fill_null(numbers, np.nan).to_numpy(zero_copy_only=False)
    return array


def is_plain_number(text: str) -> bool:
    """Whether the text is a number as Python writes it."""
    return re.fullmatch(_number_pattern(PLAIN), text) is not None


def looks_like_number(text: str) -> bool:
    """Whether the text is a number with any decimal and thousands marks."""
    return is_plain_number(text) or _MARKED_NUMBER.fullmatch(text) is not None


@dataclass(frozen=True)
class Marks:
    """The marks in the numbers of a column: those that are certainly decimal, certainly for thousands, or either."""

    decimal: frozenset[str] = frozenset()
    thousands: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()

    def __or__(self, other: "Marks") -> "Marks":
        return Marks(self.decimal | other.decimal, self.thousands | other.thousands, self.either | other.either)


def find_marks(texts: Sequence[str]) -> Marks:
    """The marks in a column; none if one of its texts is not a number.

    If a number has both a point and a comma, the last is the decimal mark. A mark that occurs twice separates
    thousands. A single mark is a decimal mark if it is not followed by exactly three digits, or if it comes after a 0
    or after more than three digits. `1,234` alone can be either.
    """
    found = Marks()
    for text in texts:
        if not looks_like_number(text):
            return Marks()
        found |= _marks_of(text)
    return found


def _marks_of(text: str) -> Marks:
    groups = frozenset(mark for mark in " '_" if re.search(_MARKS[mark], text))
    points = re.findall(r"[.,]", text)
    if not points:
        return Marks(thousands=groups)
    last = frozenset(points[-1])
    if len(set(points)) == 2:
        return Marks(decimal=last, thousands=groups | (frozenset(points) - last))
    if len(points) > 1:
        return Marks(thousands=groups | last)
    before, _, after = text.lstrip("+-").partition(points[0])
    is_group = re.fullmatch(r"\d{3}", after) and re.fullmatch(r"[1-9]\d{0,2}", before)
    return Marks(either=last, thousands=groups) if is_group else Marks(decimal=last, thousands=groups)


def choose_marks(found: Marks, *, is_european: bool) -> tuple[Decimal, Thousands]:
    """The decimal and the thousands mark of a table; the plain ones if its numbers contradict each other.

    If nothing else decides, `is_european` says what `1,234` means. It is a decimal comma in files whose cells are
    separated by semicolons, since there the comma is not the delimiter.
    """
    thousands = found.thousands | (found.either - found.decimal)
    groups: list[Thousands] = [mark for mark in _GROUP_MARKS if mark in found.thousands]
    if found.decimal == {","} or (not found.decimal and "." in found.thousands):
        return ",", "." if "." in thousands else (groups or [""])[0]
    if found.decimal == {"."} or (not found.decimal and "," in found.thousands):
        return ".", "," if "," in thousands else (groups or [""])[0]
    if found.decimal:
        return ".", ""  # both occur: the config must say which is meant
    if "," in found.either:
        return (",", "") if is_european else (".", ",")
    return ".", (groups or [""])[0]
