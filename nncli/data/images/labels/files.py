"""Which image file a cell of a table means: by its path, its name, with or without ending; opens no files."""

from collections.abc import Iterable, Sequence
from pathlib import Path


class FileIndex:
    """Image files by all that a table may call them."""

    def __init__(self, files: Sequence[Path], bases: Iterable[Path]) -> None:
        """`bases` are the folders that a relative path may start at, the likeliest first."""
        self.files = tuple(files)
        # From the strictest to the loosest way of naming a file; the first that finds one is taken.
        self._levels: list[dict[str, list[Path]]] = [{} for _ in range(7)]
        folders = [f"{base.as_posix().rstrip('/')}/" for base in bases]
        for file in files:
            # Texts, since a folder may have a hundred thousand images and the methods of paths are slow.
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
        """The files that are called so: none, one, or several where the name alone does not tell them apart."""
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
    """As `Path.stem`, with the folders before it; every image has an ending."""
    return name.rpartition(".")[0]
