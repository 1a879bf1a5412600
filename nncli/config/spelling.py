"""The valid name that a wrong one was probably meant to be; knows no sections, only names."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

# Nobody misspells a name at such length, and comparing would take long.
_LONGEST_NAME = 60
# Differences that difflib's ratio still takes for the same word.
_RATIO = 0.6


def did_you_mean(got: Any, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest name, or the list of names when none is near."""
    names = list(known)
    near = nearest_names(str(got), names)
    if near:
        return "; did you mean " + " or ".join(f'"{name}"' for name in near) + "?"
    return f"; known: {', '.join(names)}" if names else ""


def nearest_names(got: str, names: Sequence[str]) -> list[str]:
    """The name that needs the fewest changes to become `got`, or at most three that need as few; [] if none is near.

    Where none is, initials (`lr`, `mse`), the beginning of a single name, and difflib's ratio are tried in turn.
    """
    if len(got) > _LONGEST_NAME:
        return []
    folded = _fold(got)
    distances = {name: edit_distance(folded, _fold(name)) for name in names}
    smallest = min(distances.values(), default=0)
    found = [name for name in names if distances[name] == smallest <= max(1, len(folded) // 3)]
    if found:
        return found if len(found) <= 3 else []
    found = [name for name in names if "_" in name and folded == "".join(word[0] for word in name.split("_") if word)]
    found = found or [name for name in names if len(folded) >= 3 and _fold(name).startswith(folded)]
    if len(found) == 1:
        return found
    ratios = difflib.get_close_matches(folded, [_fold(name) for name in names], n=1, cutoff=_RATIO)
    return [name for name in names if _fold(name) in ratios][:1]


def _fold(name: str) -> str:
    """`Learning-Rate` and `learning rate` are spelled right but for what nobody hears."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def edit_distance(one: str, other: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour (Damerau, 1964; optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        previous, row, last = row, [i], before
        for j, wanted in enumerate(other, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != wanted))
            if last and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        before = previous
    return row[-1]
