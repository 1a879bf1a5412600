"""Makes a data set, with its sets and facts, from arrays of images and targets; reads no files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, Prepare, Resize
from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Part, hash_rows, make_dataset, part_of
from nncli.data.images.border import common_border
from nncli.data.plurals import count
from nncli.data.splits.dividing import Rows, divide
from nncli.data.splitting import first_of_each, refuse_duplicates
from nncli.data.targets import Goal, describe, strata
from nncli.errors import DataError

# Photos are scaled down to this many pixels on the longer side: what a small network on a CPU can learn from.
LONGEST_SIDE = 256
# The sources whose images are drawings prepared as `data.images.ink` prepares new ones.
DRAWINGS = ("mnist", "digits", "digit_attributes")


@dataclass(frozen=True)
class Images:
    """Pixels, uint8 or float32 (n, height, width, channels), with the row (int64) and file of each image in its source.

    `keys` has the groups or moments of the images where the source has the column that `data.split` names.
    """

    pixels: np.ndarray
    rows: np.ndarray | None = None
    files: tuple[str, ...] = ()
    keys: Rows | None = None


@dataclass(frozen=True)
class Labels:
    """Targets in the form of `Part.targets`; `strata` (n,) are the groups to stratify the split by, by default the
    classes."""

    goal: Goal
    targets: np.ndarray
    strata: np.ndarray | None = None


def image_dataset(
    data: Data,
    seed: int,
    images: Images,
    labels: Labels,
    *,
    scale: float,
    resize: Resize | None = None,
    test: Part | None = None,
    validation: Part | None = None,
    notes: list[str] | None = None,
) -> Dataset:
    """Split off the sets that the source does not have, and describe the training set.

    Args:
        data, seed: the config's section and the seed of the split.
        images, labels: the images that are to be split.
        scale: the factor with which the model scales pixels to the range from 0 to 1.
        resize: how the images were resized, so that new images are treated alike.
        test, validation: the sets that come with the source.
        notes: the notes on the data so far.

    Raises:
        DataError: the source has no such column, or the images cannot be split as the section says.
    """
    refuse_no_column(data, images.keys)
    notes = list(notes or [])
    if test is not None and isinstance(data.test, float):
        notes.append(f"test: {data.test} is not used, {data.source} has its own test set of {len(test)}")
    groups = None
    if data.duplicates != "keep":
        refuse_duplicates(data, has_test=test is not None or validation is not None)
        images, labels, groups = _without_duplicates(data, images, labels, notes)
    shares = labels.strata if labels.strata is not None else strata(labels.goal, labels.targets)
    rows = replace(images.keys or Rows(0), count=len(labels.targets), strata=shares, copies=groups)
    split = divide(data, rows, seed=seed, has_test=test is not None, has_validation=validation is not None)
    places = images.rows if images.rows is not None else np.arange(len(labels.targets), dtype=np.int64)

    def part(rows: np.ndarray) -> Part:
        taken = part_of({"image": images.pixels}, labels.targets, rows)
        files = tuple(images.files[row] for row in rows) if images.files else ()
        return Part(taken.inputs, taken.targets, places[rows], files)

    train = part(split.train)
    prepare = preparation(data, train.inputs["image"].shape[-1])
    facts = describe_images(data.source, train, labels.goal, scale, resize, prepare)
    return make_dataset(
        facts,
        train,
        part(split.validation) if validation is None else validation,
        part(split.test) if test is None or len(split.test) else test,  # a fold is tested on rows of its own
        notes,
    )


def dataset_of_parts(
    data: Data,
    seed: int,
    parts: Mapping[str, Part],
    goal: Goal,
    image: ImageInput,
    notes: list[str],
    keys: Rows | None = None,
) -> Dataset:
    """The data set of decoded image files; `parts` has `train`, and the `test` and `validation` sets of the source.

    `keys` are what the images of `train` are split by (see `Images`).
    """
    train = parts["train"]
    return image_dataset(
        data,
        seed,
        Images(train.inputs["image"], train.rows, train.files, keys),
        Labels(goal, train.targets),
        scale=image.scale,
        resize=image.resize,
        test=parts.get("test"),
        validation=parts.get("validation"),
        notes=notes,
    )


def refuse_no_column(data: Data, keys: Rows | None) -> None:
    """Raises DataError if `data.split` names a column and the source, which would give `keys`, has none."""
    if keys is None and data.split is not None and data.split.column is not None:
        raise DataError(
            f'data.split: source {data.source} has no column "{data.split.column}" to split by',
            hint="name the column of a table in `labels`, or say `{group}` in a pattern of file names and "
            "`column: group`; else leave `split` out",
        )


def _without_duplicates(
    data: Data, images: Images, labels: Labels, notes: list[str]
) -> tuple[Images, Labels, np.ndarray | None]:
    """All images with the group of each, or the first of each group of images with equal pixels and target."""
    groups = hash_rows([images.pixels])
    if data.duplicates == "together":
        return images, labels, groups
    targets = np.asarray(labels.targets, np.float32).reshape(len(groups), -1)
    kept = first_of_each(hash_rows([images.pixels, targets]))
    if len(kept) < len(groups):
        notes.append(f"{count(len(groups) - len(kept), 'image')} dropped, equal to an earlier one")
    rows = images.rows if images.rows is not None else np.arange(len(groups), dtype=np.int64)
    strata = labels.strata[kept] if labels.strata is not None else None
    return (
        replace(
            images,
            pixels=images.pixels[kept],
            rows=rows[kept],
            files=tuple(images.files[row] for row in kept if images.files),
            keys=None if images.keys is None else images.keys.take(kept),
        ),
        replace(labels, targets=labels.targets[kept], strata=strata),
        None,
    )


def preparation(data: Data, channels: int) -> Prepare | None:
    """How images are prepared for prediction: as the config says, or by default as the makers of MNIST and digits did.

    Raises:
        DataError: the config asks for it, but the images have colours.
    """
    if data.prepare == "ink" and channels != 1:
        raise DataError(
            f"data.prepare: ink is for grey images, but those of {data.source} have {channels} channels",
            hint="leave `prepare` out",
        )
    if data.prepare is not None:
        return "ink" if data.prepare == "ink" else None
    return "ink" if data.source.removeprefix("tfds:").partition(":")[0] in DRAWINGS else None


def describe_images(
    source: str, train: Part, goal: Goal, scale: float, resize: Resize | None, prepare: Prepare | None
) -> DataFacts:
    """The facts of images with the statistics of the training set."""
    pixels = train.inputs["image"]
    _, height, width, channels = pixels.shape
    inputs = ImageInput(
        height=height,
        width=width,
        channels=channels,
        dtype="uint8" if pixels.dtype == np.uint8 else "float32",
        scale=scale,
        border=common_border(pixels, scale),
        resize=resize,
        prepare=prepare,
    )
    return DataFacts(source=source, inputs=inputs, target=describe(goal, train.targets), rows={})


def refuse_table_options(data: Data, *, target: bool = False) -> None:
    """Refuse options that are only for tables; `target` says whether this source accepts target names.

    Raises:
        DataError: `features`, `drop`, `columns` or (if not accepted) `target` is given for images.
    """
    keys = ("features", "drop", "columns") if target else ("features", "drop", "columns", "target")
    given = [key for key in keys if getattr(data, key)]
    if given:
        lines = [f"data.{key}: source {data.source} has images and takes no `{key}`" for key in given]
        raise DataError("\n".join(lines), hint=f"leave {', '.join(f'`{key}`' for key in given)} out")


def given_size(data: Data) -> tuple[int, int] | None:
    """Height and width from `data.size`, or None."""
    return (data.size, data.size) if isinstance(data.size, int) else data.size


def common_size(sizes: Mapping[tuple[int, int], int]) -> tuple[int, int]:
    """One height and width for images of different sizes; `sizes` has the number of images of each size.

    The most common size, or the medians of height and width if no size is common; at most LONGEST_SIDE on the longer
    side.
    """
    (height, width), count = min(sizes.items(), key=lambda item: (-item[1], item[0]))
    if count * 10 < sum(sizes.values()):
        sides = np.repeat(np.array(list(sizes)), list(sizes.values()), axis=0)
        height, width = (int(side) for side in np.median(sides, axis=0))
    shrink = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))
