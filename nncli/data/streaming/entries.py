"""Data sets in the cache: filled by one process while others wait, and opened as memory maps; does not know sources."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Part, Progress, fingerprint, make_dataset
from nncli.data.prepared import array_cache
from nncli.data.streaming.storing import FOLDER, ArrayWriter, load_entry
from nncli.errors import DataError

PARTS = ("train", "validation", "test")
Say = Callable[[str], None]
# Writes the entry of a `data` section split by a seed into a folder.
Fill = Callable[[Path, Data, int, Progress, Say], None]
_FILES = "files"


def find_entry(folder: Path, task: Task | None) -> tuple[Path, array_cache.Entry | None]:
    """The folder of an entry, and the entry if it is there.

    That of data whose task was inferred serves for the same task given, as in the config of a run.
    """
    if task is None:
        return folder, load_entry(folder)
    own = folder.with_name(f"{folder.name}-{task.value}")
    entry = load_entry(own)
    inferred = load_entry(folder) if entry is None else None
    if inferred is not None and inferred.notes["facts"]["target"]["task"] == task.value:
        return folder, inferred
    return own, entry


def fill_entry(folder: Path, fill: Callable[[], None]) -> array_cache.Entry:
    """The entry in a folder, which `fill` writes unless it is there or another process writes it.

    Raises DataError where it cannot be written.
    """
    try:
        with array_cache.filling(folder):
            if load_entry(folder) is None:
                fill()
            entry = load_entry(folder)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written: {error.strerror or error}", hint="NNCLI_CACHE_DIR names another folder"
        ) from None
    if entry is None:
        raise DataError(f"what was written to {folder} cannot be read again", hint="try another NNCLI_CACHE_DIR")
    return entry


def open_or_fill(name: str, fill: Fill, title: str, data: Data, *, seed: int, progress: Progress, say: Say) -> Dataset:
    """The data set of the entry of this name, which `fill` writes where it is not there.

    The progress has the `title` already while another process writes it. Raises what `fill` raises, and DataError where
    the entry cannot be written.
    """
    folder, entry = find_entry(array_cache.cache_folder() / FOLDER / name, data.task)
    if entry is None:
        progress(title, 0.0)
        entry = fill_entry(folder, lambda: fill(folder, data, seed, progress, say))
    return open_dataset(entry)


def open_dataset(entry: array_cache.Entry) -> Dataset:
    """The data set of an entry."""
    notes = entry.notes
    facts = DataFacts.model_validate_json(json.dumps(notes["facts"]))
    parts = parts_of(entry.arrays)
    return Dataset(
        facts,
        parts["train"],
        parts["validation"],
        parts["test"],
        tuple(notes["said"]),
        tuple(notes["warnings"]),
        is_streamed=True,
        known_fingerprint=notes["fingerprint"],
    )


def parts_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Part]:
    """The sets whose arrays are called `train_numbers`, `train_targets`, `train_rows` and so on; `train_files` has the
    names of files, one a line."""
    return {name: _part(arrays, name) for name in PARTS}


def notes_of(
    name: str, arrays: Mapping[str, np.ndarray], facts: DataFacts, said: tuple[str, ...], warnings: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The notes of an entry besides its arrays; `name` says what data it has."""
    parts = parts_of(arrays)
    whole = make_dataset(facts, parts["train"], parts["validation"], parts["test"], [])
    return {
        "name": name,
        "facts": json.loads(whole.facts.to_bytes()),
        "said": list(said),
        "warnings": list(warnings),
        "fingerprint": fingerprint(whole.facts, parts),
    }


def write_dataset(writer: ArrayWriter, dataset: Dataset, name: str) -> None:
    """Writes the arrays of a data set in memory, and finishes the entry."""
    for part_name, part in zip(PARTS, (dataset.train, dataset.validation, dataset.test), strict=True):
        for key, array in {**part.inputs, "targets": part.targets, "rows": part.rows}.items():
            writer.add(f"{part_name}_{key}", array.shape, array.dtype)
            writer.write(f"{part_name}_{key}", array)
    writer.finish(lambda arrays: notes_of(name, arrays, dataset.facts, dataset.notes, dataset.warnings))


def write_names(writer: ArrayWriter, part: str, names: list[str]) -> None:
    """Writes the names of the files of a set."""
    content = np.frombuffer("\n".join(names).encode("utf-8", "surrogateescape"), np.uint8)
    writer.add(f"{part}_{_FILES}", content.shape, content.dtype)
    writer.write(f"{part}_{_FILES}", content)


def _part(arrays: Mapping[str, np.ndarray], name: str) -> Part:
    own = {key.removeprefix(f"{name}_"): array for key, array in arrays.items() if key.startswith(f"{name}_")}
    targets, rows, files = own.pop("targets"), own.pop("rows"), own.pop(_FILES, None)
    named = () if files is None else tuple(files.tobytes().decode("utf-8", "surrogateescape").split("\n"))
    return Part(own, targets, rows, named)
