"""The story of `nncli data cache`: what is cached, and its removal."""

from dataclasses import dataclass
from typing import Any

from nncli.data.prepared.array_cache import cache_folder
from nncli.data.prepared.cache_listing import CacheEntry, clear_cache, list_cache
from nncli.data.streaming.memory import format_bytes
from nncli.errors import UsageError

# The word in place of data that means the cache.
CACHE = "cache"


@dataclass(frozen=True)
class CacheContent:
    """The folder of the cache, and its entries, or those that were `removed` from it."""

    folder: str
    entries: tuple[CacheEntry, ...]
    removed: bool

    @property
    def size(self) -> int:
        """Bytes of all entries."""
        return sum(entry.size for entry in self.entries)

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """Name, kind, size and time of each entry, for a table."""
        return [(each.name, each.kind, format_bytes(each.size), each.written[:16]) for each in self.entries]

    @property
    def summary(self) -> str:
        """The whole in a line."""
        what = f"{len(self.entries)} {'entry' if len(self.entries) == 1 else 'entries'}, {format_bytes(self.size)}"
        return f"removed: {what}" if self.removed else f"{what} in {self.folder}"

    def to_mapping(self) -> dict[str, Any]:
        """Plain values for JSON."""
        entries = [
            {
                "name": each.name,
                "kind": each.kind,
                "bytes": each.size,
                "written": each.written,
                "path": str(each.folder),
            }
            for each in self.entries
        ]
        return {"folder": self.folder, "bytes": self.size, "removed" if self.removed else "entries": entries}


def look_at_cache(*, clear: bool) -> CacheContent:
    """What the cache holds; with `clear`, what was removed from it."""
    found = clear_cache() if clear else list_cache()
    return CacheContent(str(cache_folder()), tuple(found), clear)


def require_cache(source: str, *, clear: bool) -> bool:
    """Whether the source means the cache. Raises UsageError for --clear with another source."""
    if clear and source != CACHE:
        raise UsageError(f"--clear empties the cache, and {source} is data", hint="say `nncli data cache --clear`")
    return source == CACHE
