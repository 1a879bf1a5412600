"""The story of `nncli init --samples`: small data to try every command on, drawn or taken from bundled data."""

import csv
import io
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli import data
from nncli.config.facts import ImageInput, TableInput
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.images.samples import SHAPES, draw_digits, draw_shapes, enlarge
from nncli.errors import UsageError, unwritable
from nncli.run.files import write_bytes

# Every so-many-th cell of the table is empty, to show what is done about missing values; prime, so that it hits each
# column.
_MISSING_EVERY = 41
# Where a flower was found, by its species: a category among the inputs that tells something, but not everything.
_HABITATS = ("meadow", "shore", "meadow", "bog", "shore", "meadow")
_SHAPES_OF_EACH = 40
_CONTENTS = {
    "one.png, four.png, seven.png": "drawn digits, 28×28 pixels, white on black",
    "digits/": "an image of each of the bundled digits, from the test set",
    "flowers.csv": "150 irises with a made-up habitat, some cells empty",
    "shapes/": "drawings of circles, squares and triangles, 40 of each",
}


@dataclass(frozen=True)
class Samples:
    """The folder that was written, what is in it, and commands that can be pasted to use it."""

    folder: Path
    contents: dict[str, str]
    commands: tuple[str, ...]


def write_samples(name: str, *, force: bool) -> Samples:
    """Writes digit images, a table and a folder of drawings; the same bytes each time.

    Raises UsageError for a folder that is not empty, unless `force`, and where it cannot be written.
    """
    if not name.strip():
        raise UsageError("--samples needs the name of a folder", hint="nncli init --samples samples")
    folder = Path(name)
    if folder.is_file():
        raise UsageError(f"{folder} is a file", hint="name a new folder: nncli init --samples samples")
    if folder.exists() and any(folder.iterdir()) and not force:
        raise UsageError(f"{folder} exists already", hint="name another folder, or replace its files with --force")
    try:
        for path, content in _files():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(target, content)
    except OSError as error:
        raise unwritable(f"{folder} cannot be written: {error.strerror}", error) from None
    quoted = shlex.quote(str(folder))
    commands = (
        f"nncli train && nncli predict {quoted}/digits",
        f"nncli train mnist_softmax && nncli predict {quoted}/seven.png",
        f"nncli init {quoted}/flowers.csv --target species",
        f"nncli init {quoted}/shapes",
    )
    contents = {f"{folder}/{name}": what for name, what in _CONTENTS.items()}
    return Samples(folder, contents, commands)


def _files() -> Iterator[tuple[str, bytes]]:
    yield from ((f"{name}.png", content) for name, content in draw_digits().items())
    yield from _digits()
    yield "flowers.csv", _iris_table().encode()
    counts = dict.fromkeys(SHAPES, 0)
    for kind, content in draw_shapes(_SHAPES_OF_EACH):
        counts[kind] += 1
        yield f"shapes/{kind}/{counts[kind]:02}.png", content


def _digits() -> Iterator[tuple[str, bytes]]:
    """The most typical of each of the bundled digits in the test set that the shipped configs hold out.

    It is the one nearest the mean of its class in the training set: an example to try commands on should not be odd.
    """
    dataset = _load("digits")
    image, classes = dataset.facts.inputs, dataset.facts.target.classes
    for label, name in enumerate(classes):
        mean = dataset.train.inputs["image"][dataset.train.targets == label].mean(axis=0)
        distances = ((dataset.test.inputs["image"] - mean) ** 2).sum(axis=(1, 2, 3))
        row = int(np.where(dataset.test.targets == label, distances, np.inf).argmin())
        scale = image.scale if isinstance(image, ImageInput) else 1.0
        yield f"digits/{name}.png", enlarge(dataset.test.inputs["image"][row], scale)


def _load(source: str) -> Dataset:
    return data.load(Data(source=source), seed=1, data_dir=None, progress=lambda what, fraction: None)


def _iris_table() -> str:
    """The bundled irises as a CSV, with a made-up habitat, and some cells empty."""
    dataset = _load("iris")
    inputs, target = dataset.facts.inputs, dataset.facts.target
    names = [column.name for column in inputs.numbers] if isinstance(inputs, TableInput) else []
    rows: dict[int, list[str]] = {}
    for part in (dataset.train, dataset.validation, dataset.test):
        for row, numbers, label in zip(part.rows, part.inputs["numbers"], part.targets, strict=True):
            rows[int(row)] = [*(f"{value:.1f}" for value in numbers), target.classes[int(label)]]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*(name.removesuffix(" (cm)").replace(" ", "_") for name in names), "habitat", *target.columns])
    for number, row in sorted(rows.items()):
        species = target.classes.index(row[-1])
        cells = [*row[:-1], _HABITATS[(species + number * number) % len(_HABITATS)]]
        for index in range(len(cells)):
            if (number * len(cells) + index) % _MISSING_EVERY == _MISSING_EVERY - 1:
                cells[index] = ""
        writer.writerow([*cells, row[-1]])
    return buffer.getvalue()
