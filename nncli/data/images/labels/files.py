"""Finds the image file that a cell of a table names, by path or name, with or without suffix; opens no files."""

from collections.abc import Iterable, Sequence
from pathlib import Path


class FileIndex:
    """Image files by all the names that a table may use for them."""

    def __init__(self, files: Sequence[Path], bases: Iterable[Path]) -> None:
        """`bases` are the folders that relative paths may start from, the likeliest first."""
        self.files = tuple(files)
        # From the strictest to the loosest way of naming a file; the first one that finds a file is used.
        self._levels: list[dict[str, list[Path]]] = [{} for _ in range(7)]
        folders = [f"{base.as_posix().rstrip('/')}/" for base in bases]
        for file in files:
            # Strings, since a folder may have a hundred thousand images and the methods of Path are slow.
            path = file.as_posix()
            name = path.rpartition("/")[2]
            stem = _without_ending(name)
            for folder in folders:
                if path.startswith(folder):
                    self._add(0, path[len(folder) :], file)
                    self._add(1, _without_ending(path[len(folder) :]), file)
            self._add(2, name, file)
            self._add(3, stem, file)
            self._add(4, name.casefold(), file)
            self._add(5, stem.casefold(), file)
            if stem.isdecimal():
                self._add(6, str(int(stem)), file)

    def _add(self, level: int, key: str, file: Path) -> None:
        found = self._levels[level].setdefault(key, [])
        if not found or found[-1] != file:
            found.append(file)

    def find(self, cell: str) -> list[Path]:
        """The files with that name: none, one, or several if the name is ambiguous."""
        path = cell.strip().replace("\\", "/").removeprefix("./")
        if not path:
            return []
        name = path.rpartition("/")[2]
        number = str(int(name)) if name.isdecimal() else ""
        keys = (path, path, name, name, name.casefold(), name.casefold(), number)
        for level, key in zip(self._levels, keys, strict=True):
            if key in level:
                return level[key]
        return []


def _without_ending(name: str) -> str:
    """The path without its suffix; every image file has one."""
    return name.rpartition(".")[0]
