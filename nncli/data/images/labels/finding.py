"""Detects where the labels of a folder of images are: in a table, in file names, or in the names of its folders."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nncli.config.sections import Data, is_name_pattern
from nncli.data.images.files import images_below
from nncli.data.images.folders import class_folders, part_folders
from nncli.data.images.labels.files import FileIndex
from nncli.data.images.labels.patterns import guess_pattern
from nncli.data.images.labels.tables import class_candidates, find_file_column, is_table, open_label_table
from nncli.data.tables.files.columns import Table
from nncli.errors import DataError, UsageError

# Folders with these names contain a set or all of the images, rather than a class.
_NO_CLASSES = frozenset(
    ("train", "training", "test", "test1", "testing", "val", "valid", "validation", "images", "image", "imgs", "data")
)
_TRAINING = ("train", "training")
# A table beside the folder, rather than in it, must name this share of the images.
_MOSTLY = 0.5
_MOST_TABLES = 30
_LARGEST_TABLE = 1 << 29


@dataclass(frozen=True)
class FoundLabels:
    """What a config should say about the labels: a pattern or the absolute path of a table, with its file column.

    `targets` are the possible targets: exactly one if it is clear, none for a pattern. `columns` are all columns of the
    table except the file column.
    """

    labels: str
    file_column: str | None = None
    targets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def image_section(folder: Path, targets: Sequence[str] = ()) -> Data:
    """The `data` section for a folder of images, with `labels` if its folders are not the classes.

    Raises:
        UsageError: a table has several possible targets, or lacks one of the `targets` (`--target`).
    """
    root = folder.resolve()
    found = find_labels(root, targets)
    section = Data(source="images", path=str(root))
    if found is None and targets:
        raise UsageError(
            f"--target: no table in {folder} names its images and has the column {', '.join(targets)}",
            hint="leave --target out if the folder of an image is its class",
        )
    if found is None:
        _refuse_parts_as_classes(root)
        return section
    if is_name_pattern(found.labels):
        return section.model_copy(update={"labels": found.labels})
    if len(found.targets) > 1 and not targets:
        raise UsageError(
            f"say with --target what to predict; {Path(found.labels).name} has the columns {', '.join(found.columns)}",
            hint="likely: " + ", ".join(f"--target {shlex.quote(name)}" for name in found.targets[:5]),
        )
    return section.model_copy(
        update={"labels": found.labels, "file_column": found.file_column, "target": tuple(found.targets)}
    )


def _refuse_parts_as_classes(root: Path) -> None:
    """Refuses folders with names such as train and test as classes, since no labels were found for their images."""
    names = list(class_folders(part_folders(root)["train"]))
    if len(names) > 1 and not has_class_folders(root):
        raise UsageError(
            f"{root} has the folders {', '.join(sorted(names))}, which are not classes, and no labels were found",
            hint="labels may be names of folders, in a table beside the images, or in file names: see docs/data.md",
        )


def find_labels(root: Path, target: Sequence[str] = ()) -> FoundLabels | None:
    """The labels of a folder of images; None if its folders are the classes, or if no labels are found.

    With a `target`, only a table with those columns counts.
    """
    if not target and has_class_folders(root):
        return None
    files = images_below(root)
    if not files:
        return None
    found = _find_table(root, files, target, 0.0) or _find_table(root.parent, files, target, _MOSTLY)
    if found is not None or target:
        return found
    training = [file for file in files if file.relative_to(root).parts[0].casefold() in _TRAINING] or files
    pattern = guess_pattern([file.name for file in training])
    return FoundLabels(pattern) if pattern is not None else None


def has_class_folders(root: Path) -> bool:
    """Whether there are several folders of images, and not all of them have names such as train and test."""
    names = list(class_folders(part_folders(root)["train"]))
    return len(names) > 1 and not all(name.casefold() in _NO_CLASSES for name in names)


def _find_table(folder: Path, files: Sequence[Path], target: Sequence[str], share: float) -> FoundLabels | None:
    """The table in a folder that names the most files, if it names at least that share of them."""
    tables = sorted(file for file in folder.iterdir() if is_table(file) and file.is_file())[:_MOST_TABLES]
    best, most = None, 0
    for path in tables:
        index = FileIndex(files, (folder,))
        table = _open(path, index)
        column = find_file_column(table, index) if table is not None else None
        if table is None or column is None:
            continue
        targets = tuple(target or class_candidates(table, column))
        named = sum(len(index.find(text)) == 1 for text in table.columns[column].values)
        if targets and set(targets) <= set(table.columns) and named > max(most, share * len(files)):
            others = tuple(name for name in table.columns if name != column)
            best, most = FoundLabels(str(path.resolve()), column, targets, others), named
    return best


def _open(path: Path, index: FileIndex) -> Table | None:
    """The table; None if the file cannot be read as one, since files beside images need not be tables of labels."""
    try:
        if path.stat().st_size > _LARGEST_TABLE:
            return None
        return open_label_table(path, Data(source="images"), index)
    except (DataError, OSError):
        return None
