"""A resolved config as YAML with the origin of each value after it, and as plain values; does not depend on data."""

import os
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nncli.config.describing.origins import Traced
from nncli.config.describing.writing import format_text, format_value
from nncli.config.reading.document import Mark, format_path

WIDTH = 80
_NOTE_COLUMN = 44


def annotate(traced: Sequence[Traced]) -> str:
    """The config as a text that can be saved and used; no line is longer than 80 unless a single value is."""
    marks = [value.origin for value in traced if isinstance(value.origin, Mark)]
    files = dict.fromkeys(mark.file for mark in marks if mark.line)
    header = [f"# {Path(file).name} is {_shorten(file)}" for file in files if Path(file).name != _shorten(file)]
    root: dict[Any, Any] = {}
    for value in traced:
        inner = root
        for part in value.path[:-1]:
            inner = inner.setdefault(part, {})
        inner[value.path[-1]] = value
    return "\n".join([*header, *_block(root, "")]) + "\n"


def to_values(traced: Sequence[Traced]) -> dict[str, dict[str, Any]]:
    """{path: {value, origin}}, with the whole path of a file in its origin."""
    return {
        format_path(value.path): {"value": value.value, "origin": describe_origin(value.origin, brief=False)}
        for value in traced
    }


def describe_origin(origin: str | Mark, *, brief: bool = True) -> str:
    """`default`, `inferred from data`, `config.yaml:12` or `command line (--set a=b)`."""
    if isinstance(origin, str):
        return origin
    if not origin.line:
        return f"command line ({origin.file})"
    return f"{Path(origin.file).name if brief else origin.file}:{origin.line}"


def _shorten(file: str) -> str:
    """A path from here, where it lies below."""
    relative = os.path.relpath(file)
    return file if relative.startswith("..") else relative


def _block(values: dict[Any, Any], indent: str) -> Iterator[str]:
    """The lines of a mapping; keys that are numbers are the items of a list."""
    for key, value in values.items():
        if isinstance(key, int):
            first, *others = _block(value, f"{indent}  ")
            yield from [f"{indent}- {first[len(indent) + 2 :]}", *others]
        elif isinstance(value, Traced):
            yield from _leaf(f"{indent}{format_text(key)}:", value, indent)
        else:
            yield f"{indent}{format_text(key)}:"
            yield from _block(value, f"{indent}  ")


def _leaf(key: str, value: Traced, indent: str) -> Iterator[str]:
    note = f"# {describe_origin(value.origin)}"
    line = f"{key} {format_value(value.value)}"
    noted = f"{line:<{_NOTE_COLUMN}}  {note}"
    if len(noted) <= WIDTH:
        yield noted
    elif len(f"{line}  {note}") <= WIDTH:
        yield f"{line}  {note}"
    else:
        yield from textwrap.wrap(note, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}# ")
        yield from [line] if len(line) <= WIDTH else _list_lines(line, value.value, indent)


def _list_lines(line: str, value: Any, indent: str) -> Iterator[str]:
    """A long list goes on in further lines; anything else cannot be broken."""
    if not isinstance(value, list):
        yield line
        return
    yield from textwrap.wrap(line, WIDTH, subsequent_indent=f"{indent}  ", break_long_words=False)
