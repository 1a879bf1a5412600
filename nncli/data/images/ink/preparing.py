"""From an image file to the arrays that a network trained on drawings takes: one for each drawing that is found."""

from dataclasses import dataclass

import numpy as np

from nncli.config.facts import ImageInput
from nncli.data.images.decoding import ImageFile, decode_image, has_colour, is_inverted, open_picture, read_header
from nncli.data.images.fitting import Fit

MNIST_SIDE = 28
# Large enough for strokes to be seen (see `extracting`).
_LOOK = Fit(170, 170, "pad")


@dataclass(frozen=True)
class Prepared:
    """Images as the model takes them, (height, width, channels) each, warnings, and whether the file was changed."""

    images: list[np.ndarray]
    warnings: list[str]
    is_changed: bool

    def names(self, name: str) -> list[str]:
        """The name of each image, where `name` is that of the file; its drawings are counted from 1."""
        if len(self.images) == 1:
            return [name]
        return [f"{name}#{place}" for place in range(1, len(self.images) + 1)]


def read_images(file: ImageFile, image: ImageInput, *, split: bool = False) -> Prepared:
    """An image file as the model takes it: prepared if the model's images are drawings, else only decoded.

    Raises:
        DataError: the image cannot be read; the message is one line without the file's name.
    """
    if image.prepare == "ink" and image.channels == 1:
        return prepare_image(file, image, split=split)
    values, warnings = decode_image(file, image)
    return Prepared([values], warnings, is_changed=False)


def prepare_image(file: ImageFile, image: ImageInput, *, split: bool = False) -> Prepared:
    """The largest drawing in an image file, or with `split` all of them in the order in which one reads.

    A grey image of the training size whose border is as dark or light as theirs stays as it is, bit for bit.
    Raises DataError where the image cannot be read.
    """
    header = read_header(file)
    if (header.height, header.width) == (image.height, image.width):
        values, warnings = decode_image(file, image)
        grey = not header.may_have_colour or not has_colour(open_picture(file, 3, dark_border=None, fit=_LOOK)[0])
        is_blank = values.min() == values.max()  # told already, and nothing to be found
        if grey and (is_blank or not is_inverted(values, image)):
            return Prepared([values], warnings, is_changed=False)
    # Late: most images need none of it, and a single prediction would wait for it.
    from nncli.data.images.ink import extracting

    picture, warnings = open_picture(file, 3 if header.may_have_colour else 1, dark_border=False, fit=_LOOK)
    grey_values = extracting.to_grey(picture)
    found = extracting.find_in(grey_values, is_fine=max(picture.size) > extracting.LEAST_SIDE)
    if found is None:
        warnings.append("has no drawing on it that stands out from the paper")
        return Prepared(
            [extracting.to_range(np.zeros((image.height, image.width), np.uint8), image)], warnings, is_changed=True
        )
    ink, labels, drawings = found
    if extracting.has_counts(image) and ink.is_light and extracting.fills_square(drawings, grey_values.shape):
        values, warnings = decode_image(file, image)
        return Prepared([values], warnings, is_changed=False)
    chosen = drawings if split else [max(drawings, key=lambda drawing: drawing.area)]
    if len(drawings) > len(chosen):
        warnings.append(f"has {len(drawings)} separate drawings; the largest is used (--split predicts each)")
    return Prepared(
        [extracting.fit_drawing(ink, labels, drawing, image) for drawing in chosen], warnings, is_changed=True
    )
