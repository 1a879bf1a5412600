"""Reads image folders: one folder of images for each class, perhaps inside train/, test/ and val/."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nncli.config.facts import ImageInput, Target, Task
from nncli.config.reading.document import is_unicode, show_text
from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Part, Progress
from nncli.data.images.decoding import LOOK, Header, has_colour, open_picture, raise_if_of_system, read_header
from nncli.data.images.files import SUFFIXES, images_below, is_hidden, map_parallel
from nncli.data.images.image_dataset import common_size, dataset_of_parts, given_size, refuse_table_options
from nncli.data.images.ink.preparing import MNIST_SIDE, read_images
from nncli.data.plurals import count
from nncli.data.targets import Goal, class_goal, class_targets
from nncli.errors import DataError

TEST_NAMES = ("test",)
VALIDATION_NAMES = ("val", "validation", "valid")
_SHOWN = 3
_OTHER_LABELS = "for labels in a table or in file names, say `labels: labels.csv` or `labels: '{class}_*'`"


@dataclass(frozen=True)
class Listing:
    """The image files of one set and the class index (int64) of each."""

    files: list[Path]
    labels: np.ndarray


@dataclass(frozen=True)
class FolderPlan:
    """What is known of an image folder before its images are decoded: the files of each set, what they become."""

    root: Path
    listings: dict[str, Listing]
    goal: Goal
    image: ImageInput
    notes: list[str]


def plan_folder(data: Data, progress: Progress) -> FolderPlan:
    """The sets of an image folder; size and number of channels are chosen from the training images.

    Raises:
        DataError: there are no class folders, or no image can be read.
    """
    if data.path is None:
        raise DataError("data.path: source images needs `path`: the folder that contains a folder for each class")
    refuse_table_options(data)
    root = existing_folder(Path(data.path))
    folders = part_folders(root, data.test)
    classes, notes = _classes(folders["train"])
    keys = {"test": "data.test: "} if isinstance(data.test, str) else {}
    listings = {name: list_images(folder, classes, keys.get(name, "")) for name, folder in folders.items()}
    goal = class_goal("class", classes, data.task)
    notes.append(f"task: {goal.task}, the classes are the {len(classes)} folders {', '.join(classes[:12])}")
    return FolderPlan(root, listings, goal, choose_shape(listings["train"].files, data, notes, progress), notes)


def load_folder(data: Data, *, seed: int, progress: Progress) -> Dataset:
    """The data set of an image folder, in memory. Raises DataError as `plan_folder` does."""
    plan = plan_folder(data, progress)
    parts = {}
    for name, listing in plan.listings.items():
        pixels, kept = decode_all(listing.files, plan.image, plan.notes, partial(progress, f"reading {name} images"))
        named = relative_names([listing.files[index] for index in kept], plan.root)
        parts[name] = Part({"image": pixels}, class_targets(plan.goal.task, listing.labels[kept]), kept, named)
    return dataset_of_parts(data, seed, parts, plan.goal, plan.image, plan.notes)


def known_classes(folder: Path, target: Target) -> tuple[list[Path], np.ndarray]:
    """The images in the class folders of a folder, and their targets with the classes that a model was trained on.

    Raises:
        DataError: the model has no classes, or a folder is not one of them.
    """
    if target.task not in (Task.BINARY, Task.MULTICLASS):
        raise DataError(f"a folder of classes cannot be used to evaluate a model of the task {target.task}")
    listing = list_images(existing_folder(folder), target.classes)
    return listing.files, class_targets(target.task, listing.labels)


def relative_names(files: Sequence[Path], root: Path) -> tuple[str, ...]:
    """The path of each file relative to the data folder, or the full path if the file is elsewhere."""
    return tuple((file.relative_to(root) if file.is_relative_to(root) else file).as_posix() for file in files)


def list_images(folder: Path, classes: Sequence[str], key: str = "") -> Listing:
    """All images below the class folders, ordered by class and path; `key` is the config key to name in messages.

    Raises:
        DataError: a folder with images is not one of the classes, or there are no images.
    """
    found = class_folders(folder)
    unknown = [name for name in found if name not in classes]
    if unknown:
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        raise DataError(
            f"{key}{folder} has folders that are no class of the training set: {', '.join(unknown[:_SHOWN])}{more} "
            "[class-folders]",
            hint=f"the classes are {', '.join(classes[:20])}",
        )
    files, labels = [], []
    for index, name in enumerate(classes):
        for file in found.get(name, []):
            files.append(file)
            labels.append(index)
    if not files:
        raise DataError(
            f"{key}{folder} has no folders with images in them", hint="put the images of each class in a folder"
        )
    return Listing(files, np.array(labels, np.int64))


def existing_folder(folder: Path) -> Path:
    """The folder itself, if it exists.

    Raises:
        DataError: it is a file or does not exist.
    """
    if folder.is_dir():
        return folder
    if folder.exists():
        raise DataError(
            f"{folder} is a file, not a folder of images", hint="for tables say `source: csv`, for arrays `source: npz`"
        )
    raise DataError(
        f"there is no folder {folder}", hint="relative paths in a config are relative to the config's folder"
    )


def class_folders(folder: Path) -> dict[str, list[Path]]:
    """The images below each subfolder, by name of the subfolder; subfolders without images are left out."""
    below = (sub for sub in folder.iterdir() if sub.is_dir() and not is_hidden(Path(sub.name)))
    listed = {sub.name: images_below(sub) for sub in below}
    return {name: files for name, files in listed.items() if files}


def part_folders(root: Path, test: str | float | None = None) -> dict[str, Path]:
    """The folders of the sets: train/, test/ and val/ if there is a train/ with class folders, otherwise root itself.

    `test` is the config's `data.test`; if it is a path, that is the folder of the test set.
    """
    folders = {"train": root}
    if (root / "train").is_dir() and class_folders(root / "train"):
        folders["train"] = root / "train"
        for part, names in (("test", TEST_NAMES), ("validation", VALIDATION_NAMES)):
            for name in names:
                if (root / name).is_dir() and class_folders(root / name):
                    folders.setdefault(part, root / name)
    if isinstance(test, str):
        folders["test"] = existing_folder(Path(test))
    return folders


def _classes(folder: Path) -> tuple[list[str], list[str]]:
    found = list(class_folders(folder))
    if not found:
        loose = images_below(folder)
        told = f" but {count(len(loose), 'image')} without a class folder" if loose else ""
        raise DataError(
            f"{folder} has no folders with images in them{told}",
            hint=f"put the images of each class in a folder of its own; {_OTHER_LABELS}",
        )
    if len(found) == 1:
        raise DataError(
            f"{folder} has images of only one class, {found[0]}",
            hint=f"add a folder for each other class; {_OTHER_LABELS}",
        )
    odd = next((name for name in found if not is_unicode(name)), None)
    if odd is not None:
        raise DataError(f"{folder}: the class {show_text(odd)} is not named in UTF-8", hint="rename its folder")
    notes = []
    loose_files = [file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file()]
    if loose_files:
        notes.append(f"{count(len(loose_files), 'image')} beside the class folders dropped")
    return ordered_names(found), notes


def ordered_names(names: Sequence[str]) -> list[str]:
    """Class names in the order of the outputs: sorted as numbers if all are numbers, otherwise by name."""
    if all(name.isdecimal() for name in names):
        return sorted(names, key=int)
    return sorted(names, key=lambda name: (name.casefold(), name))


def training_files(root: Path) -> list[Path]:
    """The images in the class folders of a folder's training set.

    Raises:
        DataError: as in `load_folder`.
    """
    folder = part_folders(existing_folder(root))["train"]
    return list_images(folder, _classes(folder)[0]).files


def typical_size(files: Sequence[Path]) -> tuple[int, int]:
    """The common size (height, width) of images, from their headers alone.

    Raises:
        DataError: none can be read.
    """
    sizes = Counter((header.height, header.width) for header in map_parallel(_header, files) if header is not None)
    if not sizes:
        raise DataError(f"none of the {len(files)} images can be read, such as {files[0]}")
    return common_size(sizes)


def choose_shape(files: Sequence[Path], data: Data, notes: list[str], progress: Progress) -> ImageInput:
    """The size in the config, or the most common one of the training images; one channel if none of them has colour."""
    progress("looking at the images", 0.0)
    sizes: Counter[tuple[int, int]] = Counter()
    maybe_coloured = []
    for file, header in zip(files, map_parallel(_header, files), strict=True):
        if header is not None:
            sizes[header.height, header.width] += 1
            if header.may_have_colour:
                maybe_coloured.append(file)
    if not sizes:
        raise DataError(f"none of the {len(files)} images can be read, such as {files[0]}")
    if data.prepare == "ink":
        if data.resize is not None:
            raise DataError("data.resize: `prepare: ink` scales drawings in its own way", hint="leave `resize` out")
        height, width = given_size(data) or (MNIST_SIDE, MNIST_SIDE)
        return ImageInput(height=height, width=width, channels=1, scale=1 / 255, border=0.0, prepare="ink")
    resize = data.resize or "pad"
    height, width = given_size(data) or common_size(sizes)
    others = sum(sizes.values()) - sizes[(height, width)]
    if others:
        how = {"pad": "padded and resized", "crop": "cropped and resized", "stretch": "stretched"}[resize]
        notes.append(f"{others} of {sum(sizes.values())} images have another size and are {how} to {height} x {width}")
    channels = 3 if any(map(_is_coloured, maybe_coloured)) else 1
    return ImageInput(height=height, width=width, channels=channels, scale=1 / 255, resize=resize)


def _header(file: Path) -> Header | None:
    try:
        return read_header(file)
    except DataError as error:
        raise_if_of_system(error, file)
        return None


def _is_coloured(file: Path) -> bool:
    try:
        return has_colour(open_picture(file, 3, dark_border=None, fit=LOOK)[0])
    except DataError as error:
        raise_if_of_system(error, file)
        return False


def decode_all(
    files: Sequence[Path], image: ImageInput, notes: list[str], progress: Callable[[float], None]
) -> tuple[np.ndarray, np.ndarray]:
    """The pixels (n, height, width, channels) of the readable files, and the indices (int64) of these files."""
    pixels = np.empty((len(files), *image.shape), image.dtype)
    kept: list[int] = []
    failures: list[str] = []
    for index, result in enumerate(decode_each(files, image)):
        if isinstance(result, str):
            failures.append(f"{files[index].name} {result}")
        else:
            pixels[len(kept)] = result
            kept.append(index)
        if index % 100 == 0:
            progress(index / len(files))
    tell_failures(failures, len(files), notes)
    return pixels[: len(kept)], np.array(kept, np.int64)


def decode_each(files: Sequence[Path], image: ImageInput) -> Iterable[np.ndarray | str]:
    """The pixels (height, width, channels) of each file, or why it cannot be read; decoded in parallel."""

    def decode(file: Path) -> np.ndarray | str:
        try:
            return read_images(file, image).images[0]
        except DataError as error:
            raise_if_of_system(error, file)
            return error.message

    return map_parallel(decode, files)


def tell_failures(failures: Sequence[str], files: int, notes: list[str]) -> None:
    """Adds a note on the images that cannot be read. Raises DataError if these are all `files`."""
    if len(failures) == files:
        raise DataError(f"none of the {files} images can be read: {failures[0]}")
    if failures:
        more = ", ..." if len(failures) > _SHOWN else ""
        notes.append(f"{count(len(failures), 'image')} dropped: {', '.join(failures[:_SHOWN])}{more}")
