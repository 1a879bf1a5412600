"""The data sets that the workbench offers: bundled ones, and files and folders found when the server starts.

A request names one by its place in this list, so that no path from a request reaches the disk.
"""

import hashlib
import io
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nncli.config.reading.document import parse_document, read_document
from nncli.config.reading.shipped import list_shipped
from nncli.console import Console
from nncli.data.images.files import SUFFIXES
from nncli.data.profile.proposal.proposal import suggest_targets
from nncli.errors import UsageError
from nncli.pipeline.drafting.init import STDOUT, InitRequest, init
from nncli.pipeline.serving.workbench.drafts import to_sections
from nncli.serve.refusals import Refusal

_BUNDLED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("digits", "digits: 8 × 8 pixels, 10 classes", {"source": "digits"}),
    ("mnist", "mnist: 28 × 28 pixels, 10 classes", {"source": "mnist", "fallback": "digits"}),
    ("shapes_circles", "shapes: circles", {"source": "shapes", "shape": "circles", "samples": 500, "noise": 0.05}),
    ("shapes_moons", "shapes: moons", {"source": "shapes", "shape": "moons", "samples": 500, "noise": 0.1}),
    ("shapes_xor", "shapes: xor", {"source": "shapes", "shape": "xor", "samples": 500, "noise": 0.05}),
    (
        "shapes_spirals",
        "shapes: three spirals",
        {"source": "shapes", "shape": "spirals", "arms": 3, "samples": 900, "noise": 0.03},
    ),
    ("iris", "iris: 3 classes", {"source": "iris"}),
    ("wine", "wine: 3 classes", {"source": "wine"}),
    ("breast_cancer", "breast_cancer: 2 classes", {"source": "breast_cancer"}),
    ("diabetes", "diabetes: a number", {"source": "diabetes"}),
    ("digit_attributes", "digit_attributes: 3 labels", {"source": "digit_attributes"}),
)
_TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".pq", ".jsonl", ".xlsx")
_ARCHIVE = ".npz"
# Of the folder that the server was started in: what is looked at, and offered, at most; how deep.
_MOST_SEEN, _MOST_OFFERED, _DEEPEST, _MOST_CLASSES = 5_000, 100, 2, 20
_NOT_OURS = ("runs", "node_modules", "site-packages", "__pycache__", "venv", "tests")


@dataclass(frozen=True)
class Source:
    """A data set of the list: its `data` section, or the `path` that one is drafted for."""

    name: str
    title: str
    is_own: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    @property
    def is_table(self) -> bool:
        """Whether its target is a column that someone has to choose."""
        return self.path is not None and self.path.is_file() and self.path.suffix != _ARCHIVE


@dataclass(frozen=True)
class Drafted:
    """A `data` section, what else a config for that data would say, and what was noticed on the way."""

    values: Mapping[str, Any]
    sections: Mapping[str, Any]
    notes: tuple[str, ...] = ()


class Sources:
    """The list, made once; what is drafted for one of its data sets is kept."""

    def __init__(self, given: Sequence[Path], folder: Path) -> None:
        """`given` were named by the user, `folder` is looked through. Raises UsageError for what is not there."""
        for path in given:
            if not path.exists():
                raise UsageError(f"--data {path}: there is no such file or folder")
        found = list(dict.fromkeys([*(path.resolve() for path in given), *_find(folder.resolve())]))
        self._sources = {each.name: each for each in [*_bundled(), *_own(found, folder)]}
        self._drafted: dict[tuple[str, tuple[str, ...]], Drafted] = {}

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources.values())

    def find(self, name: str) -> Source:
        """The data set of that name. Raises Refusal: 404 for none of the list, 410 for one that is gone or a link."""
        if name not in self._sources:
            raise Refusal(404, got=f"the data set {name[:80]!r}", expected="one of the list")
        source = self._sources[name]
        if source.path is not None and not _is_there(source.path):
            raise Refusal(
                410,
                got=f"the data set {source.title!r}, which is gone, or a link to another place",
                expected="the file or folder that was there when the server started",
                fix="put it back, or start the server again",
            )
        return source

    def match(self, data: Mapping[str, Any]) -> Source:
        """The data set that a `data` section is about, the one on the list that is most like it. Raises UsageError."""
        path = data.get("path")
        if path is not None:
            named = os.path.abspath(str(path))  # noqa: PTH100  resolve() would look at the disk
            found = [each for each in self if each.path is not None and str(each.path) == named]
        else:
            found = [each for each in self if each.path is None and each.values["source"] == data.get("source")]
        if not found:
            got = f"path {path!r}" if path is not None else f"source {data.get('source')!r}"
            raise UsageError(
                f"data: got the {got[:80]}, expected a data set of the list", hint="nncli serve --data PATH"
            )
        return max(found, key=lambda each: sum(data.get(key) == value for key, value in each.values.items()))

    def columns(self, name: str) -> dict[str, list[str]]:
        """The columns of a table, and those that are likely targets. Raises DataError."""
        source = self.find(name)
        if not source.is_table or source.path is None:
            return {"columns": [], "likely": []}
        likely, names = suggest_targets(source.path)
        return {"columns": names, "likely": likely}

    def draft(self, name: str, targets: tuple[str, ...]) -> Drafted:
        """The `data` section for these targets. Raises UsageError where a table has none, DataError."""
        source = self.find(name)
        if source.path is None:
            return Drafted(source.values, {})
        if source.is_table and not targets:
            raise UsageError("got no target", hint="choose the column to predict")
        key = (name, targets if source.is_table else ())
        if key not in self._drafted:
            self._drafted[key] = _draft(source.path, key[1])
        return self._drafted[key]


def _is_there(path: Path) -> bool:
    """Whether a path without links, as they are in the list, has none now and something is there."""
    try:
        return path.resolve(strict=True) == path
    except OSError:
        return False


def _draft(path: Path, targets: tuple[str, ...]) -> Drafted:
    """As `nncli init` writes it."""
    if path.suffix == _ARCHIVE:
        relative = os.path.relpath(path)
        return Drafted({"source": "npz", "path": str(path) if relative.startswith("..") else relative}, {})
    said = io.StringIO()
    request = InitRequest(source=str(path), targets=[_quoted(each) for each in targets], output=STDOUT)
    written = init(request, console=Console(quiet=True, stderr=said))
    values = parse_document(written.text, path.name).values
    notes = tuple(line.removeprefix("warning: ") for line in said.getvalue().splitlines())
    return Drafted(values["data"], to_sections(values), notes)


def _quoted(name: str) -> str:
    """A column's name for `--target`, which separates several by commas and knows quotes."""
    return '"' + name.replace('"', '""') + '"'


def _bundled() -> list[Source]:
    """The bundled data sets, and those of shipped configs that are none of these."""
    sources = [Source(name, title, values=values) for name, title, values in _BUNDLED]
    for config in list_shipped():
        values = read_document(config.path).values["data"]
        if all(values != each.values for each in sources):
            sources.append(Source(config.path.stem, f"{values['source']}, as in {config.name}", values=values))
    return sources


def _own(paths: Sequence[Path], folder: Path) -> list[Source]:
    titles = [os.path.relpath(path, folder) for path in paths]
    return [
        Source(_name(path), title if not title.startswith("..") else str(path), is_own=True, path=path)
        for path, title in zip(paths, titles, strict=True)
    ]


def _name(path: Path) -> str:
    """The same for a path whenever the server is started, as a page may outlive it."""
    return f"own-{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"


def _find(folder: Path) -> list[Path]:
    """Tables, archives and folders of images in a folder, by name."""
    left = [_MOST_SEEN]
    return sorted(_walk(folder, 1, left))[:_MOST_OFFERED]


def _walk(folder: Path, depth: int, left: list[int]) -> Iterator[Path]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(itertools.islice(found, _MOST_SEEN), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        left[0] -= 1
        if left[0] < 0:
            return
        if entry.name.startswith(".") or entry.name in _NOT_OURS or entry.is_symlink():
            continue
        path = Path(entry.path)
        if entry.is_dir():
            if _holds_images(path, left):
                yield path
            elif depth < _DEEPEST:
                yield from _walk(path, depth + 1, left)
        elif entry.name.lower().endswith((*_TABLES, _ARCHIVE)):
            yield path


def _holds_images(folder: Path, left: list[int]) -> bool:
    """Whether a folder has images, or a folder of images for each of several classes, also below `train`."""
    if _is_of_images(folder, left):
        return True
    train = folder / "train"
    below = _subfolders(train if train.is_dir() else folder)
    return sum(_is_of_images(each, left) for each in below[:_MOST_CLASSES]) >= 2


def _is_of_images(folder: Path, left: list[int]) -> bool:
    """Whether one of the first files that a folder has is an image."""
    try:
        with os.scandir(folder) as entries:
            first = list(itertools.islice((each for each in entries if not each.name.startswith(".")), 3))
    except OSError:
        return False
    left[0] -= len(first)
    return any(each.is_file() and Path(each.name).suffix.lower() in SUFFIXES for each in first)


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(each.path) for each in entries if each.is_dir() and not each.is_symlink()]
    except OSError:
        return []
