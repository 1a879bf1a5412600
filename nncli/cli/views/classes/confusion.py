"""The confusion matrix on a terminal: in full where it fits, else smaller and smaller, with the largest confusions."""

import string
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.console import Console, make_table, make_text
from nncli.console.drawing.braille import ACROSS, DOWN, draw_dots

_CORNER = "true \\ predicted"
# The number of confusions that are listed, and of classes if all would be too many.
_LISTED = 10
_MOST_CLASSES = 30
_LETTERS = string.ascii_lowercase + string.ascii_uppercase
_LONGEST_NAME = 20
# The share of a class's rows from which on a cell has a dot.
_DOT = 0.03
_FEWEST_DOTS, _MOST_LINES = 30, 40

Matrix = Sequence[Sequence[int]]


def class_parts(title: str, entries: Sequence[Mapping[str, Any]], table: Any) -> list[Any]:
    """`table(title, entries)` of all classes, or of many only those with the least F1, the others counted."""
    if len(entries) <= _MOST_CLASSES:
        return [table(title, entries)]
    ordered = sorted(entries, key=lambda entry: entry["f1"] if entry["f1"] is not None else float("inf"))
    left = len(entries) - _LISTED
    return [table(f"least f1 of {title}", ordered[:_LISTED]), f"and {left:,} more {title} in evaluation/metrics.json"]


def confusion_parts(console: Console, names: Sequence[str], matrix: Matrix) -> list[Any]:
    """What a console of some width can show of a matrix with true classes down and predicted ones across."""
    if not 2 <= len(matrix) == len(names):
        return []
    if (lines := _numbers(names, matrix, console.width)) is not None:
        return [*lines]
    smaller = _tenths(names, matrix, console.width) or _map(names, matrix, console)
    return [*smaller, *([""] if smaller else []), *_largest(names, matrix)]


def _numbers(names: Sequence[str], matrix: Matrix, width: int) -> list[Any] | None:
    """The counts, with names or letters above the columns; None where neither fits."""
    cells = [[str(count) if count else "." for count in row] for row in matrix]
    digits = max(len(cell) for row in cells for cell in row)
    if len(_CORNER) + sum(2 + max(len(name), digits) for name in names) <= width and max(map(len, names)) <= width // 4:
        return [make_table([_CORNER, *names], [[name, *row] for name, row in zip(names, cells, strict=True)])]
    if len(names) > len(_LETTERS):
        return None
    rows = _lettered(names)
    if max(len(_CORNER), *map(len, rows)) + len(names) * (2 + digits) > width:
        return None
    head = [_CORNER, *_LETTERS[: len(names)]]
    return [make_table(head, [[name, *row] for name, row in zip(rows, cells, strict=True)])]


def _lettered(names: Sequence[str]) -> list[str]:
    """Each name after its letter, cut where it is long."""
    cut = (name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 3] + "..." for name in names)
    return [f"{letter} {name}" for letter, name in zip(_LETTERS, cut, strict=False)]


def _tenths(names: Sequence[str], matrix: Matrix, width: int) -> list[Any]:
    """A digit a cell: tenths of the true class's rows; [] where that is too wide."""
    if len(names) > len(_LETTERS):
        return []
    rows = _lettered(names)
    longest = max(map(len, rows))
    if longest + 2 * len(names) > width:
        return []
    lines = [" " * longest + "".join(f" {letter}" for letter in _LETTERS[: len(names)])]
    for name, counts in zip(rows, matrix, strict=True):
        whole = max(1, sum(counts))
        lines.append(f"{name:<{longest}} " + " ".join(_tenth(count, whole) for count in counts))
    lines.append("true classes down, predicted across, in tenths of a row: 9 is 90 %, # all, + less than 10 %")
    return [make_text([[(line, "")] for line in lines[:-1]]), lines[-1]]


def _tenth(count: int, whole: int) -> str:
    tenths = 10 * count // whole
    return "." if not count else "+" if not tenths else "#" if tenths == 10 else str(tenths)


def _map(names: Sequence[str], matrix: Matrix, console: Console) -> list[Any]:
    """A dot a cell, in braille; [] where a console has no such characters or the matrix too few or too many classes."""
    classes = len(names)
    fits = classes >= _FEWEST_DOTS and -(-classes // ACROSS) <= console.width and -(-classes // DOWN) <= _MOST_LINES
    if not fits or not console.speaks_unicode:
        return []
    dots = [
        (x, y) for y, counts in enumerate(matrix) for x, count in enumerate(counts) if count > _DOT * sum(counts) > 0
    ]
    told = f"true classes down, predicted across, {names[0]} to {names[-1]}; a dot: over {_DOT:.0%} of the class's rows"
    return [make_text([[(line, "")] for line in draw_dots(dots, classes, classes)]), told]


def _largest(names: Sequence[str], matrix: Matrix) -> list[Any]:
    """The confusions with most rows, largest first, and how many there are in all."""
    found = [
        (count, count / sum(counts), y, x)
        for y, counts in enumerate(matrix)
        for x, count in enumerate(counts)
        if count and x != y
    ]
    found.sort(key=lambda each: (-each[0], -each[1], *each[2:]))
    if not found:
        return ["no class is taken for another"]
    rows = [
        [names[y], names[x], f"{count:,}", f"{sum(matrix[y]):,}", f"{share:.1%}"]
        for count, share, y, x in found[:_LISTED]
    ]
    wrong, all_rows = sum(each[0] for each in found), sum(map(sum, matrix))
    pairs = "1 pair" if len(found) == 1 else f"{len(found):,} pairs"
    told = f"{wrong:,} of {all_rows:,} rows are taken for another class, in {pairs} of classes"
    return [make_table(["true", "taken for", "rows", "of", "share"], rows, left=2), told]
