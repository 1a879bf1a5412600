"""Loads an image folder as a streamed data set: decoded once, by all cores, into the cache at the network's size.

The sets and their order are those of the folder in memory, since these depend on the labels alone.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Progress, hash_rows
from nncli.data.images.files import images_below
from nncli.data.images.folders import (
    FolderPlan,
    Listing,
    decode_each,
    existing_folder,
    plan_folder,
    relative_names,
    tell_failures,
    training_files,
    typical_size,
)
from nncli.data.images.image_dataset import (
    LONGEST_SIDE,
    describe_images,
    given_size,
    preparation,
    refuse_no_column,
)
from nncli.data.images.pixel_values import PixelForm
from nncli.data.plurals import count
from nncli.data.splits.dividing import Rows, divide
from nncli.data.splitting import first_of_each, refuse_duplicates
from nncli.data.streaming.entries import Say, notes_of, open_or_fill, parts_of, write_names
from nncli.data.streaming.mapping import let_go
from nncli.data.streaming.memory import Need, format_bytes, free_memory
from nncli.data.streaming.storage.naming import OTHER_KEYS, entry_name
from nncli.data.streaming.storing import ArrayWriter, make_raw_folder, require_room
from nncli.data.targets import Goal, class_targets, strata
from nncli.errors import DataError

# Increased when images become other arrays.
_VERSION = 2
# Images that are decoded together; results that wait to be written are in memory.
_PIECE = 256
_BLOCK_BYTES = 1 << 26


def should_stream_images(data: Data) -> Need | None:
    """What the pixels of an image folder need where they would take more than a third of the free memory.

    The sizes of images are looked at only where there are many.
    """
    free = free_memory()
    if data.path is None or not Path(data.path).is_dir():
        return None
    most = 3 * LONGEST_SIDE**2
    images = len(images_below(Path(data.path)))
    size = given_size(data)
    if size is None and not Need(images * most, free).is_large:
        return None
    height, width = size or typical_size(training_files(Path(data.path)))
    need = Need(images * height * width * 3, free)
    return need if need.is_large else None


def load_streamed_images(data: Data, *, seed: int, progress: Progress, say: Say) -> Dataset:
    """The data set of an image folder, as memory maps of its pixels in the cache.

    Raises:
        DataError: the folder cannot be used as the config requires, or the disk has not the room.
    """
    if data.labels is not None:
        raise DataError(
            "data.labels: not available for images that are streamed",
            hint="leave it out, or say `memory: all` under data if the images fit into memory",
        )
    return open_or_fill(_key(data, seed), _fill, "reading images", data, seed=seed, progress=progress, say=say)


@dataclass(frozen=True)
class RawImages:
    """The images of a set of the source as a memory map, their numbers in the source, their targets and files.

    `form` is that in which they are written, None where they have it.
    """

    pixels: np.ndarray
    kept: np.ndarray
    targets: np.ndarray
    names: tuple[str, ...] = ()
    form: PixelForm | None = None

    def take(self, places: np.ndarray) -> np.ndarray:
        """The images at these places, (n, height, width, channels)."""
        taken = self.pixels[places]
        return taken if self.form is None else self.form.convert(taken)

    def hash(self, *, with_targets: bool) -> np.ndarray:
        """A hash of each image, of its pixels as they are written and perhaps its targets, uint64 (n,): that of images
        in memory."""
        hashes = []
        block = max(1, _BLOCK_BYTES // max(1, self.pixels[:1].nbytes))
        for start in range(0, len(self.kept), block):
            places = np.arange(start, min(len(self.kept), start + block))
            targets = np.asarray(self.targets[places], np.float32).reshape(len(places), -1)
            hashes.append(hash_rows([self.take(places), targets] if with_targets else [self.take(places)]))
            let_go([self.pixels])
        return np.concatenate(hashes)


def _fill(folder: Path, data: Data, seed: int, progress: Progress, say: Say) -> None:
    plan = plan_folder(data, progress)
    refuse_no_column(data, None)
    images = sum(len(listing.files) for listing in plan.listings.values())
    size = images * int(np.prod(plan.image.shape)) * np.dtype(plan.image.dtype).itemsize
    require_room(2 * size, folder)
    say(f"{plan.root}: {images:,} images are decoded once into {format_bytes(size)} in {folder.parent}")
    raw_folder = make_raw_folder(folder)
    try:
        done, raw = 0, {}
        for name, listing in plan.listings.items():
            told = f"reading {name} images"
            raw[name] = _decode(
                plan,
                listing,
                raw_folder / name,
                lambda part, told=told, done=done: progress(told, (done + part) / images),  # type: ignore[misc]
            )
            done += len(listing.files)
        with ArrayWriter(folder) as writer:
            write_sets(writer, plan.goal, data, seed, raw, plan.notes)
            writer.finish(lambda arrays: _notes(plan, data, arrays))
    finally:
        shutil.rmtree(raw_folder, ignore_errors=True)


def _decode(plan: FolderPlan, listing: Listing, path: Path, progress: Callable[[int], None]) -> RawImages:
    """Decodes the images of a set into a file, those that can be read one after the other."""
    kept: list[int] = []
    failures: list[str] = []
    with path.open("wb") as file:
        for start in range(0, len(listing.files), _PIECE):
            files = listing.files[start : start + _PIECE]
            for index, result in enumerate(decode_each(files, plan.image), start):
                if isinstance(result, str):
                    failures.append(f"{listing.files[index].name} {result}")
                else:
                    file.write(np.ascontiguousarray(result).data)
                    kept.append(index)
            progress(start)
    tell_failures(failures, len(listing.files), plan.notes)
    pixels = np.memmap(path, plan.image.dtype, "r", shape=(len(kept), *plan.image.shape))
    places = np.array(kept, np.int64)
    names = relative_names([listing.files[index] for index in kept], plan.root)
    return RawImages(pixels, places, class_targets(plan.goal.task, listing.labels[places]), names)


def write_sets(
    writer: ArrayWriter, goal: Goal, data: Data, seed: int, raw: dict[str, RawImages], notes: list[str]
) -> None:
    """Writes the three sets from the images by set (`train`, perhaps `validation` and `test`); those that the source
    does not have are taken from its training images."""
    train = raw["train"]
    if "test" in raw and isinstance(data.test, float):
        notes.append(f"test: {data.test} is not used, {data.source} has its own test set of {len(raw['test'].kept)}")
    places, copies = np.arange(len(train.kept)), None
    if data.duplicates != "keep":
        refuse_duplicates(data, has_test="test" in raw or "validation" in raw)
        copies = train.hash(with_targets=data.duplicates == "drop")
    if copies is not None and data.duplicates == "drop":
        places, copies = first_of_each(copies), None
        if len(places) < len(train.kept):
            notes.append(f"{count(len(train.kept) - len(places), 'image')} dropped, equal to an earlier one")
    rows = Rows(len(places), strata(goal, train.targets[places]), copies)
    split = divide(data, rows, seed=seed, has_test="test" in raw, has_validation="validation" in raw)
    for name, chosen in (("train", split.train), ("validation", split.validation), ("test", split.test)):
        own = raw.get(name) if name != "train" and not len(chosen) else None
        if own is None:
            write_set(writer, name, train, places[chosen])
        else:
            write_set(writer, name, own, np.arange(len(own.kept)))


def write_set(writer: ArrayWriter, name: str, raw: RawImages, chosen: np.ndarray) -> None:
    """Writes the images at these places, ascending, as a set."""
    sample = raw.take(np.arange(1))
    writer.add(f"{name}_image", (len(chosen), *sample.shape[1:]), sample.dtype)
    block = max(1, _BLOCK_BYTES // max(1, sample.nbytes, raw.pixels[:1].nbytes))
    for start in range(0, len(chosen), block):
        writer.write(f"{name}_image", raw.take(chosen[start : start + block]))
        let_go([raw.pixels])
    for key, array in (("targets", raw.targets[chosen]), ("rows", raw.kept[chosen])):
        writer.add(f"{name}_{key}", array.shape, array.dtype)
        writer.write(f"{name}_{key}", array)
    if raw.names:
        write_names(writer, name, [raw.names[place] for place in chosen])


def _notes(plan: FolderPlan, data: Data, arrays: dict[str, np.ndarray]) -> dict[str, object]:
    train, image = parts_of(arrays)["train"], plan.image
    prepare = preparation(data, image.channels)
    facts = describe_images(data.source, train, plan.goal, image.scale, image.resize, prepare)
    return notes_of(str(plan.root), arrays, facts, tuple(plan.notes))


def _key(data: Data, seed: int) -> str:
    """The name of the entry: that of the folder, and a hash of its files and of what decides on the arrays."""
    roots = [existing_folder(Path(data.path or ""))]
    if isinstance(data.test, str):
        roots.append(existing_folder(Path(data.test)))
    settings = data.model_dump(mode="json", exclude=set(OTHER_KEYS - {"scale_target"}))
    files = (file for root in roots for file in images_below(root))
    return entry_name(roots[0].resolve(), f"images/{_VERSION}/{seed}", settings, files)
