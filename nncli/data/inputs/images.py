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


def image_batches(inputs: Sequence[Found], image: ImageInput) -> Iterator[Batch]:
    """The images in order, in batches; a failure for each that cannot be read."""
    for start in range(0, len(inputs), BATCH_IMAGES):
        batch = _read(inputs[start : start + BATCH_IMAGES], image)
        batch.share = min(1.0, (start + BATCH_IMAGES) / len(inputs))
        yield batch


def _read(inputs: Sequence[Found], image: ImageInput) -> Batch:
    from nncli.data.images.decoding import decode_image

    def decode(source: Path | memoryview) -> tuple[np.ndarray, list[str]] | str:
        try:
            return decode_image(source if isinstance(source, Path) else bytes(source), image)
        except DataError as error:
            return error.message

    batch = Batch()
    pixels = []
    for found, decoded in zip(inputs, map_parallel(decode, [each.source for each in inputs]), strict=True):
        if isinstance(decoded, str):
            batch.failures.append(Failure(found.name, decoded))
            continue
        batch.names.append(found.name)
        pixels.append(decoded[0])
        batch.warnings += [(found.name, warning) for warning in decoded[1]]
    if pixels:
        batch.inputs["image"] = np.stack(pixels)
    return batch
