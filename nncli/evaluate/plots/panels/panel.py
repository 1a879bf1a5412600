"""The kinds of panels that a drawing is made of: numbers and their names, nothing of how they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Line:
    """A curve, a path of dots joined in order, or dots alone; `x` and `y` have equal lengths."""

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    kind: Literal["curve", "path", "dots"] = "curve"


@dataclass(frozen=True)
class Curves:
    """Lines over one axis. Values outside of `y_range` are cut off; infinite ones leave a gap.

    With `whole_x`, the axis counts something such as steps; `spans` are stretches of the axis that a picture shades.
    """

    title: str
    x_label: str
    lines: tuple[Line, ...]
    y_label: str = ""
    y_range: tuple[float, float] | None = None
    log_y: bool = False
    whole_x: bool = False
    spans: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Bars:
    """A bar for each label. In a sketch the longest bar stands for the largest value, or the end of `y_range`."""

    title: str
    labels: tuple[str, ...]
    values: Sequence[float]
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Grid:
    """A matrix as cells (rows, columns): in shades, or with the numbers written in them if `numbers`.

    `signed` values are centred on 0.
    """

    title: str
    values: np.ndarray
    x_label: str = ""
    y_label: str = ""
    signed: bool = False
    numbers: bool = False


@dataclass(frozen=True)
class Surface:
    """The heights `z` (rows of y, columns of x) over a plane, and paths on it."""

    title: str
    x_label: str
    y_label: str
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    paths: tuple[Line, ...]


@dataclass(frozen=True)
class Blocks:
    """Matrices of a product as rectangles: each row is a sequence of (name, rows, columns) or of a sign alone."""

    title: str
    rows: tuple[tuple[tuple[str, int, int] | str, ...], ...]


Panel = Curves | Bars | Grid | Surface | Blocks


@dataclass(frozen=True)
class Drawing:
    """Panels, `columns` of them side by side; `sketched` says which a terminal shows, in rows of that many lines."""

    title: str
    panels: tuple[Panel, ...]
    columns: int = 2
    sketched: tuple[int, ...] = (0,)
    sketch_columns: int = 1
    sketch_height: int = 8
