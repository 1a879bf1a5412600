"""Reads image files as a model's inputs, many at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nncli.config.facts import ImageInput
from nncli.data.batches import Batch, Failure
from nncli.data.images.files import map_parallel
from nncli.data.inputs.finding import Found
from nncli.errors import DataError

BATCH_IMAGES = 256


def image_batches(inputs: Sequence[Found], image: ImageInput, *, split: bool = False) -> Iterator[Batch]:
    """The images in order, in batches; a failure for each that cannot be read. With `split`, each drawing is a row."""
    for start in range(0, len(inputs), BATCH_IMAGES):
        batch = _read(inputs[start : start + BATCH_IMAGES], image, split)
        batch.share = min(1.0, (start + BATCH_IMAGES) / len(inputs))
        yield batch


def _read(inputs: Sequence[Found], image: ImageInput, split: bool) -> Batch:
    from nncli.data.images.ink.preparing import Prepared, read_images

    def read(source: Path | bytes) -> Prepared | str:
        try:
            return read_images(source, image, split=split)
        except DataError as error:
            return error.message

    batch = Batch()
    pixels: list[np.ndarray] = []
    sources = [each.source if isinstance(each.source, Path) else bytes(each.source) for each in inputs]
    for found, source, images in zip(inputs, sources, map_parallel(read, sources), strict=True):
        if isinstance(images, str):
            batch.failures.append(Failure(found.name, images))
            continue
        batch.names += images.names(found.name)
        batch.files += [source] * len(images.images)
        batch.prepared += images.is_changed
        pixels += images.images
        batch.warnings += [(found.name, warning) for warning in images.warnings]
    if pixels:
        batch.inputs["image"] = np.stack(pixels)
    return batch
