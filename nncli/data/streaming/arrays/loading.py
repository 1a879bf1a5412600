"""Loads the arrays of an archive as a streamed data set: from the cache, or by reading them once."""

import shutil
from pathlib import Path

from nncli.config.sections import Data
from nncli.data.archives import archive_path, load_archive
from nncli.data.arrays.archive import Archive, make_archive
from nncli.data.arrays.files import INPUT_NAMES, ArrayFile, list_arrays, map_arrays, used_arrays
from nncli.data.dataset import Dataset, Progress
from nncli.data.streaming import memory
from nncli.data.streaming.arrays.images import write_images
from nncli.data.streaming.arrays.rows import write_rows
from nncli.data.streaming.entries import Say, open_or_fill, write_dataset
from nncli.data.streaming.memory import Need, format_bytes, free_memory
from nncli.data.streaming.storage.naming import OTHER_KEYS, entry_name
from nncli.data.streaming.storing import ArrayWriter, make_raw_folder, require_room
from nncli.errors import DataError

# Increased when archives become other arrays.
_VERSION = 3
# The share of the work that is done when the arrays are mapped.
_MAPPED = 0.3


def should_stream_arrays(data: Data) -> Need | None:
    """What the arrays of an archive need where they would take more than a third of the free memory; otherwise None."""
    try:
        paths = [archive_path(data), *([Path(data.test)] if isinstance(data.test, str) else [])]
        used = sum(each.bytes for path in paths for each in used_arrays(list_arrays(path)).values())
    except DataError:
        return None  # opening it says what is wrong
    need = Need(used, free_memory())
    return need if need.is_large else None


def load_streamed_arrays(data: Data, *, seed: int, progress: Progress, say: Say) -> Dataset:
    """The data set of an archive, as memory maps of its arrays in the cache.

    Raises:
        DataError: the arrays cannot be used as the config requires, or the disk has not the room.
    """
    return open_or_fill(_key(data, seed), _fill, "reading arrays", data, seed=seed, progress=progress, say=say)


def _fill(folder: Path, data: Data, seed: int, progress: Progress, say: Say) -> None:
    """Writes the entry of an archive. Raises DataError, and OSError where a file cannot be written."""
    path = archive_path(data)
    found = used_arrays(list_arrays(path))
    other = used_arrays(list_arrays(Path(data.test))) if isinstance(data.test, str) else {}
    inputs = [each for arrays in (found, other) for name, each in arrays.items() if name in INPUT_NAMES]
    if all(len(each.shape) <= 2 for each in inputs) and sum(_encoded_bytes(each) for each in inputs) <= memory.SMALL:
        dataset = load_archive(data, seed=seed)
        with ArrayWriter(folder) as writer:
            write_dataset(writer, dataset, str(path))
        return
    _require_room(folder, path, [*found.values(), *other.values()], inputs, say)
    raw_folder = make_raw_folder(folder)
    try:
        told = f"reading {path.name}"
        archive = _open(path, found, raw_folder / "own", lambda what, share: progress(told, share * _MAPPED))
        if isinstance(data.test, str):
            test = _open(Path(data.test), other, raw_folder / "other", lambda what, share: progress(told, _MAPPED))
            archive.pairs["test"] = test.pairs["train"]
        write = write_images if archive.has_images else write_rows
        write(folder, raw_folder, archive, data, seed, lambda share: progress(told, _MAPPED + share * (1 - _MAPPED)))
    finally:
        shutil.rmtree(raw_folder, ignore_errors=True)


def _encoded_bytes(array: ArrayFile) -> int:
    """About how many bytes the sets have that are made of it: numbers become float32, whole pixels bytes."""
    count = array.bytes // max(1, array.dtype.itemsize)
    return count * (1 if len(array.shape) > 2 and array.dtype.kind in "biu" else 4)


def _require_room(folder: Path, path: Path, used: list[ArrayFile], inputs: list[ArrayFile], say: Say) -> None:
    """Says how much is written, and raises DataError where the disk has not the room for it."""
    size = sum(_encoded_bytes(each) for each in inputs)
    meanwhile = sum(each.bytes for each in used if each.is_packed)
    meanwhile += sum(_encoded_bytes(each) for each in inputs if len(each.shape) <= 2)
    require_room(size + meanwhile, folder)
    rows = sum(each.shape[0] for each in inputs if each.shape)
    more = f" (and {format_bytes(meanwhile)} meanwhile)" if meanwhile else ""
    say(f"{path}: {rows:,} rows are written once as {format_bytes(size)} of arrays in {folder.parent}{more}")


def _open(path: Path, found: dict[str, ArrayFile], folder: Path, progress: Progress) -> Archive:
    folder.mkdir()
    return make_archive(path, map_arrays(found, folder, lambda share: progress("", share)))


def _key(data: Data, seed: int) -> str:
    """The name of the entry: that of the archive, and a hash of its files and of what decides on the arrays."""
    path = archive_path(data)
    settings = data.model_dump(mode="json", exclude=set(OTHER_KEYS))
    paths = [path, *([Path(data.test)] if isinstance(data.test, str) else [])]
    files = [file for each in paths for file in (sorted(each.glob("*.npy")) if each.is_dir() else [each])]
    return entry_name(path.resolve(), f"arrays/{_VERSION}/{seed}", settings, files)
