"""How much memory is free, and whether arrays would take too much of it; reads no data."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nncli.data.tables.files.content import is_pattern, matching, read_start
from nncli.errors import UsageError

# Arrays are streamed that would take more than this share of the free memory: reading a table takes about three times
# what its arrays do.
SHARE = 1 / 3
# Data whose arrays have up to this many bytes is read as data in memory is: it fits one window of a training.
SMALL = 1 << 27
_LIMIT = "NNCLI_MEMORY"
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_GROUP = Path("/sys/fs/cgroup")
# Limit and use in the second and the first version of control groups.
_FILES = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


@dataclass(frozen=True)
class Need:
    """The bytes of the arrays of a data set, and those of the memory that is free (None where it is not known)."""

    arrays: int
    free: int | None

    @property
    def is_large(self) -> bool:
        """Whether the arrays would take more than a third of the free memory."""
        return self.free is not None and self.arrays > SHARE * self.free


def describe_need(need: Need) -> str:
    """Why data is streamed, in a line with the numbers."""
    free = "unknown" if need.free is None else format_bytes(need.free)
    return (
        f"data.memory: the arrays would take {format_bytes(need.arrays)}, more than a third of the {free} of free "
        "memory; they are streamed (`memory: all` reads them into memory)"
    )


def tell_whole(path: str, say: Callable[[str], None]) -> None:
    """Says so where a file, pattern or folder that cannot be streamed takes more than a third of the free memory.

    Raises DataError where no file matches.
    """
    files = matching(Path(path)) if is_pattern(Path(path)) else [Path(path)]
    need = Need(sum(file.stat().st_size for file in files if file.is_file()), free_memory())
    if need.is_large:
        say(
            f"{path}: tables of pixels, zipped tables and Excel files are read into memory whole; the files have "
            f"{format_bytes(need.arrays)}, and {format_bytes(need.free or 0)} of memory are free"
        )


def tell_zipped(path: Path, say: Callable[[str], None]) -> None:
    """The same for a zipped table or an Excel file, which has to be read whole to be examined."""
    if read_start(path, 2) == b"PK":
        tell_whole(str(path), say)


def free_memory() -> int | None:
    """Bytes of memory that this process can still have: what the system calls available, within the limit of the
    container and of NNCLI_MEMORY. None where the system does not say.

    Raises UsageError for an NNCLI_MEMORY that is no size.
    """
    known = [each for each in (_limit(), _available(), _left_in_group()) if each is not None]
    return min(known) if known else None


def _limit() -> int | None:
    given = os.environ.get(_LIMIT)
    if not given:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", given.strip(), re.IGNORECASE)
    if found is None:
        raise UsageError(f"{_LIMIT}: got {given!r}, expected a size", hint=f"such as {_LIMIT}=2GB or 500M")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def _available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _left_in_group() -> int | None:
    """What a container may still take; what it holds of files can be taken back, and does not count."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            most = (_GROUP / limit).read_text("ascii").strip()
            if most == "max":
                return None
            statistics = (_GROUP / limit).with_name("memory.stat").read_text("ascii").split()
            cached = int(statistics[statistics.index("file") + 1]) if "file" in statistics else 0
            return max(0, int(most) - int((_GROUP / used).read_text("ascii")) + cached)
        except (OSError, ValueError):
            continue
    return None


def format_bytes(size: float) -> str:
    """A size as text: `512 MB`, `1.8 GB`; 1 GB is 10^9 bytes."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size:.0f} bytes"
