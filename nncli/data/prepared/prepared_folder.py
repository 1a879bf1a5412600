"""A folder prepared by tensorflow-datasets: its description, and its images and labels as arrays."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nncli.data.dataset import Progress
from nncli.data.images.image_dataset import common_size
from nncli.data.prepared.tfrecords import decode_pixels, read_records, resize_pixels
from nncli.errors import DataError

_IMAGE = "Image"
_LABEL = "ClassLabel"


@dataclass(frozen=True)
class RecordSet:
    """The description of a prepared folder; `shape` is None in dimensions where images differ."""

    folder: Path
    image: str
    label: str
    classes: tuple[str, ...]
    shape: tuple[int | None, ...]
    files: dict[str, list[Path]]
    sizes: dict[str, int]


def describe_folder(folder: Path, name: str) -> RecordSet:
    """Read dataset_info.json and features.json.

    Raises:
        DataError: it is not an image classification data set, has another file format, or files are missing.
    """
    try:
        info = json.loads((folder / "dataset_info.json").read_text("utf-8"))
        features = json.loads((folder / "features.json").read_text("utf-8"))["featuresDict"]["features"]
        splits = {split["name"]: split for split in info.get("splits", [])}
        image, label = _supervised(info, features, name)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} cannot be read as a prepared data set: {error!r}") from None
    if info.get("fileFormat", "tfrecord") != "tfrecord":
        raise DataError(f"{folder} holds {info['fileFormat']} files; only tfrecord files are supported")
    described = features[image]["image"]
    if described.get("dtype", "uint8") != "uint8":
        raise DataError(f"the images of {name} are {described['dtype']}; only uint8 images are supported")
    dimensions = [int(size) for size in described.get("shape", {}).get("dimensions", [-1, -1, -1])]
    counts = {part: sum(map(int, split.get("shardLengths", ()))) for part, split in splits.items()}
    counts = {part: count for part, count in counts.items() if count}
    return RecordSet(
        folder=folder,
        image=image,
        label=label,
        classes=_class_names(folder, label, int(features[label]["classLabel"]["numClasses"])),
        shape=tuple(size if size > 0 else None for size in dimensions),
        files={part: _shards(folder, info["name"], splits[part]) for part in counts},
        sizes=counts,
    )


def decode(record_set: RecordSet, progress: Progress) -> tuple[dict[str, np.ndarray], list[str]]:
    """Arrays "<part>_images" uint8 (n, height, width, channels) and "<part>_labels" int32 (n,), and notes for the user.

    Raises:
        DataError: a file is damaged, or an image cannot be decoded.
    """
    notes: list[str] = []
    height, width, channels = _choose_shape(record_set, notes)
    arrays: dict[str, np.ndarray] = {}
    total, done = sum(record_set.sizes.values()), 0
    for part, size in record_set.sizes.items():
        images = np.empty((size, height, width, channels), np.uint8)
        labels = np.empty(size, np.int32)
        count = 0
        for encoded, label in _examples(record_set, part):
            if count == size:
                raise DataError(f"{record_set.folder} holds more examples of {part} than the {size} it declares")
            images[count] = resize_pixels(decode_pixels(encoded, channels), height, width)
            labels[count] = label
            count += 1
            if count % 500 == 0:
                progress(f"decoding {record_set.folder.parent.name}", (done + count) / total)
        if count < size:
            raise DataError(f"{record_set.folder} holds {count} examples of {part} instead of the {size} it declares")
        done += size
        labelled = labels >= 0
        if labelled.any():
            arrays[f"{part}_images"] = images if labelled.all() else images[labelled]
            arrays[f"{part}_labels"] = labels[labelled]
    return arrays, notes


def _supervised(info: dict[str, Any], features: dict[str, Any], name: str) -> tuple[str, str]:
    """The names of the image and label features: the supervised pair, otherwise the only image and label."""
    kinds: dict[str, list[str]] = {_IMAGE: [], _LABEL: []}
    for key, feature in features.items():
        kind = feature.get("pythonClassName", "").rsplit(".", 1)[-1]
        if kind in kinds:
            kinds[kind].append(key)
    items = info.get("supervisedKeys", {}).get("tuple", {}).get("items", [])
    pair = [item.get("featureKey") for item in items]
    if len(pair) == 2 and pair[0] in kinds[_IMAGE] and pair[1] in kinds[_LABEL]:
        return pair[0], pair[1]
    if len(kinds[_IMAGE]) == 1 and len(kinds[_LABEL]) == 1 and not pair:
        return kinds[_IMAGE][0], kinds[_LABEL][0]
    raise DataError(
        f"{name} is not a data set of images with one class each (it has {', '.join(features)})",
        hint="only image classification data sets are supported with tfds; export others as csv, parquet or npz",
    )


def _class_names(folder: Path, label: str, count: int) -> tuple[str, ...]:
    listed = folder / f"{label}.labels.txt"
    if listed.is_file():
        names = tuple(line.strip() for line in listed.read_text("utf-8").splitlines() if line.strip())
        if len(names) == count:
            return names
    return tuple(str(index) for index in range(count))


def _shards(folder: Path, name: str, split: dict[str, Any]) -> list[Path]:
    template = split.get("filepathTemplate") or "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
    count = len(split["shardLengths"])
    files = []
    for index in range(count):
        values = {
            "DATASET": name,
            "SPLIT": split["name"],
            "FILEFORMAT": "tfrecord",
            "SHARD_X_OF_Y": f"{index:05d}-of-{count:05d}",
            "SHARD_INDEX": f"{index:05d}",
            "NUM_SHARDS": f"{count:05d}",
        }
        path = template
        for key, value in values.items():
            path = path.replace("{" + key + "}", value)
        files.append(folder / path)
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise DataError(f"{folder} is incomplete: {missing[0].name} is missing", hint="prepare the data set again")
    return files


def _examples(record_set: RecordSet, part: str) -> Iterator[tuple[bytes, int]]:
    for file in record_set.files[part]:
        for features in read_records(file):
            encoded, label = features.get(record_set.image), features.get(record_set.label)
            if not isinstance(encoded, bytes) or not isinstance(label, int):
                raise DataError(f"{file} has an example without an image or label")
            yield encoded, label


def _choose_shape(record_set: RecordSet, notes: list[str]) -> tuple[int, int, int]:
    """The shape that all images get; if they differ, the most common size of the training set."""
    height, width, channels = (*record_set.shape, None, None, None)[:3]
    if height is not None and width is not None and channels is not None:
        return height, width, channels
    part = "train" if "train" in record_set.files else next(iter(record_set.files))
    sizes: Counter[tuple[int, int]] = Counter()
    for encoded, _ in _examples(record_set, part):
        pixels = decode_pixels(encoded, channels)
        sizes[pixels.shape[0], pixels.shape[1]] += 1
        channels = channels or pixels.shape[2]
    size = common_size(sizes)
    if len(sizes) > 1 or size not in sizes:
        notes.append(f"images of {len(sizes)} sizes are resized to {size[0]} x {size[1]}")
    return (*size, channels or 3)
