"""Which files are images, by their names, and the same work on many of them at once; opens none itself."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif")
)  # fmt: skip
_WORKERS = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def images_below(folder: Path) -> list[Path]:
    """All image files in a folder and its subfolders by their suffix, sorted; hidden ones are passed over."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES and file.is_file() and not is_hidden(file.relative_to(folder))
    )


def map_parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
    """Apply `work` to many files at once (Pillow decodes outside Python's lock), results in order."""
    if len(items) < 8:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor  # late: a few images do without

    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(work, items)


def is_hidden(path: Path) -> bool:
    """Whether a part of the path is hidden, or put there by an archiver."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)
