"""Loads images with labels from a table or from file names, for training and for evaluation."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.config.sections import Data, is_name_pattern
from nncli.data.dataset import Dataset, Part, Progress
from nncli.data.images.files import images_below
from nncli.data.images.folders import (
    choose_shape,
    class_folders,
    decode_all,
    existing_folder,
    known_classes,
    relative_names,
)
from nncli.data.images.image_dataset import dataset_of_parts, refuse_table_options
from nncli.data.images.labels.files import FileIndex
from nncli.data.images.labels.reading import LabelledImages, label_files, read_labels
from nncli.data.images.labels.tables import TABLE_SUFFIXES, find_file_column, is_table, open_label_table
from nncli.data.tables.split_column import split_rows_of
from nncli.data.targets import choose_goal, encode_targets
from nncli.errors import DataError


def load_labelled_images(data: Data, *, seed: int, progress: Progress) -> Dataset:
    """The data set of a folder with `labels`; size and number of channels are chosen from the training images.

    Raises:
        DataError: no image has a label, the labels fit no task, or no image can be read.
    """
    refuse_table_options(data, target=True)
    found = read_labels(data)
    root = Path(str(data.path))
    goal, note = choose_goal(found.columns, data.task)
    notes = [*found.notes, *([note] if note else [])]
    targets = encode_targets(goal, found.columns)
    places = {part: np.flatnonzero(found.parts == part) for part in ("train", "test", "validation")}
    image = choose_shape([found.files[place] for place in places["train"]], data, notes, progress)
    parts, keys = {}, None
    for name, chosen in places.items():
        if len(chosen):
            told = partial(progress, f"reading {name} images")
            pixels, kept = decode_all([found.files[place] for place in chosen], image, notes, told)
            taken = chosen[kept]
            names = relative_names([found.files[place] for place in taken], root)
            parts[name] = Part({"image": pixels}, targets[taken], found.rows[taken], names)
            if name == "train" and found.by is not None:
                keys = split_rows_of(data, found.by.take(taken), found.rows[taken])
    dataset = dataset_of_parts(data, seed, parts, goal, image, notes, keys)
    if is_name_pattern(data.labels or ""):
        return replace(dataset, facts=dataset.facts.model_copy(update={"name_pattern": data.labels}))
    return dataset


@dataclass(frozen=True)
class Labelled:
    """Image files below a folder, with their targets as a trained model has them, and their rows (int64)."""

    files: list[Path]
    targets: np.ndarray
    rows: np.ndarray
    root: Path

    def part(self, pixels: np.ndarray, places: slice) -> Part:
        """Some of them, decoded."""
        names = relative_names(self.files[places], self.root)
        return Part({"image": pixels}, self.targets[places], self.rows[places], names)


def find_labelled(path: Path, facts: DataFacts) -> Labelled:
    """Labelled images for a trained model: a table of labels, or a folder with class folders, a table or file names.

    Raises:
        DataError: there are no labels, or a class is not known to the model.
    """
    root = path.parent if is_table(path) and path.is_file() else existing_folder(path)
    found = None if root == path and _has_class_folders(root, facts) else _find(path, root, facts)
    if found is None:
        files, targets = known_classes(root, facts.target)
        return Labelled(files, targets, np.arange(len(files), dtype=np.int64), root)
    return Labelled(list(found.files), encode_targets(facts.target, found.columns), found.rows, root)


def unreadable(path: Path, told: str) -> DataError:
    """The error for labelled images that cannot be read."""
    return DataError(f"{path}: {told}", hint="repair or remove them, so that it is clear what was evaluated")


def label_images(path: Path, facts: DataFacts, image: ImageInput) -> Part:
    """The labelled images of `find_labelled`, decoded. Raises DataError also where an image cannot be read."""
    found = find_labelled(path, facts)
    notes: list[str] = []
    pixels, kept = decode_all(found.files, image, notes, lambda done: None)
    if len(kept) < len(found.files):
        raise unreadable(path, notes[0])
    return found.part(pixels, slice(None))


def _has_class_folders(root: Path, facts: DataFacts) -> bool:
    classes = facts.target.task in (Task.BINARY, Task.MULTICLASS)
    return classes and bool(set(class_folders(root)) & set(facts.target.classes))


def _find(path: Path, root: Path, facts: DataFacts) -> LabelledImages | None:
    """The labelled images of a table or folder, first in the way of the training data; None if there are no labels."""
    files = images_below(root)
    if not files:
        raise DataError(f"{root} has no images in it", hint="name a folder with images, or a table beside them")
    data = Data(source="images", path=str(root))
    if is_table(path):
        index = FileIndex(files, (root,))
        columns = open_label_table(path, data, index).columns
        named = all(name in columns for name in facts.target.columns)
        target = facts.target.columns if named else None
        return label_files(data.model_copy(update={"labels": str(path), "target": target}), files, root)
    if facts.name_pattern is not None:
        return label_files(data.model_copy(update={"labels": facts.name_pattern}), files, root)
    index = FileIndex(files, (root,))
    for table in sorted(file for file in root.iterdir() if file.name.lower().endswith(TABLE_SUFFIXES)):
        try:
            opened = open_label_table(table, data, index)
        except DataError:
            continue  # not every table beside images has labels
        if all(name in opened.columns for name in facts.target.columns) and find_file_column(opened, index):
            section = data.model_copy(update={"labels": str(table), "target": facts.target.columns})
            return label_files(section, files, root)
    return None
