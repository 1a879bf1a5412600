"""Classes in file names: a pattern such as `{class}_*` and what it reads; opens no files.

`{class}` is the class, as short as the rest of the pattern allows, `{number}` stands for digits and `*` for anything.
A pattern is matched against the whole name with its ending: `{class}.*` reads cat from cat.0.jpg.
"""

import re
from collections.abc import Sequence

from nncli.errors import DataError

_FIELDS = {"{class}": "(?P<label>.+?)", "{number}": r"\d+", "*": ".*"}
_PIECES = re.compile(r"(\{[^{}]*\}|\*)")
_MOST_FIELDS = 6
# Patterns that people and programs write names by, the plainest first; the first that fits is taken.
_USUAL = (
    *(f"{{class}}{mark}{{number}}.*" for mark in ("_", "-", ".", " ", "")),
    "{class} ({number}).*",
    *(f"{{number}}{mark}{{class}}.*" for mark in ("_", "-", ".", " ")),
    *(f"{{class}}{mark}*" for mark in ("_", "-", ".", " ")),
    *(f"*{mark}{{class}}.*" for mark in ("_", "-", ".", " ")),
)
# What cameras, phones and programs call every image.
_CAMERAS = frozenset(
    (
        "img", "image", "images", "dsc", "dscn", "dscf", "pxl", "photo", "pic", "picture", "frame", "screenshot",
        "scan", "sample", "file", "p", "mvimg", "vid",
    )
)  # fmt: skip
# A guess must fit nearly all names, and a class must have some images; a number more, since many mean something else.
_FITTING = 0.98
_FEWEST_A_CLASS, _FEWEST_A_NUMBER = 2, 5


def read_class(pattern: str, names: Sequence[str]) -> list[str | None]:
    """The class in each file name, None where the pattern does not fit.

    Raises:
        DataError: the pattern is none; the message says what one looks like.
    """
    expression = _compile(pattern)
    matches = [expression.fullmatch(name) for name in names]
    return [match["label"].strip() or None if match else None for match in matches]


def guess_pattern(names: Sequence[str]) -> str | None:
    """The pattern that nearly all of the names follow and that gives several classes of some images each."""
    for pattern in _USUAL:
        labels = [label for label in read_class(pattern, names) if label is not None]
        classes = set(labels)
        fewest = _FEWEST_A_NUMBER if all(label.isdecimal() for label in classes) else _FEWEST_A_CLASS
        enough = len(labels) >= max(_FITTING * len(names), fewest * len(classes))
        if enough and len(classes) > 1 and _are_classes(classes):
            return pattern
    return None


def _are_classes(labels: set[str]) -> bool:
    """Whether they look like names of classes: words, or numbers as short as those of classes are."""
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
        told = f"{unknown[0]} is no field of a pattern"
    elif fields.count("{class}") != 1:
        told = f"it has {{class}} {fields.count('{class}')} times, and needs it once"
    elif "/" in pattern:
        told = "it is matched against a file's name, which has no /"
    elif len(fields) > _MOST_FIELDS:
        told = f"it has more than {_MOST_FIELDS} fields"
    if told:
        raise DataError(
            f"data.labels: {pattern!r} is no pattern of file names: {told}",
            hint="fields are {class}, {number} for digits and * for anything; '{class}_*' reads cat from cat_0.jpg",
        )
    return re.compile("".join(_FIELDS.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)
