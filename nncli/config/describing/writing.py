"""Writes plain values as YAML text with comments, for `nncli init`. Does not depend on data and files.

The text is read back by `reading/document.py`, so a value is quoted whenever that reader (YAML 1.2's scalars) or
another one (YAML 1.1's) could take it for something else than the text it is.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.config.reading.document import resolve_scalar

WIDTH = 110
# A comment after a value starts in this column, or two blanks after the value.
_NOTE_COLUMN = 40
_PLAIN = re.compile(r"(?:\.{0,2}/)*[^\W\d][\w ./+()%°-]*(?<! )")
# Booleans and nothing in YAML 1.1, which editors and other readers may follow.
_OTHER_MEANING = re.compile(r"y|n|yes|no|on|off|true|false|null|nan|inf", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """One value of a list that has a line for each, with the comment after it."""

    value: Any
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """One key of a mapping; a `value` of entries or items becomes a block, any other stands in its line.

    `note` is the comment after it, `above` are comment lines over it, `below` under it (both written as they are).
    """

    key: str
    value: "Any | tuple[Entry, ...] | tuple[Item, ...]"
    note: str = ""
    above: Sequence[str] = ()
    below: Sequence[str] = ()


def write_config(header: Sequence[str], entries: Sequence[Entry]) -> str:
    """The whole text: comment lines, then the entries."""
    lines = [*_comments(header, ""), *(line for entry in entries for line in _entry_lines(entry, ""))]
    return "\n".join(lines) + "\n"


def format_value(value: Any) -> str:
    """A value in one line: scalars, lists and mappings in flow style, text quoted where it needs to be."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{format_value(key)}: {format_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(format_value(item) for item in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return format_text(value) if isinstance(value, str) else repr(value)


def format_text(text: str) -> str:
    """A text as a plain scalar if every YAML reader takes it for text, else in double quotes."""
    is_plain = _PLAIN.fullmatch(text) and not _OTHER_MEANING.fullmatch(text) and resolve_scalar(text) == text
    return text if is_plain else quote_text(text)


def quote_text(text: str) -> str:
    """A text in double quotes."""
    return '"' + "".join(map(_escaped, text)) + '"'


def one_line(text: str, limit: int = 60) -> str:
    """A text of the data for a comment: one line, nothing unprintable, not too long."""
    tidy = "".join(mark if mark.isprintable() else " " for mark in text)
    tidy = " ".join(tidy.split())
    return tidy if len(tidy) <= limit else f"{tidy[: limit - 3]}..."


def _escaped(mark: str) -> str:
    if mark in '"\\':
        return f"\\{mark}"
    if mark.isprintable():
        return mark
    return f"\\x{ord(mark):02x}" if ord(mark) < 0x100 else f"\\U{ord(mark):08x}"


def _entry_lines(entry: Entry, indent: str) -> Iterator[str]:
    yield from _comments(entry.above, indent)
    key = f"{indent}{format_text(entry.key)}:"
    below = f"{indent}  "
    inside = entry.value if isinstance(entry.value, tuple) else ()
    if not inside:
        key += f" {format_value(entry.value)}"
    yield from _noted(key, entry.note, indent)
    for each in inside:
        if isinstance(each, Entry):
            yield from _entry_lines(each, below)
        else:
            yield from _noted(f"{below}- {_item_text(each.value)}", each.note, below)
    yield from _comments(entry.below, below if isinstance(entry.value, tuple) else indent)


def _item_text(value: Any) -> str:
    """A layer in a list is `dense: {units: 10}`, without braces around it."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, options),) = value.items()
        return f"{format_text(key)}: {format_value(options)}" if options else format_text(key)
    return format_value(value)


def _noted(line: str, note: str, indent: str) -> Iterator[str]:
    """A line with its comment after it, or above it where both are too long for one line."""
    if not note:
        yield line
        return
    noted = f"{line:<{_NOTE_COLUMN}}  # {note}"
    if len(noted) > WIDTH:
        noted = f"{line}  # {note}"
    if len(noted) > WIDTH:
        yield from _comments([note], indent)
        noted = line
    yield noted


def _comments(lines: Sequence[str], indent: str) -> Iterator[str]:
    for line in lines:
        wrapped = textwrap.wrap(
            line,
            WIDTH - len(indent) - 2,
            subsequent_indent=" " * _hanging_indent(line),
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from (f"{indent}# {part}" for part in wrapped or [""])


def _hanging_indent(line: str) -> int:
    """The continuation of a list line is indented further."""
    return len(line) - len(line.lstrip()) + 4 if line.startswith(" ") else 0
