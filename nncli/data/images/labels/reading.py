"""Reads the labels that a config describes: image files, their sets and their target columns; decodes no images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nncli.config.sections import Data, is_name_pattern
from nncli.data.images.files import images_below
from nncli.data.images.folders import TEST_NAMES, VALIDATION_NAMES, existing_folder
from nncli.data.images.labels.files import FileIndex
from nncli.data.images.labels.patterns import read_class, read_group
from nncli.data.images.labels.tables import is_table, read_label_table
from nncli.data.plurals import count
from nncli.data.tables.files.columns import Column, Table, text_column, unknown_columns
from nncli.errors import DataError

# The name of the target if no column has one; the same as for class folders.
CLASS = "class"
# What `data.split.column` calls the part of file names that `{group}` matches.
GROUP = "group"
_PART_NAMES = {"train": ("train", "training"), "test": TEST_NAMES, "validation": VALIDATION_NAMES}
_SHOWN = 3


@dataclass(frozen=True)
class LabelledImages:
    """Image files with their targets.

    `columns` are the target columns without missing cells. `rows`, int64 (n,), is the row of each image in the table,
    or its position in the sorted list of files. `parts` has the set of each image: "train", "test" or "validation"; all
    are "train" if the source is not split. `by` is the column that `data.split` names, for the images of the training
    set at least, which come first where a table names a test set.
    """

    files: tuple[Path, ...]
    columns: list[Column]
    rows: np.ndarray
    parts: np.ndarray
    notes: tuple[str, ...]
    by: Column | None = None


def read_labels(data: Data) -> LabelledImages:
    """The labelled images of a `data` section with `labels`.

    Raises:
        DataError: the folder or the table does not exist, or no image has a label.
    """
    if data.path is None:
        raise DataError("data.path: source images needs `path`: the folder with the images")
    root = existing_folder(Path(data.path))
    files = _images(root)
    if isinstance(data.test, str) and is_table(Path(data.test)):
        return _with_test_table(data, root, files)
    test = existing_folder(Path(data.test)) if isinstance(data.test, str) else None
    files += [file for file in _images(test) if file not in set(files)] if test is not None else []
    found = _label(data, files, root)
    parts = np.array([_part(file, root, test) for file in found.files])
    if not (parts == "train").any():
        raise DataError(
            f"{root}: no image with a label is left to train on", hint="take fewer images for the test set (`test`)"
        )
    if test is not None and not (parts == "test").any():
        raise DataError(f"data.test: no image in {test} has a label", hint="leave `test` out, or set it to a fraction")
    return replace(found, parts=parts)


def label_files(data: Data, files: Sequence[Path], root: Path) -> LabelledImages:
    """The files for which the section's `labels` has a label, all as "train".

    Raises:
        DataError: no file has a label.
    """
    return _label(data, files, root)


def _images(folder: Path) -> list[Path]:
    files = images_below(folder)
    if not files:
        raise DataError(f"{folder} has no images in it", hint="name the folder with the images")
    return files


def _label(data: Data, files: Sequence[Path], root: Path, tested: Sequence[Path] = ()) -> LabelledImages:
    """The files that have a label; a note tells of the others, except those in `tested`."""
    labels = data.labels or ""
    if is_name_pattern(labels):
        return _from_names(labels, files, data)
    table = Path(labels)
    read = read_label_table(table, data, FileIndex(files, (root, table.parent)))
    notes = list(read.notes)
    unnamed = sorted(set(files) - set(read.files) - set(tested))
    if unnamed:
        notes.append(f"{count(len(unnamed), 'image')} without a row in {table.name} dropped: {_name_some(unnamed)}")
    name = None if data.split is None else data.split.column
    by = None if name is None else _split_column(read.table, name)
    return LabelledImages(read.files, read.columns, read.table.rows, _all_train(len(read.files)), tuple(notes), by)


def _split_column(table: Table, name: str) -> Column:
    if name not in table.columns:
        error = unknown_columns([name], table.columns, table.name)
        raise DataError(f"data.split.column: {error.message}", hint=error.hint)
    return table.columns[name]


def _from_names(pattern: str, files: Sequence[Path], data: Data) -> LabelledImages:
    if data.target:
        raise DataError(
            "data.target: the classes are in the file names, which have no columns", hint="leave `target` out"
        )
    if data.file_column:
        raise DataError(
            "data.file_column: the labels are in file names, which have no columns", hint="leave `file_column` out"
        )
    found = read_class(pattern, [file.name for file in files])
    fitting = [place for place, label in enumerate(found) if label is not None]
    if not fitting:
        raise DataError(
            f"data.labels: no image is named like {pattern!r}; the names are like {_name_some(files)}",
            hint="`nncli init FOLDER` looks for a pattern that fits",
        )
    notes = []
    if len(fitting) < len(files):
        others = [file for file, label in zip(files, found, strict=True) if label is None]
        notes.append(f"{count(len(others), 'image')} not named like {pattern!r} dropped: {_name_some(others)}")
    texts = sorted({str(found[place]) for place in fitting})
    codes = {text: code for code, text in enumerate(texts)}
    column = text_column(CLASS, np.array([codes[str(found[place])] for place in fitting], np.int32), texts)
    kept = tuple(files[place] for place in fitting)
    by = _group_column(pattern, kept, data)
    return LabelledImages(kept, [column], np.array(fitting, np.int64), _all_train(len(kept)), tuple(notes), by)


def _group_column(pattern: str, files: Sequence[Path], data: Data) -> Column | None:
    """What `{group}` matches in each file name; None if the config does not split by it."""
    if data.split is None or data.split.column is None:
        return None
    groups = read_group(pattern, [file.name for file in files])
    if groups is None or data.split.column != GROUP or data.split.by != "group":
        raise DataError(
            f"data.split: file names have no column {data.split.column!r}",
            hint="say {group} in the pattern of `labels`, as in '{class}_{group}_{number}.*', and "
            "`split: {by: group, column: group}`",
        )
    texts = sorted(set(groups))
    codes = {text: code for code, text in enumerate(texts)}
    return text_column(GROUP, np.array([codes[text] for text in groups], np.int32), texts)


def _with_test_table(data: Data, root: Path, files: Sequence[Path]) -> LabelledImages:
    """The images of the table of labels, and those of the table that `test` names."""
    if is_name_pattern(data.labels or ""):
        raise DataError("data.test: the classes are in the file names", hint="name a folder of images, not a table")
    table = Path(str(data.test))
    below = images_below(table.parent)
    everything = [*files, *(file for file in below if file not in set(files))]
    test = read_label_table(table, data, FileIndex(everything, (root, table.parent)))
    train = _label(data.model_copy(update={"target": test.targets}), files, root, test.files)
    both = set(train.files) & set(test.files)
    notes = list(train.notes)
    if both:
        notes.append(f"{count(len(both), 'image')} of the test set dropped from the training set")
    kept = np.array([file not in both for file in train.files])
    columns = [_join(one.take(kept), other) for one, other in zip(train.columns, test.columns, strict=True)]
    files = [file for file, stays in zip(train.files, kept, strict=True) if stays]
    parts = np.array(["train"] * len(files) + ["test"] * len(test.files))
    rows = np.concatenate([train.rows[kept], test.table.rows])
    notes = [*notes, *(f"test: {note}" for note in test.notes)]
    by = None if train.by is None else train.by.take(np.flatnonzero(kept))
    return LabelledImages((*files, *test.files), columns, rows, parts, tuple(notes), by)


def _join(one: Column, other: Column) -> Column:
    """Two columns concatenated."""
    (codes, texts), (more_codes, more_texts) = one.dictionary, other.dictionary
    merged = {text: code for code, text in enumerate(dict.fromkeys([*texts, *more_texts]))}
    first, second = (np.array([merged[text] for text in each], np.int32) for each in (texts, more_texts))
    return text_column(one.name, np.concatenate([first[codes], second[more_codes]]), list(merged))


def _part(file: Path, root: Path, test: Path | None) -> str:
    """The set of a file, by the name of its top folder below the root, or by `test`."""
    if test is not None and file.is_relative_to(test):
        return "test"
    if not file.is_relative_to(root):
        return "train"
    top = file.relative_to(root).parts[0].casefold()
    return next((part for part, names in _PART_NAMES.items() if top in names), "train")


def _all_train(rows: int) -> np.ndarray:
    return np.full(rows, "train", dtype="<U10")


def _name_some(files: Sequence[Path]) -> str:
    return ", ".join(file.name for file in files[:_SHOWN]) + (", ..." if len(files) > _SHOWN else "")
