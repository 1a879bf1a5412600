"""Reads inputs for a trained model: files, folders, tables and stdin as batches of arrays.

An input that cannot be read becomes a `Failure` with a reason, and the others are still read. The modules for images
and for tables are imported on first use, so that predicting one image does not wait for the table readers.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, PixelColumns
from nncli.data.batches import STDIN, Batch, Failure
from nncli.data.dataset import Part
from nncli.data.images.files import images_below, map_parallel
from nncli.errors import DataError

BATCH_IMAGES = 256
_TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".txt", ".gz", ".zip", ".jsonl", ".ndjson", ".xlsx", ".parquet", ".pq"))


def read_inputs(names: Sequence[str], facts: DataFacts, *, stdin: BinaryIO, split: bool = False) -> Iterator[Batch]:
    """Read files, folders, tables and "-" (stdin) as the model's inputs, in the order given, one batch at a time.

    With `split`, each drawing in an image is a row of its own, if the model's images are drawings.
    """
    if isinstance(facts.inputs, ImageInput):
        if facts.pixels is None:
            yield from _image_batches(names, facts.inputs, stdin, split)
        else:
            yield from _pixel_batches(names, facts, facts.inputs, facts.pixels, stdin)
        return
    from nncli.data.tables.inputs import table_batches

    for name in names:
        yield from table_batches(name, facts, facts.inputs, stdin)


def load_labelled(path: str, facts: DataFacts) -> Part:
    """A table, .npz file or folder of labelled images with its targets, encoded for a trained model.

    Raises:
        DataError: the data does not match the model: it is of another kind, lacks a column, or has an unknown class.
    """
    file = Path(path)
    if file.suffix.lower() == ".npz":
        from nncli.data.archives import label_archive

        return label_archive(file, facts)
    if isinstance(facts.inputs, ImageInput):
        if file.is_file() and not _is_table(file):
            raise DataError(
                f"{path} is a file, but the model was trained on images",
                hint="name a folder with one folder per class, or a table of files and labels",
            )
        if file.is_file() and facts.pixels is not None:
            from nncli.data.tables.pixels import label_pixels

            return label_pixels(file, facts, facts.inputs, facts.pixels)
        from nncli.data.images.labels.loading import label_images

        return label_images(file, facts, facts.inputs)
    from nncli.data.tables.inputs import label_table

    return label_table(file, path, facts, facts.inputs)


def _pixel_batches(
    names: Sequence[str], facts: DataFacts, image: ImageInput, pixels: PixelColumns, stdin: BinaryIO
) -> Iterator[Batch]:
    """Tables of pixels and image files, in the order given; stdin is an image if it begins like one."""
    from nncli.data.tables.inputs import starts_as_image
    from nncli.data.tables.pixels import pixel_batches

    for name in names:
        content = stdin.read() if name == STDIN else b""
        is_table = not starts_as_image(content) if name == STDIN else _is_table(Path(name))
        stream = io.BytesIO(content)
        if is_table:
            yield from pixel_batches(name, facts, image, pixels, stream)
        else:
            yield from _image_batches([name], image, stream)


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in _TABLE_SUFFIXES


def _image_batches(names: Sequence[str], image: ImageInput, stdin: BinaryIO, split: bool = False) -> Iterator[Batch]:
    batch: list[tuple[str, Path | bytes]] = []
    for item in _image_files(names, stdin):
        if isinstance(item, Failure):
            # Keeps the order given: images read before the failure come first.
            yield from _flush(batch, image, split)
            batch = []
            yield Batch(failures=[item])
            continue
        batch.append(item)
        if len(batch) == BATCH_IMAGES:
            yield from _flush(batch, image, split)
            batch = []
    yield from _flush(batch, image, split)


def _image_files(names: Sequence[str], stdin: BinaryIO) -> Iterator[tuple[str, Path | bytes] | Failure]:
    for name in names:
        path = Path(name)
        if name == STDIN:
            content = stdin.read()
            yield (name, content) if content else Failure(name, "stdin is empty")
        elif path.is_dir():
            found = images_below(path)
            yield from ((str(file), file) for file in found)
            if not found:
                yield Failure(name, "is a folder without images")
        elif not path.exists():
            yield Failure(name, "there is no such file")
        elif _is_table(path):
            yield Failure(name, "is a table, but the model was trained on images")
        else:
            yield name, path


def _flush(batch: list[tuple[str, Path | bytes]], image: ImageInput, split: bool) -> Iterator[Batch]:
    if not batch:
        return
    from nncli.data.images.ink.preparing import Prepared, read_images

    def read(item: tuple[str, Path | bytes]) -> Prepared | str:
        try:
            return read_images(item[1], image, split=split)
        except DataError as error:
            return error.message

    result = Batch()
    pixels: list[np.ndarray] = []
    for (name, file), images in zip(batch, map_parallel(read, batch), strict=True):
        if isinstance(images, str):
            result.failures.append(Failure(name, images))
            continue
        result.names += images.names(name)
        result.files += [file] * len(images.images)
        result.prepared += images.is_changed
        pixels += images.images
        result.warnings += [f"{name}: {warning}" for warning in images.warnings]
    if pixels:
        result.inputs["image"] = np.stack(pixels)
    yield result
