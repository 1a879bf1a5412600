"""Recognizes tables whose columns are the pixels of images, by the names, the number and the values of the columns."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from nncli.config.data.columns import PixelImage
from nncli.config.sections import MISSING, Data
from nncli.data.profile.tables.reading import open_table
from nncli.data.profile.values import Level
from nncli.data.tables.files.columns import Table
from nncli.data.tables.files.content import read_start
from nncli.errors import DataError

# The fewest pixels that an image may have.
_FEWEST = 49
_NUMBERED = re.compile(r"(?P<series>.*?)(?P<number>\d+)")
_PLACED = re.compile(r"(?P<series>.*?)\d+[x_,]\d+")
_NAMED_SO = re.compile(r".*pix.*|px.*|image.*|img.*", re.IGNORECASE)
_SAMPLE = 400
# How much neighbouring pixels may differ, relative to any two pixels of an image: if the column names suggest pixels,
# and if only the values do.
_SMOOTH, _CLEARLY_SMOOTH = 0.95, 0.8


@dataclass(frozen=True)
class FoundPixels:
    """The pixel columns in order, the shape of their images, and the columns that are neither pixels nor targets."""

    names: tuple[str, ...]
    image: PixelImage
    others: tuple[str, ...]


def pixel_section(path: Path, targets: Sequence[str]) -> Data | None:
    """The `data` section for a table of pixels; None for any other table, or if the target is not clear.

    Without `targets`, the target is the only column that is no pixel.
    """
    if not _is_wide(path):
        return None
    try:
        opened = open_table(path, MISSING)
    except DataError:
        return None  # reading it as a table reports what is wrong with it
    if any(finding.level is Level.PROBLEM for finding in opened.findings):
        return None
    found = find_pixel_columns(opened.table, targets)
    if found is None or not (targets or len(found.others) == 1):
        return None
    return Data(
        source="parquet" if opened.is_parquet else "csv",
        path=str(path.resolve()),
        **opened.text_format.model_dump(exclude={"missing"}),
        target=tuple(targets or found.others),
        drop=found.others if targets else (),
        image=found.image,
    )


def find_pixel_columns(table: Table, targets: Sequence[str]) -> FoundPixels | None:
    """The columns of the longest series of names (pixel0, pixel1, ...; 1x1, 1x2, ...) if their values are pixels."""
    candidates = [name for name in table.columns if name not in targets]
    series: dict[str, list[str]] = {}
    for name in candidates:
        match = _PLACED.fullmatch(name) or _NUMBERED.fullmatch(name)
        if match:
            series.setdefault(match["series"], []).append(name)
    names = max(series.values(), key=len, default=[])
    if len(names) < _FEWEST or not _are_in_order(names):
        return None
    values = _sample(table, names)
    if values is None:
        return None
    limit = _SMOOTH if _NAMED_SO.fullmatch(names[0]) or _PLACED.fullmatch(names[0]) else _CLEARLY_SMOOTH
    for channels in (1, 3):
        side = math.isqrt(len(names) // channels)
        if side * side * channels == len(names) and _roughness(values.reshape(-1, side, side, channels)) < limit:
            image = PixelImage(shape=(side, side), channels=1 if channels == 1 else 3)
            return FoundPixels(tuple(names), image, tuple(name for name in candidates if name not in set(names)))
    return None


def _is_wide(path: Path) -> bool:
    """Whether a file may have as many columns as an image has pixels, by its first line if it is plain text."""
    start = read_start(path, 1 << 16)
    if start[:4] == b"PAR1" or start[:2] == b"\x1f\x8b":
        return True
    line = start.partition(b"\n")[0]
    return max(line.count(mark) for mark in (b",", b";", b"\t", b"|")) >= _FEWEST


def _are_in_order(names: Sequence[str]) -> bool:
    """Whether the numbers in the names count up by one; names with row and column are taken to be in order."""
    if _PLACED.fullmatch(names[0]):
        return True
    numbers = [int(match["number"]) for match in map(_NUMBERED.fullmatch, names) if match]
    return all(after == before + 1 for before, after in pairwise(numbers))


def _sample(table: Table, names: Sequence[str]) -> np.ndarray | None:
    """Some rows of the columns, float32 (rows, columns); None if one of their values cannot be a pixel."""
    rows = np.unique(np.linspace(0, len(table) - 1, min(len(table), _SAMPLE)).round().astype(np.int64))
    values = np.stack([table.columns[name].numbers[rows] for name in names], axis=1).astype(np.float32)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 255:
        return None
    return values if values.max() <= 1 or (values == np.round(values)).all() else None


def _roughness(images: np.ndarray) -> float:
    """How much neighbouring pixels differ relative to any two pixels of an image; 1 for noise and for blank images."""
    flat = images.reshape(len(images), -1, images.shape[-1])
    shuffled = flat[:, np.random.default_rng(0).permutation(flat.shape[1])]
    any_two = float(np.abs(flat - shuffled).mean())
    neighbours = float(np.abs(np.diff(images, axis=1)).mean() + np.abs(np.diff(images, axis=2)).mean()) / 2
    return neighbours / any_two if any_two else 1.0
