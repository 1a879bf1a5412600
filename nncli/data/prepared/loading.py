"""Loads image classification data sets prepared by tensorflow-datasets (`mnist`, `tfds:<name>`).

A prepared folder describes itself (dataset_info.json, features.json), so TensorFlow is needed only for the download.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Part, Progress
from nncli.data.images.image_dataset import Images, Labels, image_dataset, refuse_table_options
from nncli.data.prepared import array_cache, reachability
from nncli.data.prepared.download import download
from nncli.data.targets import class_goal, class_targets
from nncli.errors import DataError, UnreachableError

if TYPE_CHECKING:
    from nncli.data.prepared.prepared_folder import RecordSet


def load_prepared(data: Data, *, seed: int, data_dir: Path | None, progress: Progress) -> Dataset:
    """The data set named by `data.source`, from `data_dir`, the default folder, the cache or a download.

    Raises:
        UnreachableError: it is not on this machine and cannot be downloaded.
        DataError: it is not an image classification data set, or is damaged.
    """
    refuse_table_options(data)
    if data.path is not None or isinstance(data.test, str):
        raise DataError(f"source {data.source} takes no path", hint="remove `path`; use --data-dir for its folder")
    name = data.source.removeprefix("tfds:")
    notes: list[str] = []
    folder = find_folder(name, folders_to_search(data_dir))
    if folder is None:
        entry = _newest_cached(name)
        if entry is not None:
            return _dataset(data, seed, entry, [f"{name}: from the copy in {array_cache.cache_folder()}"])
        folder = _fetch(name, data_dir, progress)
    entry_folder = array_cache.cache_folder() / _key(folder, name)
    entry = array_cache.load_entry(entry_folder)
    if entry is None:
        progress(f"reading {name}", 0.0)  # also while another process does
        with array_cache.filling(entry_folder):
            entry = array_cache.load_entry(entry_folder) or _decode(folder, name, entry_folder, notes, progress)
    return _dataset(data, seed, entry, notes)


def _decode(folder: Path, name: str, entry_folder: Path, notes: list[str], progress: Progress) -> array_cache.Entry:
    """Decodes the files and caches their arrays; a failure to do so becomes a note."""
    from nncli.data.prepared.prepared_folder import decode, describe_folder  # late: not needed if cached

    record_set = describe_folder(folder, name)
    arrays, said = decode(record_set, progress)
    entry = array_cache.Entry(arrays, {**_notes_of(record_set, name), "said": said})
    failure = array_cache.store_entry(entry_folder, entry.arrays, entry.notes)
    if failure:
        notes.append(f"cache: the decoded images could not be saved: {failure}")
    return entry


def must_download(source: str, data_dir: Path | None) -> bool:
    """Whether a source, of any kind, has to be downloaded because it is neither prepared nor cached here."""
    if source != "mnist" and not source.startswith("tfds:"):
        return False
    name = source.removeprefix("tfds:")
    try:
        return find_folder(name, folders_to_search(data_dir)) is None and _newest_cached(name) is None
    except DataError:  # reported when the data is read
        return False


def folders_to_search(data_dir: Path | None) -> list[Path]:
    """The folders to search for prepared data sets: the one given, then the default of tensorflow-datasets."""
    usual = Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets")
    return [*([data_dir] if data_dir else []), usual.expanduser()]


def find_folder(name: str, searched: list[Path]) -> Path | None:
    """The folder of the newest prepared version of `name` (also name/config, name:version), or None.

    Raises:
        DataError: several configurations are prepared and the name does not specify one.
    """
    base, _, version = name.partition(":")
    parts = base.split("/")
    for root in searched:
        # The folder of the data set itself, or of one version, is accepted as well as its parent.
        for start in (root, *(up for up in (root.parent, root.parent.parent) if parts[0] in root.parts[-2:])):
            folder = start.joinpath(*parts)
            found = _newest_version(folder, version)
            if found is None and len(parts) == 1 and folder.is_dir():
                configured = [sub for sub in sorted(folder.iterdir()) if _newest_version(sub, version)]
                if len(configured) > 1:
                    names = ", ".join(f"tfds:{base}/{sub.name}" for sub in configured)
                    raise DataError(f"{folder} has several configurations of {base}", hint=f"choose one: {names}")
                found = _newest_version(configured[0], version) if configured else None
            if found is not None:
                return found
    return None


def _newest_version(folder: Path, version: str) -> Path | None:
    found = []
    for info in folder.glob("*.*.*/dataset_info.json"):
        numbers = info.parent.name.split(".")
        if all(number.isdecimal() for number in numbers) and version in ("", info.parent.name):
            found.append((tuple(map(int, numbers)), info.parent))
    return max(found)[1] if found else None


def _fetch(name: str, data_dir: Path | None, progress: Progress) -> Path:
    searched = folders_to_search(data_dir)
    places = ", ".join(str(folder) for folder in searched)
    progress(f"connecting to {reachability.HOST}", 0.0)
    if not reachability.is_reachable():
        raise UnreachableError(
            f"{name} is not prepared in {places}, not cached in {array_cache.cache_folder()}, "
            f"and {reachability.HOST} cannot be reached",
            hint="connect to the internet, or set --data-dir (NNCLI_DATA_DIR) to a folder in which "
            "tensorflow-datasets has prepared it, or set `fallback: digits` under `data` in the config",
        )
    download(name, searched[0], progress)
    folder = find_folder(name, searched[:1])
    if folder is None:
        raise DataError(f"{name} was downloaded to {searched[0]}, but no TFRecord files were found there")
    return folder


def _key(folder: Path, name: str) -> str:
    """The name of the cache entry: the data set's full name and a hash of its files' paths, sizes and times."""
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for file in sorted(folder.iterdir()):
        status = file.stat()
        digest.update(f"{file.name}/{status.st_size}/{status.st_mtime_ns}".encode())
    base = name.partition(":")[0].replace("/", "-")
    return f"{base}-{folder.name}-{digest.hexdigest()[:12]}"


def _newest_cached(name: str) -> array_cache.Entry | None:
    """The most recently written cache entry of the data set."""
    base, _, version = name.partition(":")
    found = []
    for index in array_cache.cache_folder().glob(f"*/{array_cache.INDEX}"):
        try:
            notes = json.loads(index.read_text("utf-8"))["notes"]
            if notes["name"] == base and version in ("", notes["version"]):
                found.append((index.stat().st_mtime, index.parent))
        except (OSError, ValueError, KeyError, TypeError):
            # Skips an entry that is damaged or being removed by another process.
            continue
    for _, folder in sorted(found, reverse=True):
        entry = array_cache.load_entry(folder)
        if entry is not None:
            return entry
    return None


def _notes_of(record_set: "RecordSet", name: str) -> dict[str, object]:
    return {
        "name": name.partition(":")[0],
        "version": record_set.folder.name,
        "classes": list(record_set.classes),
        "label": record_set.label,
    }


def _dataset(data: Data, seed: int, entry: array_cache.Entry, notes: list[str]) -> Dataset:
    classes: list[str] = entry.notes["classes"]
    goal = class_goal(entry.notes["label"], classes, data.task)
    splits = sorted(name.removesuffix("_labels") for name in entry.arrays if name.endswith("_labels"))
    if "train" not in splits:
        raise DataError(f"{data.source} has no split named train, only {', '.join(splits)}")
    parts = {}
    for split in splits:
        labels = np.asarray(entry.arrays[f"{split}_labels"])
        rows = np.arange(len(labels), dtype=np.int64)
        images = entry.arrays[f"{split}_images"]
        parts[split] = Part({"image": images}, class_targets(goal.task, labels), rows)
    train = parts.pop("train")
    # Where labels of the test set are secret, sets come with a validation set instead, which then is the test set.
    test = parts.pop("test", None) or parts.pop("validation", None)
    validation = parts.pop("validation", None)
    unused = [f"{data.source}: the split {split} is not used" for split in parts]
    return image_dataset(
        data,
        seed,
        Images(train.inputs["image"]),
        Labels(goal, train.targets),
        scale=1 / 255,
        test=test,
        validation=validation,
        notes=[*notes, *entry.notes.get("said", ()), *unused],
    )
