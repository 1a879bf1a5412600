"""Image files of every kind as the array a model takes; image folders as data sets."""

import builtins
import errno
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli import data
from nncli.config.facts import ImageInput, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.images.border import border_median
from nncli.data.images.decoding import decode_image
from nncli.data.profile.profiling import profile_images
from nncli.errors import DataError, NncliError

GREY = ImageInput(height=28, width=28, channels=1, scale=1 / 255, border=0.0)
DIGITS = ImageInput(height=8, width=8, channels=1, scale=1 / 16, border=0.0)
COLOUR = ImageInput(height=20, width=30, channels=3, scale=1 / 255)


def drawing() -> np.ndarray:
    """A light shape on black, uint8 (28, 28), different under every turn."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[6:22, 8:12] = 250
    pixels[18:22, 8:20] = 120
    return pixels


def picture() -> Image.Image:
    return Image.fromarray(drawing())


def on_transparent(grey: int) -> Image.Image:
    alpha = Image.fromarray(np.where(drawing() > 0, 255, 0).astype(np.uint8))
    solid = Image.new("L", (28, 28), grey)
    return Image.merge("RGBA", (solid, solid, solid, alpha))


SAME: list[tuple[str, Callable[[], Image.Image], dict[str, Any]]] = [
    ("l.png", picture, {}),
    ("rgb.png", lambda: picture().convert("RGB"), {}),
    ("palette.png", lambda: picture().convert("P"), {}),
    ("bmp.bmp", picture, {}),
    ("gif.gif", picture, {}),
    ("tiff.tif", picture, {}),
    ("webp.webp", lambda: picture().convert("RGB"), {"lossless": True}),
    ("16bit.png", lambda: Image.fromarray(drawing().astype(np.uint16) * 257), {}),
    ("32bit.tif", lambda: Image.fromarray(drawing().astype(np.int32) * 257), {}),
    ("float.tif", lambda: Image.fromarray(drawing().astype(np.float32) / 255), {}),
    ("opaque.png", lambda: picture().convert("RGBA"), {}),
    ("cmyk.tif", lambda: picture().convert("RGB").convert("CMYK"), {}),
]


@pytest.mark.parametrize(("name", "make", "options"), SAME, ids=[case[0] for case in SAME])
def test_every_mode_and_format_gives_the_same_pixels(
    tmp_path: Path, name: str, make: Callable[[], Image.Image], options: dict[str, Any]
) -> None:
    make().save(tmp_path / name, **options)
    pixels, warnings = decode_image(tmp_path / name, GREY)
    assert (pixels.shape, str(pixels.dtype), warnings) == ((28, 28, 1), "uint8", [])
    np.testing.assert_allclose(pixels[..., 0].astype(int), drawing(), atol=2)


def test_a_jpeg_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture().rotate(90).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    pixels, _ = decode_image(tmp_path / "turned.jpg", GREY)
    assert np.abs(pixels[..., 0].astype(int) - drawing()).mean() < 5


def test_what_is_drawn_on_transparent_stays_visible(tmp_path: Path) -> None:
    on_transparent(255).save(tmp_path / "white.png")
    on_transparent(0).save(tmp_path / "black.png")
    white, no_warnings = decode_image(tmp_path / "white.png", GREY)
    black, warnings = decode_image(tmp_path / "black.png", GREY)
    np.testing.assert_array_equal(white[..., 0] > 127, drawing() > 0)
    np.testing.assert_array_equal(black[..., 0] < 127, drawing() > 0)
    assert no_warnings == []
    assert "looks inverted" in warnings[0]


def test_an_inverted_image_is_noticed_and_a_right_one_is_not(tmp_path: Path) -> None:
    Image.fromarray(255 - drawing()).save(tmp_path / "inverted.png")
    _, warnings = decode_image(tmp_path / "inverted.png", GREY)
    assert warnings[0].startswith("looks inverted: its border is light")
    light = GREY.model_copy(update={"border": 255.0})
    assert decode_image(tmp_path / "inverted.png", light)[1] == []
    unknown = GREY.model_copy(update={"border": None})
    assert decode_image(tmp_path / "inverted.png", unknown)[1] == []


def test_a_grey_image_of_another_aspect_is_padded_and_not_squashed(tmp_path: Path) -> None:
    wide = np.full((28, 84), 9, np.uint8)
    wide[:, 28:56] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    pixels, _ = decode_image(tmp_path / "wide.png", GREY)
    assert (pixels[:5] == 9).all() and (pixels[-5:] == 9).all()
    assert pixels[14, 14, 0] == 200 and pixels[14, 2, 0] == 9


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
def test_a_circle_stays_round_unless_it_is_to_be_stretched(tmp_path: Path, resize: str) -> None:
    y, x = np.mgrid[:100, :200]
    pixels = np.full((100, 200, 3), (20, 60, 200), np.uint8)
    pixels[(x - 100) ** 2 + (y - 50) ** 2 < 40**2] = (250, 200, 10)
    Image.fromarray(pixels).save(tmp_path / "circle.png")
    image = ImageInput(height=40, width=40, channels=3, scale=1 / 255, resize=resize)
    shown, _ = decode_image(tmp_path / "circle.png", image)
    disc = shown[..., 0] > 135
    high, wide = disc.any(axis=1).sum(), disc.any(axis=0).sum()
    assert {"pad": (16, 16), "crop": (32, 32), "stretch": (32, 16)}[resize] == pytest.approx((high, wide), abs=1)
    assert (shown[0, 0] == (20, 60, 200)).all(), "the bars have the colour of the border"


@pytest.mark.parametrize(("size", "shape"), [(32, (32, 32, 3)), ((24, 40), (24, 40, 3))])
def test_a_config_gives_the_size_and_the_way_to_it(tmp_path: Path, size: Any, shape: tuple[int, ...]) -> None:
    for index in range(12):
        folder = tmp_path / "photos" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (90, 30), (index, 200, 30)).save(folder / f"{index:02}.png")
    section = Data(source="images", path=str(tmp_path / "photos"), size=size, resize="crop")
    dataset = data.load(section, seed=1, data_dir=None, progress=lambda said, done: None)
    inputs = dataset.facts.inputs
    assert isinstance(inputs, ImageInput) and inputs.shape == shape and inputs.resize == "crop"
    for part in (dataset.train, dataset.validation, dataset.test):
        assert [int(name[2:4]) for name in part.files] == list(part.inputs["image"][:, 0, 0, 0])


def test_only_image_files_are_resized() -> None:
    with pytest.raises(DataError, match="expected source images, got digits"):
        data.load(Data(source="digits", size=16), seed=1, data_dir=None, progress=lambda said, done: None)


def test_a_colour_image_is_stretched_by_runs_that_do_not_say_how(tmp_path: Path) -> None:
    Image.new("RGB", (99, 17), (10, 200, 30)).save(tmp_path / "colour.png")
    pixels, _ = decode_image(tmp_path / "colour.png", COLOUR)
    assert pixels.shape == (20, 30, 3)
    assert (pixels == (10, 200, 30)).all()


def test_an_image_of_255_levels_is_mapped_to_the_16_of_the_digits(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    pixels[2:6, 2:6], pixels[3, 3] = 255, 128
    Image.fromarray(pixels).save(tmp_path / "ordinary.png")
    Image.fromarray((pixels / 17).astype(np.uint8)).save(tmp_path / "raw.png")
    ordinary, _ = decode_image(tmp_path / "ordinary.png", DIGITS)
    assert (ordinary.max(), ordinary[3, 3, 0], str(ordinary.dtype)) == (16, 8, "uint8")
    raw, warnings = decode_image(tmp_path / "raw.png", DIGITS)
    assert raw.max() == 15
    assert "read as 0 to 16" in warnings[0]


def test_a_float_model_gets_floats_from_0_to_1(tmp_path: Path) -> None:
    picture().save(tmp_path / "x.png")
    image = ImageInput(height=28, width=28, channels=1, dtype="float32", scale=1.0)
    pixels, _ = decode_image(tmp_path / "x.png", image)
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels[..., 0], drawing() / 255, rtol=1e-6)


def test_an_animation_gives_its_first_frame_and_says_so(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.gif", save_all=True, append_images=[Image.fromarray(255 - drawing())])
    pixels, warnings = decode_image(tmp_path / "a.gif", GREY)
    np.testing.assert_array_equal(pixels[..., 0], drawing())
    assert "several frames or pages: only the first is used" in warnings[0]


def test_a_blank_image_is_said_to_be_blank(tmp_path: Path) -> None:
    Image.new("L", (28, 28), 0).save(tmp_path / "blank.png")
    assert "blank" in decode_image(tmp_path / "blank.png", GREY)[1][0]


def bomb() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")


def cut_png(folder: Path) -> bytes:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(folder / "whole.png")
    return (folder / "whole.png").read_bytes()[:2000]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda folder: b"", "readable image"),
        (lambda folder: b"hello", "readable image"),
        (lambda folder: bomb(), "pixels"),
        (cut_png, "truncated"),
    ],
    ids=["empty", "text", "bomb", "cut"],
)
def test_a_damaged_image_is_explained_in_one_line(tmp_path: Path, content: Callable[[Path], bytes], told: str) -> None:
    (tmp_path / "bad.png").write_bytes(content(tmp_path))
    with pytest.raises(DataError, match=told) as caught:
        decode_image(tmp_path / "bad.png", GREY)
    assert "\n" not in caught.value.message


def make_folder(root: Path, classes: list[str], count: int = 8, size: tuple[int, int] = (12, 10)) -> None:
    random = np.random.default_rng(0)
    for index, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            pixels = random.integers(0, 50, size).astype(np.uint8)
            pixels[1:-1, 1:-1] = 60 * index + 5
            Image.fromarray(pixels).save(root / name / f"{number}.png")


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": "images", "path": str(path), **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


@pytest.mark.parametrize(("read", "failing"), [("load", 1), ("load", 2), ("profile", 1)])
def test_an_image_that_a_broken_disk_does_not_give_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: str, failing: int
) -> None:
    make_folder(tmp_path, ["a", "b"])
    known, calls = builtins.open, []

    def open_most(file: Any, *arguments: Any, **options: Any) -> Any:
        calls.extend([file] if str(file).endswith("b/3.png") else [])
        if str(file).endswith("b/3.png") and len(calls) == failing:  # the next call succeeds
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(file))
        return known(file, *arguments, **options)

    monkeypatch.setattr(builtins, "open", open_most)
    with pytest.raises(NncliError, match=r"3\.png: cannot be read: Input/output error") as caught:
        {"load": load, "profile": profile_images}[read](tmp_path)
    assert caught.value.exit_code == 1


@pytest.mark.skipif(sys.platform == "win32", reason="names are text there")
def test_a_class_whose_name_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path, ["a", os.fsdecode(b"b\xff")])
    with pytest.raises(DataError, match=r'the class "b\\udcff" is not named in UTF-8'):
        load(tmp_path)


def test_a_folder_of_class_folders_is_a_data_set(tmp_path: Path) -> None:
    make_folder(tmp_path, ["10", "9", "2"])
    dataset = load(tmp_path)
    assert dataset.facts.target.classes == ("2", "9", "10")
    assert dataset.facts.target.task is Task.MULTICLASS
    assert sum(dataset.facts.rows.values()) == 24
    image = dataset.facts.inputs
    assert isinstance(image, ImageInput)
    assert image.shape == (12, 10, 1)
    order = {"10": 5, "9": 65, "2": 125}
    for pixels, target in zip(dataset.train.inputs["image"], dataset.train.targets, strict=True):
        assert pixels[5, 5, 0] == order[dataset.facts.target.classes[target]]


def test_two_classes_are_binary_unless_said_otherwise(tmp_path: Path) -> None:
    make_folder(tmp_path, ["b", "a"])
    assert load(tmp_path).train.targets.shape == (len(load(tmp_path).train), 1)
    assert load(tmp_path, task="multiclass").facts.target.task is Task.MULTICLASS
    with pytest.raises(DataError, match="task regression does not fit"):
        load(tmp_path, task="regression")


def test_folders_called_train_and_test_are_respected(tmp_path: Path) -> None:
    make_folder(tmp_path / "train", ["a", "b"], count=10)
    make_folder(tmp_path / "test", ["a", "b"], count=3)
    make_folder(tmp_path / "val", ["a", "b"], count=2)
    assert load(tmp_path).facts.rows == {"train": 20, "validation": 4, "test": 6}
    make_folder(tmp_path / "test", ["c"], count=1)
    with pytest.raises(DataError, match="no class of the training set: c"):
        load(tmp_path)


def test_images_of_another_size_are_resized_and_broken_ones_left_out_and_both_said(tmp_path: Path) -> None:
    make_folder(tmp_path, ["a", "b"])
    Image.new("L", (50, 60), 100).save(tmp_path / "a" / "large.png")
    (tmp_path / "a" / "broken.png").write_text("readable image")
    dataset = load(tmp_path)
    assert sum(dataset.facts.rows.values()) == 17
    assert any("1 of 17 images have another size" in note for note in dataset.notes)
    assert any("1 image dropped: broken.png is not a readable image" in note for note in dataset.notes)


def test_one_coloured_image_makes_the_data_set_coloured(tmp_path: Path) -> None:
    make_folder(tmp_path, ["a", "b"])
    grey = load(tmp_path).facts.inputs
    Image.new("RGB", (10, 12), (200, 10, 10)).save(tmp_path / "a" / "red.png")
    coloured = load(tmp_path).facts.inputs
    assert isinstance(grey, ImageInput) and isinstance(coloured, ImageInput)
    assert (grey.channels, coloured.channels) == (1, 3)


def test_large_photos_are_scaled_down(tmp_path: Path) -> None:
    make_folder(tmp_path, ["a", "b"], count=6, size=(512, 300))
    image = load(tmp_path).facts.inputs
    assert isinstance(image, ImageInput)
    assert (image.height, image.width) == (256, 150)


def test_a_folder_that_is_no_data_set_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        load(tmp_path / "none")
    with pytest.raises(DataError, match="has no folders with images"):
        load(tmp_path)
    make_folder(tmp_path, ["a"])
    with pytest.raises(DataError, match="only one class"):
        load(tmp_path)
    (tmp_path / "file.csv").write_text("x")
    with pytest.raises(DataError, match="is a file"):
        load(tmp_path / "file.csv")
    make_folder(tmp_path, ["b"])
    for file in tmp_path.rglob("*.png"):
        file.write_text("readable image")
    with pytest.raises(DataError, match="none of the 16 images can be read"):
        load(tmp_path)


def test_what_the_config_says_wrongly_of_images_is_told_by_its_keys(tmp_path: Path) -> None:
    for folder in ("train/a", "train/b", "other/c"):
        (tmp_path / folder).mkdir(parents=True)
        for index in range(6):
            Image.new("L", (6, 6), index).save(tmp_path / folder / f"{index}.png")
    section = Data(source="images", path=str(tmp_path / "train"), test=str(tmp_path / "other"))
    with pytest.raises(DataError, match=r"^data.test: .* no class of the training set: c \[class-folders\]"):
        data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)
    section = Data(source="images", path=str(tmp_path / "train"), drop=("q",), target=("y",))
    with pytest.raises(DataError) as caught:
        data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)
    assert [line.partition(":")[0] for line in caught.value.message.splitlines()] == ["data.drop", "data.target"]


@pytest.mark.parametrize("side", [3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_the_median_of_a_border_is_that_of_numpy(side: int, kind: type) -> None:
    pixels = (np.random.default_rng(1).random((20, side, side, 1)) * 255).astype(kind)
    inside = np.zeros((side, side), bool)
    inside[1:-1, 1:-1] = True
    expected = np.median(pixels[..., 0][:, ~inside], axis=1)
    found = border_median(pixels)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
