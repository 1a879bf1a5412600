"""Reads the inputs of a trained model as batches of arrays, and labelled data to measure it on.

An input that cannot be read becomes a `Failure` with a reason, and the others are still read. The modules for tables
and arrays are imported on first use, so that predicting one image does not wait for the table readers.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from nncli.config.facts import DataFacts, ImageInput
from nncli.data.arrays.files import is_archive
from nncli.data.batches import Batch, Failure
from nncli.data.dataset import Part, Progress
from nncli.data.inputs.finding import TABLES, Found, find_inputs
from nncli.data.inputs.images import image_batches
from nncli.errors import DataError


def read_inputs(
    words: Sequence[str], facts: DataFacts, *, stdin: BinaryIO, keep: bool = False, split: bool = False
) -> Iterator[Batch]:
    """What the words stand for (see `finding.find_inputs`) as the model's inputs, in order, one batch at a time.

    The `share` of a batch is that of all inputs; with `keep`, batches of tables have the original cells;
    with `split`, each drawing in an image is a row, if the model's images are drawings.
    """
    is_image = isinstance(facts.inputs, ImageInput)
    found = find_inputs(words, stdin, images=is_image, tables=not is_image or facts.pixels is not None)
    done = 0
    for kind, group in groupby(found, key=lambda each: _kind_of(each, facts)):
        inputs = list(group)
        for batch in _batches(kind, inputs, facts, keep, split):
            batch.share = (done + batch.share * len(inputs)) / len(found)
            yield batch
        done += len(inputs)


def _kind_of(found: Found | Failure, facts: DataFacts) -> str:
    """By what it is read: `failure`, `archive`, `image` or `table`."""
    if isinstance(found, Failure):
        return "failure"
    if found.is_archive:
        return "archive"
    if not isinstance(facts.inputs, ImageInput):
        return "table"
    if facts.pixels is None:
        return "image"
    is_table = found.suffix in TABLES if isinstance(found.source, Path) else not found.is_image
    return "table" if is_table else "image"


def _batches(
    kind: str, inputs: Sequence[Found | Failure], facts: DataFacts, keep: bool, split: bool
) -> Iterator[Batch]:
    found = [each for each in inputs if isinstance(each, Found)]
    if kind == "failure":
        yield Batch(failures=[each for each in inputs if isinstance(each, Failure)])
    elif kind == "image" and isinstance(facts.inputs, ImageInput):
        yield from _image_batches(found, facts.inputs, split)
    else:
        for place, each in enumerate(found):
            for batch in _read_found(kind, _without_pipe(each), facts, keep):
                batch.share = (place + batch.share) / len(found)
                yield batch


def _image_batches(found: Sequence[Found], image: ImageInput, split: bool) -> Iterator[Batch]:
    """Images in large batches; in between, a failure for a table, whose bytes would only be a damaged image."""
    for is_table, group in groupby(found, key=lambda each: each.suffix in TABLES):
        if is_table:
            message = "is a table, but the model was trained on images"
            yield Batch(failures=[Failure(each.name, message) for each in group])
        else:
            yield from image_batches([_without_pipe(each) for each in group], image, split=split)


def _read_found(kind: str, found: Found, facts: DataFacts, keep: bool) -> Iterator[Batch]:
    """The batches of a table or an archive; a failure if it cannot be read."""
    try:
        if kind == "archive" and isinstance(found.source, Path):
            from nncli.data.inputs.arrays import array_batches

            yield from array_batches(found.source, found.name, facts)
        elif isinstance(facts.inputs, ImageInput) and facts.pixels is not None:
            from nncli.data.tables.pixels import pixel_batches

            yield from pixel_batches(found.name, found.source, facts, facts.inputs, facts.pixels, keep=keep)
        elif not isinstance(facts.inputs, ImageInput):
            if found.is_image:
                raise DataError("is an image, but the model was trained on a table")
            from nncli.data.tables.inputs import table_batches

            yield from table_batches(found.name, found.source, facts, facts.inputs, keep=keep)
    except DataError as error:
        yield Batch(failures=[Failure(found.name, _one_line(error, found.name))])


def _without_pipe(found: Found) -> Found:
    """The input; of a pipe, as `<(command)` names one, all that comes from it, since it can be read only once."""
    if not isinstance(found.source, Path) or not found.source.is_fifo():
        return found
    from nncli.data.tables.files.content import read_stream

    with found.source.open("rb") as pipe:
        return Found(found.name, read_stream(pipe))


def _one_line(error: DataError, name: str) -> str:
    """Message and hint in one line, without the input's name, which the failure has already."""
    message = error.message.removeprefix(f"{name}: ").removeprefix(f"{name} ")
    return " ".join(f"{message} ({error.hint})".split()) if error.hint else " ".join(message.split())


def load_labelled(
    path: str,
    facts: DataFacts,
    *,
    progress: Progress = lambda what, share: None,
    say: Callable[[str], None] = lambda told: None,
) -> Part:
    """A table, archive of arrays or folder of labelled images with its targets, encoded for a trained model; memory
    maps where its arrays would take too much memory, which is said.

    Raises:
        DataError: the data does not match the model: it is of another kind, lacks a column, or has an unknown class.
    """
    from nncli.data.streaming.inputs.loading import load_large

    large = load_large(path, facts, progress=progress, say=say)
    if large is not None:
        return large
    file = Path(path)
    if is_archive(file):
        from nncli.data.archives import label_archive

        return label_archive(file, facts)
    if isinstance(facts.inputs, ImageInput):
        return _label_images(file, facts, facts.inputs)
    from nncli.data.tables.inputs import label_table

    return label_table(file, path, facts, facts.inputs)


def _label_images(file: Path, facts: DataFacts, image: ImageInput) -> Part:
    if file.is_file() and file.suffix.lower() not in TABLES:
        raise DataError(
            f"{file} is a file, but the model was trained on images",
            hint="name a folder with one folder per class, or a table of files and labels",
        )
    if file.is_file() and facts.pixels is not None:
        from nncli.data.tables.pixels import label_pixels

        return label_pixels(file, facts, image, facts.pixels)
    from nncli.data.images.labels.loading import label_images

    return label_images(file, facts, image)
