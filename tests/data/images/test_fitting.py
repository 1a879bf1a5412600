"""Large photos: decoded smaller or few at a time, with nearly the pixels that all of their detail gives."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli.config.facts import ImageInput, Resize
from nncli.data.images import decoding
from nncli.data.images.decoding import decode_image, open_picture
from nncli.data.images.files import map_parallel
from nncli.data.images.fitting import Fit

WIDTH, HEIGHT = 2000, 1500


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Three megapixels of smooth colours with an edge."""
    coarse = np.random.default_rng(1).integers(0, 256, (15, 20, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    picture.paste((250, 240, 10), (900, 300, 1500, 900))
    return picture


def model_input(resize: Resize, height: int = 40, width: int = 40) -> ImageInput:
    return ImageInput(height=height, width=width, channels=3, scale=1 / 255, resize=resize)


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
@pytest.mark.parametrize(
    ("name", "options"), [("a.jpg", {"quality": 95}), ("a.png", {}), ("a.jpg", {"progressive": True, "quality": 95})]
)
def test_a_large_photo_gives_nearly_the_pixels_of_all_its_detail(
    tmp_path: Path, photo: Image.Image, resize: Resize, name: str, options: dict[str, Any]
) -> None:
    photo.save(tmp_path / name, **options)
    with Image.open(tmp_path / name) as opened:
        whole = Fit(40, 40, resize).apply(opened.convert("RGB"))
    pixels, warnings = decode_image(tmp_path / name, model_input(resize))
    difference = np.abs(pixels.astype(int) - whole)
    assert difference.mean() < 2 and np.quantile(difference, 0.99) < 12 and warnings == []


def test_a_large_photo_held_upright_is_decoded_smaller_and_turned(tmp_path: Path, photo: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    picture, _ = open_picture(tmp_path / "turned.jpg", 3, dark_border=None, fit=Fit(100, 75))
    assert picture.size == (375, 500), "a quarter of each side, and turned"
    whole = Fit(100, 75).apply(photo.rotate(-90, expand=True))
    assert np.abs(Fit(100, 75).apply(picture).astype(int) - whole).mean() < 1.5


def test_many_at_once_give_the_same_bits_as_one_alone(tmp_path: Path, photo: Image.Image) -> None:
    photo.save(tmp_path / "a.jpg")
    photo.save(tmp_path / "b.png", compress_level=1)
    files = [tmp_path / "ab"[index % 2] for index in range(12)]
    files = [file.with_suffix({"a": ".jpg", "b": ".png"}[file.name]) for file in files]
    alone = [decode_image(file, model_input("pad"))[0].tobytes() for file in files[:2]]
    together = list(map_parallel(lambda file: decode_image(file, model_input("pad"))[0].tobytes(), files))
    assert together == alone * 6


def test_a_jpeg_is_never_decoded_to_many_times_what_is_needed(tmp_path: Path, photo: Image.Image) -> None:
    photo.save(tmp_path / "a.jpg")
    for size, expected in ((40, (250, 188)), (120, (500, 375)), (600, (WIDTH, HEIGHT))):
        picture, _ = open_picture(tmp_path / "a.jpg", 3, dark_border=None, fit=Fit(size, size))
        assert picture.size == expected


def test_only_two_pictures_that_must_be_decoded_whole_are_in_memory_at_once(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo.save(tmp_path / "a.png", compress_level=1)
    lock, now, most = threading.Lock(), 0, 0
    convert = decoding._to_mode

    def count(*arguments: Any) -> Image.Image:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        converted = convert(*arguments)
        with lock:
            now -= 1
        return converted

    monkeypatch.setattr(decoding, "_to_mode", count)
    files = [tmp_path / "a.png"] * 10
    pictures = list(map_parallel(lambda file: open_picture(file, 3, dark_border=None, fit=Fit(40, 40))[0], files))
    assert most <= 2 and {picture.size for picture in pictures} == {(160, 120)}


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (3, 4000), (4000, 3), (39, 41), (640, 480)])
def test_enough_is_never_more_than_there_is_and_covers_what_is_wanted(resize: Resize, size: tuple[int, int]) -> None:
    width, height = Fit(30, 50, resize).enough(*size)
    assert 1 <= width <= size[0] and 1 <= height <= size[1]
    if resize == "stretch":
        assert width >= min(size[0], 50) and height >= min(size[1], 30)
