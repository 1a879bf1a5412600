"""Reads images from tables in which each column is a pixel, row by row of the image, in training and prediction alike.

The facts about the columns are kept as `PixelColumns`; apart from that, the images are treated like any others.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nncli.config.data.columns import PixelImage
from nncli.config.facts import DataFacts, ImageInput, NumberColumn, PixelColumns, TableInput
from nncli.config.sections import Data
from nncli.data.batches import Batch, Failure
from nncli.data.dataset import Dataset, Part
from nncli.data.images.image_dataset import Images, Labels, image_dataset
from nncli.data.images.pixel_values import as_pixels
from nncli.data.plurals import count
from nncli.data.tables.features.choosing import candidate_names, check_names
from nncli.data.tables.files.columns import Table, unknown_columns
from nncli.data.tables.inputs import label_table, table_batches
from nncli.data.tables.loading import asked_task, check_target, read
from nncli.data.tables.split_column import split_column_name, split_rows_of
from nncli.data.targets import choose_goal, encode_targets
from nncli.errors import DataError


def load_pixels(data: Data, image: PixelImage, *, seed: int) -> Dataset:
    """The data set of a table whose columns, except the target and those in `drop`, are pixels.

    Raises:
        DataError: the table, its target or a pixel cannot be used, or the number of columns is not that of the pixels.
    """
    if data.path is None:
        raise DataError(f"data.path: source {data.source} needs `path`: the table's file")
    if not data.target:
        raise DataError("data.target: say which column to predict", hint="the other columns are the pixels")
    notes: list[str] = []
    table = read(data.path, data)
    targets = check_target(table, data.target)
    check_names(table, data, targets)
    by = split_column_name(data)
    names = tuple(name for name in candidate_names(table, data, targets) if name != by)
    _check_count(names, image, table)
    table = _with_target(table, targets, notes)
    columns = [table.columns[name] for name in targets]
    goal, told = choose_goal(columns, data.task or asked_task(columns[0], data))
    height, width = image.shape
    notes.append(
        f"the columns {names[0]} to {names[-1]} are the pixels of images of {height} x {width}"
        + (f" x {image.channels}" if image.channels > 1 else "")
    )
    notes += [told] if told else []
    shape = (height, width, image.channels)
    pixels, scale = as_pixels(_stack(table, names).reshape(-1, *shape), Path(data.path))
    kind = ImageInput(height=height, width=width, channels=image.channels, dtype=str(pixels.dtype), scale=scale)  # type: ignore[arg-type]
    known = PixelColumns(
        names=names,
        columns=tuple(table.columns),
        **data.text_format.model_dump(),
    )
    test = None
    if isinstance(data.test, str):
        other = _with_target(read(data.test, data), targets, notes)
        values = _to_images(_stack(other, names), known, kind, other)
        test = Part({"image": values}, encode_targets(goal, [other.columns[name] for name in targets]), other.rows)
    labels = Labels(goal, encode_targets(goal, columns))
    keys = None if by is None else split_rows_of(data, table.columns[by], table.rows)
    read_images = Images(pixels, table.rows, keys=keys)
    del table, columns  # many times as large as the images
    dataset = image_dataset(data, seed, read_images, labels, scale=scale, test=test, notes=notes)
    return replace(dataset, facts=dataset.facts.model_copy(update={"pixels": known}))


def label_pixels(path: Path, facts: DataFacts, image: ImageInput, pixels: PixelColumns) -> Part:
    """The images and targets of a table with the columns that a model was trained on.

    Raises:
        DataError: a column is missing, or a pixel or a target cannot be used.
    """
    columns = _table_input(pixels)
    part = label_table(path, str(path), facts.model_copy(update={"inputs": columns}), columns)
    values, failures = _convert(part.inputs["numbers"], pixels, image)
    if failures:
        place, reason = min(failures.items())
        raise DataError(f"{path}: {count(len(failures), 'row')} cannot be used; row {part.rows[place] + 1}: {reason}")
    return replace(part, inputs={"image": values})


def pixel_batches(
    name: str,
    source: Path | memoryview,
    facts: DataFacts,
    image: ImageInput,
    pixels: PixelColumns,
    *,
    keep: bool = False,
) -> Iterator[Batch]:
    """The images in the rows of a table, in batches; a failure for each row that is not an image. With `keep`, a batch
    has the original cells of the columns that are not pixels. Raises DataError for a table that cannot be read."""
    columns = _table_input(pixels)
    for batch in table_batches(name, source, facts.model_copy(update={"inputs": columns}), columns, keep=keep):
        if not batch.names:
            yield batch
            continue
        values, failures = _convert(batch.inputs["numbers"], pixels, image)
        usable = [place for place in range(len(batch.names)) if place not in failures]
        failed = [Failure(batch.names[place], reason) for place, reason in sorted(failures.items())]
        batch.names = [batch.names[place] for place in usable]
        batch.inputs = {"image": values[usable]} if usable else {}
        batch.failures += failed
        if batch.kept is not None:
            batch.kept = batch.kept.drop_columns(list(pixels.names)).take(usable)
        yield batch


def _check_count(names: Sequence[str], image: PixelImage, table: Table) -> None:
    height, width = image.shape
    wanted = height * width * image.channels
    if len(names) == wanted:
        return
    side = math.isqrt(len(names))
    fix = f"`shape: [{side}, {side}]` would fit; " if side * side == len(names) and image.channels == 1 else ""
    shape = f"{height} x {width}" + (f" x {image.channels}" if image.channels > 1 else "")
    raise DataError(
        f"data.image: {shape} pixels are {wanted:,} columns, and {table.name} has {len(names):,} beside the target "
        f"({', '.join(names[:3])}, ...)",
        hint=f"{fix}list the columns that are not pixels in `drop`, or the pixels in `features`",
    )


def _with_target(table: Table, targets: Sequence[str], notes: list[str]) -> Table:
    """The rows that have a value in every target."""
    absent = [name for name in targets if name not in table.columns]
    if absent:
        raise unknown_columns(absent, table.columns, table.name)
    present = np.logical_and.reduce([table.columns[name].present for name in targets])
    missing = int((~present).sum())
    if missing == len(present):
        raise DataError(f"{table.name}: no row has a value in the target {', '.join(targets)}")
    if missing:
        notes.append(f"{', '.join(targets)}: {count(missing, 'row')} without a target dropped")
    return table.take(np.flatnonzero(present)) if missing else table


def _stack(table: Table, names: Sequence[str]) -> np.ndarray:
    """The columns as float32 (rows, columns). Raises DataError for a cell that is missing or not a number."""
    absent = [name for name in names if name not in table.columns]
    if absent:
        raise unknown_columns(absent, table.columns, table.name)
    values = np.empty((len(names), len(table)), np.float32)
    for place, name in enumerate(names):
        column = table.columns[name]
        with np.errstate(over="ignore"):
            values[place] = column.numbers
        wrong = np.flatnonzero(~np.isfinite(values[place]))
        if len(wrong):
            row = int(wrong[0])
            told = f'is "{column.text(row)[:40]}"' if column.present[row] else "is missing"
            raise DataError(
                f"{table.name}: the pixel {name} {told} in row {table.rows[row] + 1}",
                hint="a pixel must be a number; list columns that are not pixels in `drop`",
            )
    return np.ascontiguousarray(values.T)


def _to_images(values: np.ndarray, pixels: PixelColumns, image: ImageInput, table: Table) -> np.ndarray:
    converted, failures = _convert(values, pixels, image)
    if failures:
        place, reason = min(failures.items())
        raise DataError(f"{table.name}: row {table.rows[place] + 1}: {reason}")
    return converted


def _convert(values: np.ndarray, pixels: PixelColumns, image: ImageInput) -> tuple[np.ndarray, dict[int, str]]:
    """Images (n, height, width, channels) from float32 (n, columns), and for unusable ones (by index) the reason."""
    full = 1 / image.scale
    wrong = ~((values >= 0) & (values <= full + 1e-3))  # a comparison with NaN is false, so missing ones are wrong
    if image.dtype == "uint8":
        wrong |= values != np.round(values)
    failures = {}
    for place in np.flatnonzero(wrong.any(axis=1)):
        column = int(wrong[place].argmax())
        value = values[place, column]
        told = "is missing" if np.isnan(value) else f"is {value:g}"
        kind = "a whole number" if image.dtype == "uint8" else "a number"
        failures[int(place)] = f"the pixel {pixels.names[column]} {told}, and must be {kind} from 0 to {full:g}"
    kept = np.where(wrong, 0, values) if failures else values
    return kept.astype(image.dtype).reshape(-1, *image.shape), failures


def _table_input(pixels: PixelColumns) -> TableInput:
    """The columns described as numbers, so that they can be read like any table."""
    numbers = [NumberColumn(name=name, mean=0.0, deviation=1.0, median=0.0) for name in pixels.names]
    return TableInput(
        numbers=tuple(numbers),
        columns=pixels.columns,
        **pixels.text_format.model_dump(),
    )
