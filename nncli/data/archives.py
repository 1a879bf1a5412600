"""Reads arrays in files (.npz, or a folder of .npy) as data sets of images or numeric rows.

The arrays are x_train, y_train, x_test, y_test (and x_val, y_val), or x and y, which are split; class_names is
optional.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, TableInput, Target, Task
from nncli.config.sections import Data
from nncli.data.arrays.archive import (
    INPUTS,
    Archive,
    Pair,
    input_table,
    is_one_hot,
    make_archive,
    pair_table,
    table_section,
    target_columns,
)
from nncli.data.arrays.files import ArrayFile, read_arrays
from nncli.data.dataset import Dataset, Inputs, Part
from nncli.data.images.image_dataset import Images, Labels, image_dataset, refuse_table_options
from nncli.data.images.pixel_values import PixelForm, as_pixels, choose_form, with_channels
from nncli.data.streaming.mapping import blocks_of
from nncli.data.tables.encoding import encode_table
from nncli.data.tables.files.columns import Column, Table
from nncli.data.tables.loading import label_rows, load_table
from nncli.data.targets import Goal, choose_goal, encode_targets
from nncli.errors import DataError

AnyArray = TypeVar("AnyArray", np.ndarray, ArrayFile)


def load_archive(data: Data, *, seed: int) -> Dataset:
    """The data set in an .npz file or a folder of .npy files.

    Raises:
        DataError: the file cannot be read, or its arrays do not match.
    """
    archive = open_archive(data)
    if archive.has_images:
        return archive_images(archive, data, seed)
    table, section, test = archive_tables(archive, data)
    return load_table(table, section, seed=seed, test=test)


def archive_path(data: Data) -> Path:
    """The path of the source. Raises DataError where there is none."""
    if data.path is None:
        raise DataError("source npz needs `path`: the .npz file, or a folder of .npy files")
    return Path(data.path)


def open_archive(data: Data) -> Archive:
    """The archive in memory, with the test set of another one. Raises DataError like `load_archive`."""
    archive = read_archive(archive_path(data))
    if isinstance(data.test, str):
        archive.pairs["test"] = read_archive(Path(data.test)).pairs["train"]
    return archive


def label_archive(path: Path, facts: DataFacts) -> Part:
    """The test set of an archive (or all of it if it has none), encoded for a trained model.

    Raises:
        DataError: the arrays have the wrong shape, or classes that the model does not know.
    """
    pair = labelled_pair(archive := make_archive(path, read_arrays(path), is_trained=False))
    return label_block(archive, pair, facts, form_of(path, pair[0], facts), is_one_hot(pair[1], facts.target), 0)


def labelled_pair(archive: Archive) -> Pair:
    """The test set of an archive, or all of it."""
    return archive.pairs["test" if "test" in archive.pairs else "train"]


def label_block(
    archive: Archive, pair: Pair, facts: DataFacts, form: PixelForm | None, one_hot: bool, first: int
) -> Part:
    """Some rows of an archive, from the row `first` on, with their targets, encoded for a trained model.

    `form` is that of all its images, and `one_hot` says whether its targets are classes in that form. Raises DataError.
    """
    targets = target_columns(archive, pair[1], facts.target, one_hot=one_hot)
    if form is not None:
        rows = np.arange(first, first + len(pair[0]), dtype=np.int64)
        return Part({"image": form.convert(pair[0])}, encode_targets(facts.target, targets), rows)
    table = _model_table(archive.path, pair[0], facts)
    columns = {**table.columns, **{each.name: each for each in targets}}
    return label_rows(replace(table, columns=columns, rows=table.rows + first), facts)


def choose_inputs(path: Path, arrays: Mapping[str, AnyArray]) -> AnyArray:
    """The array of an archive that holds inputs to predict for: x_test, or x_train, or x. Raises DataError."""
    found = next((arrays[name] for name in ("x_test", "x_train", "x") if name in arrays), None)
    if found is None:
        raise DataError(f"{path} has the arrays {', '.join(arrays) or '(none)'}", hint="name the inputs x")
    if found.dtype.kind not in "biuf" or not 1 <= len(found.shape) <= 4:
        raise DataError(f"{path}: the inputs are {found.dtype} with shape {found.shape}", hint=INPUTS)
    return found


def input_block(path: Path, inputs: np.ndarray, facts: DataFacts, form: PixelForm | None) -> Inputs:
    """Some rows of an archive as a trained model takes them; `form` is that of all its images. Raises DataError."""
    if form is not None:
        return {"image": form.convert(inputs)}
    return (
        {}
        if isinstance(facts.inputs, ImageInput)
        else encode_table(_model_table(path, inputs, facts), facts.inputs).inputs
    )


def form_of(path: Path, inputs: np.ndarray, facts: DataFacts) -> PixelForm | None:
    """The form of images, None of rows of numbers; whether a trained model takes them is checked.

    Raises:
        DataError: they do not fit the model.
    """
    if not isinstance(facts.inputs, ImageInput):
        if inputs.ndim > 2:
            raise DataError(f"{path} holds images (shape {inputs.shape}), but the model was trained on a table")
        return None
    if inputs.ndim <= 2:
        raise DataError(f"{path} holds numeric rows (shape {inputs.shape}), but the model was trained on images")
    images, image = with_channels(inputs), facts.inputs
    form = choose_form(images.shape, images.dtype, blocks_of(images), path)
    scale = form.scale
    if inputs.dtype == np.uint8 and image.dtype == "uint8" and scale > image.scale:
        scale = image.scale  # a few dark images need not reach the end of the range
    if images.shape[1:] != image.shape or form.dtype != image.dtype or abs(scale / image.scale - 1) > 0.01:
        raise DataError(
            f"{path} holds images of {images.shape[1:]} {form.dtype} (up to {1 / scale:g}), "
            f"the model takes {image.shape} {image.dtype} (up to {1 / image.scale:g})"
        )
    return form


def _model_table(path: Path, inputs: np.ndarray, facts: DataFacts) -> Table:
    """Rows of numbers with the columns of a trained model."""
    columns = facts.inputs.columns if isinstance(facts.inputs, TableInput) else ()
    return input_table(path, inputs, [column for column in columns if column not in facts.target.columns])


def read_archive(path: Path) -> Archive:
    """The arrays of an archive in memory. Raises DataError for one that cannot be read, or whose arrays are wrong."""
    return make_archive(path, read_arrays(path))


def archive_tables(archive: Archive, data: Data) -> tuple[Table, Data, Table | None]:
    """The numeric rows of an archive as a table, the section with its target, and its test set.

    Raises:
        DataError: the arrays do not match.
    """
    if "val" in archive.pairs:
        # The validation set of a table is always split off the training rows, so the two are joined here.
        pairs = [archive.pairs["train"], archive.pairs.pop("val")]
        archive.pairs["train"] = (np.concatenate([x for x, _ in pairs]), np.concatenate([y for _, y in pairs]))
    tables = {part: pair_table(archive, pair) for part, pair in archive.pairs.items()}
    return tables["train"], table_section(data, tables["train"].columns), tables.get("test")


def image_goal(archive: Archive, data: Data) -> tuple[Goal, str | None, list[Column], Target | None]:
    """What is predicted from images, with a note on how that was inferred, the targets of the training images, and the
    target as whose columns all targets are read, None where they name themselves."""
    values = archive.pairs["train"][1]
    multilabel = Target(task=Task.MULTILABEL, columns=()) if data.task is Task.MULTILABEL else None
    if multilabel is not None:
        multilabel = multilabel.model_copy(update={"columns": tuple(f"y{index}" for index in range(values.shape[-1]))})
    columns = target_columns(archive, values, multilabel)
    goal, note = choose_goal(columns, data.task)
    return goal, note, columns, multilabel


def range_differs(archive: Archive, part: str) -> DataError:
    """The error for images of a set whose values are of another kind than those of the training set."""
    return DataError(f"{archive.path}: the value range of x_{part} differs from that of x_train")


def archive_images(archive: Archive, data: Data, seed: int, places: Mapping[str, np.ndarray] | None = None) -> Dataset:
    """The data set of the images of an archive; `places` are their numbers in the sets, where they are some of all.

    Raises:
        DataError: the images do not match, or cannot be used as the section requires.
    """
    refuse_table_options(data)
    goal, note, columns, multilabel = image_goal(archive, data)
    pixels, scale = as_pixels(archive.pairs["train"][0], archive.path)
    parts = {}
    for part in ("test", "val"):
        if part in archive.pairs:
            x, y = archive.pairs[part]
            others, other_scale = as_pixels(x, archive.path)
            if others.dtype != pixels.dtype or other_scale != scale:
                raise range_differs(archive, part)
            targets = encode_targets(goal, target_columns(archive, y, multilabel))
            rows = np.arange(len(others), dtype=np.int64) if places is None else places[part]
            parts[part] = Part({"image": others}, targets, rows)
    return image_dataset(
        data,
        seed,
        Images(pixels, None if places is None else places["train"]),
        Labels(goal, encode_targets(goal, columns)),
        scale=scale,
        test=parts.get("test"),
        validation=parts.get("val"),
        notes=[note] if note else [],
    )
