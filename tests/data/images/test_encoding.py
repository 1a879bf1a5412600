"""PNG files that decode to the very array that was written."""

import numpy as np
import pytest

from nncli.config.facts import ImageInput
from nncli.data.images.decoding import decode_image
from nncli.data.images.encoding import encode_png, round_pixels


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("scale", "highest"), [(1 / 255, 255), (1 / 16, 16), (1.0, 1)])
def test_every_value_of_an_image_comes_back(scale: float, highest: int, channels: int) -> None:
    image = ImageInput(height=16, width=17, channels=channels, scale=scale)
    generator = np.random.default_rng(channels)
    for top in {highest, max(1, highest // 16), 1}:
        pixels = generator.integers(0, top + 1, image.shape).astype(np.uint8)
        if channels == 4:
            pixels[..., 3] = highest
        found, _ = decode_image(encode_png(pixels, image), image)
        np.testing.assert_array_equal(found, pixels)


def test_a_float_image_comes_back_rounded_to_eight_bits() -> None:
    image = ImageInput(height=5, width=6, channels=1, dtype="float32", scale=1.0)
    pixels = np.random.default_rng(0).random((3, *image.shape)).astype(np.float32)
    rounded = round_pixels(pixels, image)
    assert 0 < float(np.abs(rounded - pixels).max()) <= 0.5 / 255 + 1e-6
    for place in range(3):
        found, _ = decode_image(encode_png(rounded[place], image), image)
        np.testing.assert_array_equal(found, rounded[place])


def test_pixels_of_bytes_are_not_rounded() -> None:
    image = ImageInput(height=2, width=2, channels=1, scale=1 / 16)
    pixels = np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1)
    assert round_pixels(pixels, image) is pixels
