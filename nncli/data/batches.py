"""The result of reading a user's inputs: batches of arrays with the names of their rows, and failures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nncli.data.dataset import Inputs

# The name of the input that is read from stdin.
STDIN = "-"
_EXAMPLES = 3


@dataclass(frozen=True)
class Failure:
    """An input that could not be used, and the reason in one line."""

    name: str
    message: str


@dataclass(frozen=True)
class Outside:
    """How many rows have a value in a column that training did not have, some of these values, and what is known.

    `low` and `high` are the training range of a column of numbers, None for categories.
    """

    rows: int
    examples: tuple[str, ...]
    low: float | None = None
    high: float | None = None


@dataclass
class Batch:
    """Inputs that could be read, with a name in `names` for each row, and `failures` for those that could not.

    `warnings` are pairs of a name and what is wrong with it. `outside` counts, by column, the rows whose value training
    did not have. `kept` are the original cells of the rows as a pyarrow.Table, where they were asked for. `share` (0 to
    1) of all that is read is done with this batch. `files` has the image file of each row, or its bytes; `prepared`
    counts the files that were changed to look like the training images.
    """

    names: list[str] = field(default_factory=list)
    inputs: Inputs = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    outside: dict[str, Outside] = field(default_factory=dict)
    kept: Any = None
    share: float = 1.0
    files: list[Path | bytes] = field(default_factory=list)
    prepared: int = 0


def merge_outside(total: Mapping[str, Outside], more: Mapping[str, Outside]) -> dict[str, Outside]:
    """The counts of two batches together."""
    merged = dict(total)
    for name, outside in more.items():
        known = merged.get(name)
        if known is None:
            merged[name] = outside
        else:
            examples = first_different((*known.examples, *outside.examples))
            merged[name] = Outside(known.rows + outside.rows, examples, known.low, known.high)
    return merged


def first_different(examples: Iterable[str]) -> tuple[str, ...]:
    """The first few different ones."""
    return tuple(dict.fromkeys(examples))[:_EXAMPLES]
