"""Loads labelled data for a trained model as memory maps: from the cache, or by encoding it once, piece by piece."""

import hashlib
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nncli.config.facts import DataFacts
from nncli.data.dataset import Part, Progress
from nncli.data.images.files import images_below
from nncli.data.prepared import array_cache
from nncli.data.streaming.entries import Say, fill_entry, parts_of, write_names
from nncli.data.streaming.inputs.labelled import Labelled
from nncli.data.streaming.memory import Need, format_bytes, free_memory
from nncli.data.streaming.statistics import BLOCK
from nncli.data.streaming.storing import FOLDER, ArrayWriter, load_entry, make_raw_folder, require_room
from nncli.data.tables.files.content import is_pattern, matching
from nncli.errors import DataError

# Increased when labelled data becomes other arrays.
_VERSION = 2
_SET = "test"


def load_large(path: str, facts: DataFacts, *, progress: Progress, say: Say) -> Part | None:
    """Labelled data whose arrays would take more than a third of the free memory, as memory maps in the cache; None for
    other data, which is read into memory.

    Raises:
        DataError: the data does not match the model, or the disk has not the room.
    """
    labelled = Labelled(path, facts)
    need = Need(labelled.size, free_memory())
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
    return replace(_only(entry), unlabelled=int(entry.notes["unlabelled"]))


def _only(entry: array_cache.Entry) -> Part:
    nothing = {f"{name}_{key}": np.empty(0) for name in ("train", "validation") for key in ("targets", "rows")}
    return parts_of({**nothing, **entry.arrays})[_SET]


def _fill(folder: Path, labelled: Labelled, progress: Progress) -> None:
    """Writes the entry of labelled data. Raises DataError, and OSError where a file cannot be written."""
    raw_folder = make_raw_folder(folder)
    told = f"reading {labelled.path}"
    try:
        rows = _RawRows(raw_folder)
        try:
            for share, part in labelled.pieces():
                rows.add(part)
                progress(told, 0.9 * share)
        finally:
            rows.close()
        with ArrayWriter(folder) as writer:
            rows.write(writer)
            writer.finish(lambda arrays: {"name": f"{labelled.path} (eval)", "unlabelled": rows.unlabelled})
    finally:
        shutil.rmtree(raw_folder, ignore_errors=True)


class _RawRows:
    """Encoded rows in files of a folder, since their number is known only at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._kinds: dict[str, tuple[tuple[int, ...], np.dtype]] = {}
        self._names: list[str] = []
        self._rows = self.unlabelled = 0

    def add(self, part: Part) -> None:
        """The next rows."""
        self.unlabelled += part.unlabelled
        if not len(part):
            return
        self._rows += len(part)
        self._names += part.files
        for name, array in {**part.inputs, "targets": part.targets, "rows": part.rows}.items():
            if name not in self._files:
                self._files[name] = (self._folder / name).open("wb")
                self._kinds[name] = (array.shape[1:], array.dtype)
            np.ascontiguousarray(array).tofile(self._files[name])

    def close(self) -> None:
        """No rows follow."""
        for file in self._files.values():
            file.close()

    def write(self, writer: ArrayWriter) -> None:
        """Writes the rows as the arrays of a set. Raises DataError where there are none."""
        if not self._rows:
            raise DataError("there are no rows to measure", hint="give data with at least one row that has a target")
        for name, (shape, kind) in self._kinds.items():
            writer.add(f"{_SET}_{name}", (self._rows, *shape), kind)
            width = int(np.prod(shape, dtype=np.int64))
            block = max(1, min(BLOCK, (1 << 24) // (width * kind.itemsize)))
            with (self._folder / name).open("rb") as file:
                for first in range(0, self._rows, block):
                    writer.write(f"{_SET}_{name}", np.fromfile(file, kind, width * min(block, self._rows - first)))
        if self._names:
            write_names(writer, _SET, self._names)


def _key(labelled: Labelled) -> str:
    """The name of the entry: that of the data, and a hash of its files and of what the model knows."""
    digest = hashlib.sha256(f"labelled/{_VERSION}/{Path(labelled.path).resolve()}".encode("utf-8", "surrogateescape"))
    digest.update(labelled.facts.to_bytes())
    for file in _files(Path(labelled.path)):
        state = file.stat()
        digest.update(f"{file}/{state.st_size}/{state.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(labelled.path).resolve().name)[:60].strip("._") or "data"
    return f"{stem}-{digest.hexdigest()[:16]}"


def _files(path: Path) -> list[Path]:
    """The files of a path, of a pattern, or below a folder, images and others."""
    if path.is_dir():
        return sorted({*(file for file in path.iterdir() if file.is_file()), *images_below(path)})
    return matching(path) if is_pattern(path) else [path]
