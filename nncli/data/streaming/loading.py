"""Loads a table as a streamed data set: from the cache, or by reading it once and writing its arrays there."""

import shutil
from pathlib import Path

from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Progress
from nncli.data.streaming import memory
from nncli.data.streaming.entries import Say, notes_of, open_or_fill, write_dataset
from nncli.data.streaming.memory import Need, format_bytes, free_memory
from nncli.data.streaming.storage.naming import OTHER_KEYS, entry_name
from nncli.data.streaming.storing import ArrayWriter, make_raw_folder, require_room
from nncli.data.streaming.tables.collecting import collect
from nncli.data.streaming.tables.compacting import drop_repeated
from nncli.data.streaming.tables.finishing import finish
from nncli.data.streaming.tables.own_test import has_own_test
from nncli.data.streaming.tables.planning import Plan, make_plan
from nncli.data.streaming.tables.sources import Source, open_source
from nncli.data.tables.files.content import is_pattern, matching
from nncli.data.tables.loading import load_file
from nncli.errors import DataError

# Increased when a table becomes other arrays.
_VERSION = 3
# An encoded cell has 4 bytes; in a CSV it has at least 2 with its delimiter, packed perhaps a twentieth of that.
_GROWTH, _GROWTH_PACKED = 2, 40
_PACKED = (".gz", ".zip", ".parquet", ".pq", ".xlsx")


def should_stream(data: Data) -> Need | None:
    """What the arrays of a table need where they would take more than a third of the free memory; otherwise None.

    Small files are not opened.
    """
    free = free_memory()
    files = [file for path in _paths(data) for file in _files(path)]
    size = sum(file.stat().st_size for file in files if file.is_file())
    packed = any(file.name.lower().endswith(_PACKED) for file in files)
    if not Need(size * (_GROWTH_PACKED if packed else _GROWTH), free).is_large:
        return None
    need = Need(_estimate_bytes(_source(data), _test_source(data)), free)
    return need if need.is_large else None


def load_streamed(data: Data, *, seed: int, progress: Progress, say: Say) -> Dataset:
    """The data set of a CSV or Parquet source, as memory maps of its arrays in the cache.

    Raises:
        DataError: the table cannot be used as the config requires, or the disk has not the room.
    """
    return open_or_fill(_key(data, seed), _fill, "reading the table", data, seed=seed, progress=progress, say=say)


def _fill(folder: Path, data: Data, seed: int, progress: Progress, say: Say) -> None:
    """Writes the entry of a table. Raises DataError, and OSError where a file cannot be written."""
    source, test = _source(data), _test_source(data)
    if _estimate_bytes(source, test) <= memory.SMALL:
        dataset = load_file(data, seed=seed)
        with ArrayWriter(folder) as writer:
            write_dataset(writer, dataset, str(data.path))
        return
    plan = make_plan(source, data)
    rows = source.rows + (test.rows if test is not None else 0)
    size = rows * plan.row_bytes
    require_room(2 * size, folder)
    say(
        f"{source.name}: about {rows:,} rows are read once into {format_bytes(size)} of arrays in "
        f"{folder.parent} (and as much meanwhile)"
    )
    _write(folder, plan, test, data, seed, progress)


def _write(folder: Path, plan: Plan, test: Source | None, data: Data, seed: int, progress: Progress) -> None:
    what = f"reading {plan.source.name}"
    raw_folder = make_raw_folder(folder)
    try:
        raw = collect(plan, data, raw_folder, lambda share: progress(what, 0.8 * share))
        if data.duplicates == "drop":
            raw = drop_repeated(raw)
        with ArrayWriter(folder) as writer:
            done = finish(
                plan,
                data,
                raw,
                writer,
                seed=seed,
                test=test,
                progress=lambda share: progress(what, 0.8 + share / 5),
            )
            shutil.rmtree(raw_folder)
            writer.finish(lambda arrays: notes_of(plan.source.name, arrays, done.facts, done.notes, done.warnings))
    finally:
        shutil.rmtree(raw_folder, ignore_errors=True)


def _source(data: Data) -> Source:
    return open_source(Path(_path(data)), data.text_format, is_parquet=data.source == "parquet")


def _test_source(data: Data) -> Source | None:
    """The table that is tested on, where it has files of its own."""
    if not isinstance(data.test, str) or not has_own_test(data):
        return None
    return open_source(Path(data.test), data.text_format, is_parquet=data.source == "parquet")


def _estimate_bytes(source: Source, test: Source | None) -> int:
    """About how many bytes the arrays have."""
    return sum(4 * each.rows * len(each.names) for each in (source, test) if each is not None)


def _paths(data: Data) -> list[Path]:
    return [Path(_path(data)), *([Path(data.test)] if isinstance(data.test, str) else [])]


def _path(data: Data) -> str:
    if data.path is None:
        raise DataError(f"data.path: source {data.source} needs `path`: the table's file")
    return data.path


def _files(path: Path) -> list[Path]:
    return matching(path) if is_pattern(path) else [path]


def _key(data: Data, seed: int) -> str:
    """The name of the entry: that of the table, and a hash of its files and of what decides on the arrays."""
    settings = data.model_dump(mode="json", exclude=set(OTHER_KEYS))
    files = [file for path in _paths(data) for file in _files(path)]
    return entry_name(Path(_path(data)), f"table/{_VERSION}/{seed}", settings, files)
