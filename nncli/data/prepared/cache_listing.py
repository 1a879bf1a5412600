"""What lies in the cache, and its removal; does not know what the arrays mean."""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nncli.data.prepared import array_cache

# Below the folder of prepared data sets: (folder, kind) of other entries.
_KINDS = (("", "prepared"), ("streams", "streamed"), ("references", "other model"))
_UNFINISHED = "unfinished"


@dataclass(frozen=True)
class CacheEntry:
    """A folder of the cache: `kind` is prepared, streamed, other model, or unfinished for what a killed process left.

    `written` is when, in ISO 8601; `size` is in bytes.
    """

    name: str
    kind: str
    size: int
    written: str
    folder: Path


def list_cache() -> list[CacheEntry]:
    """All entries, by kind and name."""
    found = []
    for below, kind in _KINDS:
        root = array_cache.cache_folder() / below
        folders = sorted(each for each in root.iterdir() if each.is_dir()) if root.is_dir() else []
        for folder in folders:
            if (folder / array_cache.INDEX).is_file():
                found.append(_entry(folder, kind))
            elif below == "streams" and not array_cache.is_being_filled(_entry_folder(folder)):
                found.append(_entry(folder, _UNFINISHED))
    return found


def clear_cache() -> list[CacheEntry]:
    """Removes all entries, but for those that a process is writing; returns what was removed."""
    removed = []
    for entry in list_cache():
        if array_cache.is_being_filled(_entry_folder(entry.folder)):
            continue
        with suppress(OSError):
            # First the index: what is removed halfway is no entry.
            (entry.folder / array_cache.INDEX).unlink(missing_ok=True)
            shutil.rmtree(entry.folder)
            removed.append(entry)
    return removed


def _entry(folder: Path, kind: str) -> CacheEntry:
    files = [each for each in folder.rglob("*") if each.is_file()]
    states = [each.stat() for each in files]
    newest = max((state.st_mtime for state in states), default=folder.stat().st_mtime)
    written = datetime.fromtimestamp(newest, UTC).isoformat(timespec="seconds")
    return CacheEntry(_name(folder), kind, sum(state.st_size for state in states), written, folder)


def _name(folder: Path) -> str:
    """The name that the entry gives for its data, or that of its folder."""
    try:
        notes = json.loads((folder / array_cache.INDEX).read_text("utf-8"))["notes"]
        name = notes.get("name") or notes.get("model")
        return str(name) if name else folder.name
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return folder.name


def _entry_folder(folder: Path) -> Path:
    """The folder of the entry that a folder of raw rows, `.NAME~RANDOM`, is for; others are their own."""
    return folder.with_name(folder.name[1:].rpartition("~")[0]) if "~" in folder.name else folder
