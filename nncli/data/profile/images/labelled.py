"""Examines images whose labels are in a table or in file names; loads them as arrays if the labels are no classes."""

from pathlib import Path

import numpy as np

from nncli.config.sections import Data, is_name_pattern
from nncli.data.dataset import Progress
from nncli.data.images.labels.loading import load_labelled_images
from nncli.data.images.labels.reading import LabelledImages, read_labels
from nncli.data.profile.images.arrays import look_over_images
from nncli.data.profile.images.folders import look_over_folder
from nncli.data.profile.images.listing import ImageFiles
from nncli.data.profile.values import Finding, ImageProfile, Level
from nncli.data.splits.dividing import Rows
from nncli.data.tables.files.columns import Column
from nncli.data.tables.split_column import split_rows_of
from nncli.data.targets import Goal, choose_goal, ordered_classes
from nncli.errors import DataError


def look_over_labelled(data: Data, *, seed: int, progress: Progress) -> ImageProfile:
    """The profile of the images that a `data` section with `labels` describes.

    Raises:
        DataError: the folder or the table does not exist, or no image has a label.
    """
    found = read_labels(data)
    findings = [Finding("labels", Level.NOTE, "labels", f"{_origin(data, found)} (`labels: {data.labels}`)")]
    findings += [Finding("labels", _level(note), "labels", note) for note in found.notes]
    goal: Goal | None = None
    try:
        goal, _ = choose_goal(found.columns, data.task)
    except DataError as error:
        findings.append(Finding("classes", Level.PROBLEM, "labels", error.message, error.hint or ""))
    if goal is not None and not goal.classes:
        return look_over_images(load_labelled_images(data, seed=seed, progress=progress), path=data.path)
    return look_over_folder(
        Path(str(data.path)),
        progress=progress,
        seed=seed,
        labelled=(_image_files(found, data), findings),
        section=data,
        keys=None if found.by is None else _keys(found, data, found.by),
    )


def _keys(found: LabelledImages, data: Data, by: Column) -> Rows:
    """What each image is split by; those of a test set, which are not, come last and may be left out."""
    return split_rows_of(data, by, found.rows[: len(by)])


def _origin(data: Data, found: LabelledImages) -> str:
    """Where the labels come from."""
    if is_name_pattern(data.labels or ""):
        return "read from the file names"
    names = ", ".join(column.name for column in found.columns)
    return f"read from {Path(str(data.labels)).name}, column {names}"


def _level(note: str) -> Level:
    """Dropped images are a warning, anything else is a note."""
    return Level.WARNING if "dropped" in note else Level.NOTE


def _image_files(found: LabelledImages, data: Data) -> ImageFiles:
    """The files with their class indices, in the order of the outputs."""
    classes = ordered_classes(found.columns[0])
    codes, texts = found.columns[0].dictionary
    place = {name: index for index, name in enumerate(classes)}
    labels = np.array([place.get(text, -1) for text in texts], np.int64)[codes]
    parts = tuple(name for name in ("train", "validation", "test") if (found.parts == name).any())
    numbers = np.array([parts.index(name) for name in found.parts], np.int64)
    return ImageFiles(Path(str(data.path)), list(found.files), numbers, labels, parts, classes)
