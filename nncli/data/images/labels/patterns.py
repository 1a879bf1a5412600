"""Reads classes from file names by a pattern such as `{class}_*`; opens no files.

`{class}` matches the class and `{group}` what images are split by, both as short as the rest of the pattern allows,
`{number}` matches digits and `*` anything. A pattern must match the whole name including the suffix: `{class}.*` reads
cat from cat.0.jpg.
"""

import re
from collections.abc import Sequence

from nncli.errors import DataError

_FIELDS = {"{class}": "(?P<label>.+?)", "{group}": "(?P<group>.+?)", "{number}": r"\d+", "*": ".*"}
_PIECES = re.compile(r"(\{[^{}]*\}|\*)")
_MOST_FIELDS = 6
# Usual patterns of file names, the simplest first; the first that fits is used.
_USUAL = (
    *(f"{{class}}{mark}{{number}}.*" for mark in ("_", "-", ".", " ", "")),
    "{class} ({number}).*",
    *(f"{{number}}{mark}{{class}}.*" for mark in ("_", "-", ".", " ")),
    *(f"{{class}}{mark}*" for mark in ("_", "-", ".", " ")),
    *(f"*{mark}{{class}}.*" for mark in ("_", "-", ".", " ")),
)
# What cameras, phones and programs name every image.
_CAMERAS = frozenset(
    (
        "img", "image", "images", "dsc", "dscn", "dscf", "pxl", "photo", "pic", "picture", "frame", "screenshot",
        "scan", "sample", "file", "p", "mvimg", "vid",
    )
)  # fmt: skip
# A guessed pattern must fit nearly all names, with at least this many images per class on average; numbers need more,
# since they often mean something else.
_FITTING = 0.98
_FEWEST_A_CLASS, _FEWEST_A_NUMBER = 2, 5


def read_class(pattern: str, names: Sequence[str]) -> list[str | None]:
    """The class in each file name, None if the pattern does not match.

    Raises:
        DataError: the pattern is not valid; the message shows what a valid one looks like.
    """
    expression = _compile(pattern)
    matches = [expression.fullmatch(name) for name in names]
    return [match["label"].strip() or None if match else None for match in matches]


def read_group(pattern: str, names: Sequence[str]) -> list[str] | None:
    """The group in each file name, all of which the pattern matches; None if it has no `{group}`. Raises DataError."""
    expression = _compile(pattern)
    if "group" not in expression.groupindex:
        return None
    return [match["group"].strip() for match in map(expression.fullmatch, names) if match]


def guess_pattern(names: Sequence[str]) -> str | None:
    """The first pattern that fits nearly all names and gives several classes with enough images; None without one."""
    for pattern in _USUAL:
        labels = [label for label in read_class(pattern, names) if label is not None]
        classes = set(labels)
        fewest = _FEWEST_A_NUMBER if all(label.isdecimal() for label in classes) else _FEWEST_A_CLASS
        enough = len(labels) >= max(_FITTING * len(names), fewest * len(classes))
        if enough and len(classes) > 1 and _are_classes(classes):
            return pattern
    return None


def _are_classes(labels: set[str]) -> bool:
    """Whether the labels look like class names: words, or numbers of at most three digits."""
    if {label.casefold().strip(" _-.(") for label in labels} <= _CAMERAS:
        return False
    return all(re.search(r"[^\W\d_]", label) for label in labels) or all(
        label.isdecimal() and len(label) <= 3 for label in labels
    )


def _compile(pattern: str) -> re.Pattern[str]:
    pieces = [piece for piece in _PIECES.split(pattern) if piece]
    fields = [piece for piece in pieces if _PIECES.fullmatch(piece)]
    unknown = [field for field in fields if field not in _FIELDS]
    told = None
    if unknown:
        told = f"{unknown[0]} is not a field"
    elif fields.count("{class}") != 1:
        told = f"it has {{class}} {fields.count('{class}')} times, but needs it exactly once"
    elif fields.count("{group}") > 1:
        told = "it has {group} more than once"
    elif "/" in pattern:
        told = "it is matched against file names, which have no /"
    elif len(fields) > _MOST_FIELDS:
        told = f"it has more than {_MOST_FIELDS} fields"
    if told:
        raise DataError(
            f"data.labels: {pattern!r} is not a pattern of file names: {told}",
            hint="fields are {class}, {group}, {number} for digits and * for anything; "
            "'{class}_*' reads cat from cat_0.jpg",
        )
    return re.compile("".join(_FIELDS.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)
