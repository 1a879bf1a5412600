"""Loads labelled data for a trained model as memory maps: from the cache, or by encoding it once, piece by piece."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from nncli.config.facts import DataFacts
from nncli.data.dataset import Part, Progress
from nncli.data.images.files import images_below
from nncli.data.prepared import array_cache
from nncli.data.streaming.entries import Say, fill_entry, parts_of, write_names
from nncli.data.streaming.inputs.labelled import Labelled
from nncli.data.streaming.memory import Need, format_bytes, free_memory, tell_whole
from nncli.data.streaming.storage.naming import entry_name
from nncli.data.streaming.storage.raw_files import RawWriter
from nncli.data.streaming.storing import FOLDER, ArrayWriter, load_entry, make_raw_folder, require_room
from nncli.data.tables.files.content import is_pattern, matching
from nncli.errors import DataError

# Increased when labelled data becomes other arrays.
_VERSION = 3
_SET = "test"


def load_large(path: str, facts: DataFacts, *, progress: Progress, say: Say) -> Part | None:
    """Labelled data whose arrays would take more than a third of the free memory, as memory maps in the cache; None for
    other data, which is read into memory.

    Raises:
        DataError: the data does not match the model, or the disk has not the room.
    """
    labelled = Labelled(path, facts)
    need = Need(labelled.size, free_memory())
    if not need.arrays:
        tell_whole(path, say)
    if not need.is_large:
        return None
    folder = array_cache.cache_folder() / FOLDER / _key(labelled)
    entry = load_entry(folder)
    if entry is None:
        require_room(2 * need.arrays, folder)
        say(
            f"{path}: the arrays would take about {format_bytes(need.arrays)}, more than a third of the "
            f"{format_bytes(need.free or 0)} of free memory; they are written once to {folder.parent} (and as much "
            "meanwhile)"
        )
        entry = fill_entry(folder, lambda: _fill(folder, labelled, progress))
    return replace(_open_only_part(entry), unlabelled=int(entry.notes["unlabelled"]))


def _open_only_part(entry: array_cache.Entry) -> Part:
    nothing = {f"{name}_{key}": np.empty(0) for name in ("train", "validation") for key in ("targets", "rows")}
    return parts_of({**nothing, **entry.arrays})[_SET]


def _fill(folder: Path, labelled: Labelled, progress: Progress) -> None:
    """Writes the entry of labelled data. Raises DataError, and OSError where a file cannot be written."""
    raw_folder = make_raw_folder(folder)
    told = f"reading {labelled.path}"
    try:
        names: list[str] = []
        unlabelled = 0
        with RawWriter(raw_folder) as raw:
            for share, part in labelled.pieces():
                unlabelled += part.unlabelled
                if len(part):
                    raw.add({**part.inputs, "targets": part.targets, "rows": part.rows})
                    names += part.files
                progress(told, 0.9 * share)
        if not raw.files.rows:
            raise DataError("there are no rows to measure", hint="give data with at least one row that has a target")
        with ArrayWriter(folder) as writer:
            raw.files.write_to(writer, _SET)
            if names:
                write_names(writer, _SET, names)
            writer.finish(lambda arrays: {"name": f"{labelled.path} (eval)", "unlabelled": unlabelled})
    finally:
        shutil.rmtree(raw_folder, ignore_errors=True)


def _key(labelled: Labelled) -> str:
    """The name of the entry: that of the data, and a hash of its files and of what the model knows."""
    path = Path(labelled.path)
    settings = [str(path.resolve()), labelled.facts.to_bytes().decode()]
    return entry_name(path.resolve(), f"labelled/{_VERSION}", settings, _files(path))


def _files(path: Path) -> list[Path]:
    """The files of a path, of a pattern, or below a folder, images and others."""
    if path.is_dir():
        return sorted({*(file for file in path.iterdir() if file.is_file()), *images_below(path)})
    return matching(path) if is_pattern(path) else [path]
