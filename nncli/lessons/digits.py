"""The bundled handwritten digits as arrays, and a user's own digit brought to their form."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from nncli.config.facts import ImageInput
from nncli.config.sections import Data
from nncli.data.bundled import load_bundled
from nncli.data.dataset import Dataset
from nncli.data.images.ink.preparing import prepare_image
from nncli.errors import UsageError, UserError

SIDE = 8


@dataclass(frozen=True)
class Digit:
    """One digit, float64 (8, 8) from 0 to 1, how it is called, and what was odd about its file."""

    name: str
    pixels: np.ndarray
    warnings: tuple[str, ...] = ()


@cache
def load_digits() -> Dataset:
    """The bundled digits."""
    return load_bundled(Data(source="digits"), seed=1)


def choose_digit(digit: int, image: Path | None) -> Digit:
    """The first training example of that digit, or the drawing in an image file. Raises UsageError."""
    dataset = load_digits()
    facts = dataset.facts.inputs
    if not isinstance(facts, ImageInput):
        raise UsageError("the bundled digits are no images")
    if image is None:
        place = int(np.flatnonzero(dataset.train.targets == digit)[0])
        return Digit(f"a {digit}", dataset.train.inputs["image"][place, ..., 0] * facts.scale)
    try:
        prepared = prepare_image(image, facts)
    except UserError as error:
        raise UsageError(f"--image {image}: {error.message}", hint="name a PNG or JPEG of one digit") from None
    warnings = tuple(f"{image.name} {warning}" for warning in prepared.warnings)
    return Digit(image.name, prepared.images[0][..., 0] * facts.scale, warnings)
