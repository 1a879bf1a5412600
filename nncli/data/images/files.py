"""Finds image files by their names, and processes many files in parallel; opens no files itself."""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif")
)  # fmt: skip
_WORKERS = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def images_below(folder: Path) -> list[Path]:
    """All files with the suffix of an image in a folder and its subfolders, sorted; hidden ones are skipped."""
    return files_below(folder, SUFFIXES)


def files_below(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """All files with one of these suffixes (in lower case) in a folder and its subfolders, sorted; hidden ones are
    skipped."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in suffixes and file.is_file() and not is_hidden(file.relative_to(folder))
    )


def map_parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
    """Apply `work` to many items in parallel threads (Pillow releases the GIL); the results are in order."""
    if len(items) < 8:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor  # imported late: not needed for a few images

    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(work, items)


def is_hidden(path: Path) -> bool:
    """Whether a part of the path is hidden, or was created by an archiver."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)
