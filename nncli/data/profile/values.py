"""The results of examining a data set, as frozen dataclasses: columns, target, images, findings.

They contain only plain numbers and texts (except `Tile.pixels`), so that a profile can be printed, written as JSON, or
turned into a config.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from nncli.config.data.columns import ColumnType
from nncli.config.facts import Task


class Level(StrEnum):
    """How much a finding matters."""

    PROBLEM = "problem"  # `nncli train` refuses the data until it is fixed, or cannot use these rows or files
    WARNING = "warning"  # `nncli train` works, but the result may be misleading
    NOTE = "note"  # good to know


@dataclass(frozen=True)
class Finding:
    """One thing to know about the data, in one line: where, what, and how to fix it.

    `rule` names the kind of finding (see docs/data.md); `columns` and `rows` (the first few, counted from 1) give
    `where` in a form for programs. `fix` is empty if there is nothing to do.
    """

    rule: str
    level: Level
    where: str
    what: str
    fix: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a table.

    `kind` is what its cells are: "number", "category", "date", "text" (different in nearly every row) or "empty".
    `learn_as` is the type as which `nncli train` would learn it, None if it drops or refuses the column; then `reason`
    says why. `minimum`, `mean`, `median` and `maximum` are for columns of numbers, otherwise None; `frequent` has the
    most frequent values of other columns with their counts; `first` and `last` are the earliest and latest date or time
    in ISO 8601.
    """

    name: str
    kind: str
    learn_as: ColumnType | None
    reason: str | None
    rows: int
    missing: int
    distinct: int
    minimum: float | None = None
    mean: float | None = None
    median: float | None = None
    maximum: float | None = None
    frequent: tuple[tuple[str, int], ...] = ()
    first: str | None = None
    last: str | None = None

    @property
    def missing_share(self) -> float:
        """Missing cells over all cells, 0 to 1."""
        return self.missing / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class TargetProfile:
    """The target; `task` is None if its values fit no task (a finding says why).

    `classes` has each class with its number of rows, in the order of the outputs (for multilabel: each label with its
    number of positive rows); it is empty for regression. `rows` counts the rows that have a target.
    """

    columns: tuple[str, ...]
    task: Task | None
    why: str | None
    rows: int
    classes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class TableProfile:
    """The profile of a table; it was read with `delimiter` and `header` (guessed if they were not given).

    `parts` has the sizes of the training, validation and test sets that nncli would make; it is empty if the table
    cannot be split (a split needs ten rows, but no target). `repeated` counts the rows that equal an earlier one in the
    columns learned from.
    """

    source: str
    path: str | None
    rows: int
    columns: tuple[ColumnProfile, ...]
    target: TargetProfile | None
    parts: Mapping[str, int]
    repeated: int
    findings: tuple[Finding, ...]
    delimiter: str = ","
    header: bool = True
    missing: tuple[str, ...] = ()

    def column(self, name: str) -> ColumnProfile:
        """The column of that name. Raises KeyError if there is none."""
        return {column.name: column for column in self.columns}[name]


@dataclass(frozen=True)
class Tile:
    """One image of a contact sheet: uint8 (height, width, 1 or 3) from 0 to 255, its class, and its file or row."""

    group: str
    caption: str
    pixels: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class ImageProfile:
    """The profile of images.

    `names` is "class" if classes are exclusive, "label" if an image may have several, and "target" for regression.
    `parts` has the number of images in each set, `classes` that of each class in each set. `sizes` counts the images by
    (height, width), `modes` by Pillow's names of pixel formats; `shape` is the (height, width, channels) that `nncli
    train` would use. Of the `rows` images, `sampled` were decoded; `brightness` is their mean and `border` the median
    of their borders, from 0 to 1. `corrupt` has the unreadable files, each with the reason. `repeated` counts the
    images with the content of an earlier one.
    """

    source: str
    path: str | None
    rows: int
    parts: Mapping[str, int]
    names: str
    classes: tuple[tuple[str, Mapping[str, int]], ...]
    sizes: tuple[tuple[int, int, int], ...]
    modes: tuple[tuple[str, int], ...]
    shape: tuple[int, ...] | None
    sampled: int
    brightness: float | None
    border: float | None
    corrupt: tuple[tuple[str, str], ...]
    repeated: int
    findings: tuple[Finding, ...]
    tiles: tuple[Tile, ...] = field(default=(), repr=False)


Profile = TableProfile | ImageProfile
