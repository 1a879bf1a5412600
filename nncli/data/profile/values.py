"""What a look at a data set finds, as frozen values: columns, target, images, findings.

Everything here is plain numbers and texts (but for `Tile.pixels`), so that a profile can be printed, written as JSON,
or turned into a config.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from nncli.config.facts import Task
from nncli.config.sections import ColumnType


class Level(StrEnum):
    """How much a finding matters."""

    PROBLEM = "problem"  # `nncli train` refuses the data until it is fixed, or cannot use these rows or files
    WARNING = "warning"  # trains, but the result may not mean what one thinks
    NOTE = "note"  # good to know


@dataclass(frozen=True)
class Finding:
    """One thing to know of the data, in one line: what, where, what to do.

    `rule` names the kind (see docs of `nncli data`), `columns` and `rows` (counted from 1, the first few) are the same
    place as `where` for programs. `fix` is empty where nothing has to be done.
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
    `learn_as` is the type `nncli train` would learn it as, None where it leaves the column out or refuses it; then
    `reason` says why. The four statistics are those of the numbers (None without any), `frequent` the most frequent
    values with their counts, for other columns, `first` and `last` the ends of dates and times, as ISO 8601 has them.
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
    """What would be predicted; `task` is None when the values fit no task (a finding says why).

    `classes` has each class with its rows in the order of the outputs (for multilabel: each label with its positive
    rows); it is empty for regression. `rows` are those that have a target.
    """

    columns: tuple[str, ...]
    task: Task | None
    why: str | None
    rows: int
    classes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class TableProfile:
    """A table examined; `delimiter` and `header` are what it was read with (guessed when they were not given).

    `parts` are the rows of train, validation and test as `nncli` would split them; empty where it cannot (no target
    is needed for that, ten rows are). `repeated` rows equal an earlier one in the columns learned from.
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
        """The column of that name. Raises KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]


@dataclass(frozen=True)
class Tile:
    """One picture of a contact sheet: uint8 (height, width, 1 or 3) from 0 to 255, its class, its file or row."""

    group: str
    caption: str
    pixels: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class ImageProfile:
    """Images examined.

    `names` is "class" where classes are exclusive, and "label" where several may be true at once. `parts` are images
    by part; `classes` has each class with its images by part. `sizes` counts (height, width), `modes` Pillow's names
    of the pixel formats; `shape` is the (height, width, channels) that `nncli train` would use.
    `sampled` of `rows` images were decoded; `brightness` (mean) and `border` (median) are theirs, from 0 to 1.
    `corrupt` names files with the reason. `repeated` images have the content of an earlier one.
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
