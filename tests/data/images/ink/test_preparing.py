"""Drawings on paper become images like MNIST's or those of digits; images that are alike already stay as they are."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nncli import data
from nncli.config.facts import ImageInput
from nncli.config.sections import Data
from nncli.data.images.ink.drawings import find_drawings
from nncli.data.images.ink.fitting import fit_centred
from nncli.data.images.ink.paper import find_ink
from nncli.data.images.ink.preparing import Prepared, prepare_image, read_images
from nncli.data.images.ink.strokes import grow, stroke_width
from nncli.data.inputs.reading import load_labelled
from nncli.errors import DataError

MNIST = ImageInput(height=28, width=28, channels=1, scale=1 / 255, border=0.0, prepare="ink")
DIGITS = ImageInput(height=8, width=8, channels=1, scale=1 / 16, border=0.0, prepare="ink")
SIDE = 200
CORNER = [(0.3, 0.2), (0.3, 0.8), (0.75, 0.8)]  # an L, different under every turn


def page(
    *,
    strokes: list[list[tuple[float, float]]] | None = None,
    pen: float = 0.08,
    paper: int = 240,
    ink: int = 30,
    size: tuple[int, int] = (SIDE, SIDE),
    at: tuple[int, int] = (0, 0),
    side: int = SIDE,
) -> np.ndarray:
    """A drawing, float (height, width), in a square of `side` pixels whose corner is `at` (left, top)."""
    image = Image.new("L", size, paper)
    canvas = ImageDraw.Draw(image)
    for stroke in strokes or [CORNER]:
        points = [(at[0] + x * side, at[1] + y * side) for x, y in stroke]
        canvas.line(points, fill=ink, width=max(1, round(pen * side)), joint="curve")
    return np.asarray(image, np.float64)


def png(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8)).save(buffer, form, **options)
    return buffer.getvalue()


def prepared(content: bytes, image: ImageInput = MNIST) -> np.ndarray:
    found = prepare_image(content, image)
    assert found.is_changed and found.warnings == []
    return found.images[0][..., 0]


def mass_centre(pixels: np.ndarray) -> tuple[float, float]:
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]] + 0.5
    total = pixels.sum(dtype=np.float64)
    return float((pixels * rows).sum() / total), float((pixels * columns).sum() / total)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """The share of ink in which two images differ."""
    return float(np.abs(one.astype(float) - other).sum() / (one.sum(dtype=float) + other.sum(dtype=float)))


REFERENCE = prepared(png(page()))


def test_a_drawing_fills_twenty_pixels_and_is_centred_by_its_mass() -> None:
    rows, columns = np.nonzero(REFERENCE > 64)
    assert REFERENCE.shape == (28, 28) and REFERENCE.max() == 255
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(20, abs=1)
    assert mass_centre(REFERENCE) == pytest.approx((14, 14), abs=0.51)
    assert REFERENCE[6, 20] == 0 and REFERENCE[rows.max(), columns.max() - 2] > 128  # an L and not its mirror image


def turned(pixels: np.ndarray) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return png(np.rot90(pixels), "JPEG", quality=92, exif=exif)


def transparent(pixels: np.ndarray) -> bytes:
    rgba = np.zeros((*pixels.shape, 4))
    rgba[..., 3] = 255 - pixels
    return png(rgba)


def sixteen_bits(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((pixels * 250).astype(np.uint16)).save(buffer, "PNG")
    return buffer.getvalue()


def converted(pixels: np.ndarray, mode: str, form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).convert("RGB").convert(mode).save(buffer, form)
    return buffer.getvalue()


def lit_from_one_side(pixels: np.ndarray) -> bytes:
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    return png(pixels * (0.35 + 0.65 * (rows + columns) / (rows + columns).max()))


def noisy(pixels: np.ndarray) -> bytes:
    return png(pixels * 0.9 + np.random.default_rng(1).normal(0, 7, pixels.shape))


def yellow(pixels: np.ndarray) -> bytes:
    cover = ((240 - pixels) / 210)[..., None]
    return png(np.array([250.0, 250, 250]) * (1 - cover) + np.array([250.0, 235, 20]) * cover)


@pytest.mark.parametrize(
    "make",
    [
        png,
        lambda pixels: png(255 - pixels),
        lambda pixels: png(pixels, "JPEG", quality=15),
        turned,
        transparent,
        sixteen_bits,
        lambda pixels: converted(pixels, "P", "PNG"),
        lambda pixels: converted(pixels, "CMYK", "JPEG"),
        lit_from_one_side,
        noisy,
        yellow,
    ],
)
def test_light_noise_colours_and_formats_leave_no_trace(make: Callable[[np.ndarray], bytes]) -> None:
    assert distance(prepared(make(page())), REFERENCE) < 0.12


@pytest.mark.parametrize("side", [40, 60, 150, 500])
def test_size_and_place_leave_no_trace(side: int) -> None:
    pixels = page(size=(640, 520), at=(620 - side, 15), side=side)
    assert distance(prepared(png(pixels)), REFERENCE) < 0.2


@pytest.mark.parametrize("pen", [0.012, 0.05, 0.25])
def test_strokes_are_as_wide_as_in_mnist(pen: float) -> None:
    width = stroke_width(prepared(png(page(pen=pen))) / 255)
    assert 1.6 < width < 3.7  # nine in ten of the training images


def test_specks_and_a_ruled_line_are_dropped() -> None:
    pixels = page()
    pixels[10:13, 10:13] = pixels[180:183, 190:192] = 20
    pixels[190:192] = 60
    assert distance(prepared(png(pixels)), REFERENCE) < 0.05


def test_a_sheet_on_a_dark_table_is_looked_at_alone() -> None:
    table = np.full((400, 360), 60.0)
    table[60 : 60 + SIDE, 90 : 90 + SIDE] = page()
    assert distance(prepared(png(table)), REFERENCE) < 0.1


def test_an_image_like_the_training_images_passes_bit_for_bit() -> None:
    pixels = np.zeros((28, 28), np.uint8)
    pixels[2:9, 3:6] = np.arange(40, 61).reshape(7, 3)  # neither centred nor as large as MNIST's
    found = prepare_image(png(pixels), MNIST)
    assert not found.is_changed and found.warnings == []
    np.testing.assert_array_equal(found.images[0][..., 0], pixels)
    assert prepare_image(png(255 - pixels), MNIST).is_changed
    eight = np.zeros((8, 8), np.uint8)
    eight[:, 3] = 16
    found = prepare_image(png(eight), DIGITS)
    assert not found.is_changed
    np.testing.assert_array_equal(found.images[0][..., 0], eight)


def test_a_blank_image_of_the_training_size_is_told_to_be_blank() -> None:
    for grey in (0, 255):
        found = prepare_image(png(np.full((28, 28), grey)), MNIST)
        assert found.warnings == ["is blank: all its pixels are the same"] and not found.is_changed


def test_the_training_polarity_is_kept() -> None:
    dark = MNIST.model_copy(update={"border": 255.0})
    np.testing.assert_array_equal(255 - prepared(png(page()), dark), REFERENCE)
    light = prepared(png(page()), MNIST.model_copy(update={"dtype": "float32", "scale": 1.0}))
    assert light.dtype == np.float32 and light.max() == 1.0


def test_digits_are_counts_of_a_bitmap_as_high_as_the_image() -> None:
    counts = prepared(png(page(strokes=[[(0.5, 0.1), (0.5, 0.9)], [(0.3, 0.5), (0.7, 0.5)]])), DIGITS)
    assert counts.shape == (8, 8) and counts.dtype == np.uint8 and 0 < counts.max() <= 16
    assert counts[0].any() and counts[-1].any() and not counts[:, 0].any() and not counts[:, -1].any()
    assert 250 < counts.sum() < 380


THREE = [[(x + dx, y) for x, y in [(0.05, 0.3), (0.05, 0.6), (0.2, 0.6)]] for dx in (0.05, 0.38, 0.7)]


def test_several_drawings_are_told_and_split_from_left_to_right() -> None:
    lines = [*THREE[:2], [(0.75, 0.2), (0.75, 0.65)]]
    content = png(page(strokes=lines, size=(400, 400), side=400, pen=0.03))
    found = prepare_image(content, MNIST)
    assert len(found.images) == 1
    assert found.warnings == ["has 3 separate drawings; the largest is used (--split predicts each)"]
    split = prepare_image(content, MNIST, split=True)
    assert len(split.images) == 3 and split.warnings == []
    assert split.names("a.png") == ["a.png#1", "a.png#2", "a.png#3"]
    shapes = [(image[..., 0] > 100).any(axis=0).sum() for image in split.images]
    assert shapes[0] > 8 and shapes[1] > 8 and shapes[2] < 6  # two corners, then the upright line


def test_drawings_are_read_line_by_line() -> None:
    on = np.zeros((200, 200), bool)
    for top, left in ((120, 20), (20, 120), (25, 20), (118, 110)):
        on[top : top + 50, left : left + 12] = True
    _, drawings = find_drawings(on)
    assert [drawing.box.left for drawing in drawings] == [20, 120, 20, 110]


def test_a_short_stroke_close_to_a_longer_one_belongs_to_it() -> None:
    on = np.zeros((200, 200), bool)
    on[60:160, 60:70] = True
    on[60:68, 80:125] = True  # the bar of a 5, which the pen did not join
    labels, drawings = find_drawings(on)
    assert len(drawings) == 1 and len(drawings[0].labels) == 2 and labels.max() == 2


def test_paper_without_a_drawing_is_told() -> None:
    found = prepare_image(png(np.random.default_rng(1).normal(230, 3, (150, 150))), MNIST)
    assert found.warnings == ["has no drawing on it that stands out from the paper"]
    assert not found.images[0].any()
    assert find_ink(np.full((50, 60), 200.0)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 2), (3, 3)])
@pytest.mark.parametrize("image", [MNIST, DIGITS])
def test_pictures_of_odd_shapes_are_answered(shape: tuple[int, int], image: ImageInput) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, shape).astype(float)
    for found in (prepare_image(png(pixels), image), prepare_image(png(pixels), image, split=True)):
        assert all(each.shape == image.shape for each in found.images) and found.images


def test_a_file_that_is_no_image_is_refused_in_one_line() -> None:
    with pytest.raises(DataError, match=r"^is not a readable image$"):
        prepare_image(b"no image", MNIST)


def test_without_the_preparation_images_are_only_decoded() -> None:
    plain = read_images(png(page()), MNIST.model_copy(update={"prepare": None}))
    assert not plain.is_changed and "looks inverted" in plain.warnings[0]


def test_growing_and_shrinking_change_the_width_by_twice_the_radius() -> None:
    bar = np.zeros((60, 200), bool)
    bar[25:35, 20:180] = True
    assert grow(bar, 4)[:, 100].sum() == 18
    assert grow(bar, -3)[:, 100].sum() == 4
    assert stroke_width(bar.astype(np.float32)) == pytest.approx(10, rel=0.1)


def test_the_centre_of_mass_stays_inside_where_a_drawing_is_heavy_on_one_side() -> None:
    heavy = np.zeros((100, 100), np.float32)
    heavy[:, :30] = 1
    heavy[:4] = 1
    image = fit_centred(heavy, 28, 28)
    assert image.shape == (28, 28) and image.max() == 255
    assert image.any(axis=0).sum() == image.any(axis=1).sum() == 20  # nothing is cut off


# --- where it is on -------------------------------------------------------------------------------------------------


def test_it_is_on_for_digits_and_can_be_turned_off() -> None:
    def prepare_of(section: Data) -> str | None:
        dataset = data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)
        return dataset.facts.inputs.prepare  # type: ignore[union-attr]

    assert prepare_of(Data(source="digits")) == "ink"
    assert prepare_of(Data(source="digits", prepare="none")) is None


def test_tables_are_not_drawings() -> None:
    with pytest.raises(DataError, match="expected a source of images, got source iris"):
        data.load(Data(source="iris", prepare="ink"), seed=1, data_dir=None, progress=lambda what, share: None)


def folder_of_drawings(root: Path) -> Path:
    rng = np.random.default_rng(3)
    for name, strokes in (("corner", [CORNER]), ("line", [[(0.5, 0.2), (0.5, 0.8)]])):
        (root / name).mkdir(parents=True)
        for place in range(12):
            side = int(rng.integers(60, 110))
            pixels = page(strokes=strokes, size=(160, 130), at=(10, int(rng.integers(0, 20))), side=side)
            (root / name / f"{place}.png").write_bytes(png(pixels))
    return root


def test_a_folder_of_drawings_is_prepared_in_training_and_in_evaluation_alike(tmp_path: Path) -> None:
    root = folder_of_drawings(tmp_path / "drawings")
    section = Data(source="images", path=str(root), prepare="ink")
    dataset = data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)
    image = dataset.facts.inputs
    assert image == MNIST
    pixels = dataset.train.inputs["image"]
    assert pixels.shape[1:] == (28, 28, 1) and pixels.max() == 255
    part = load_labelled(str(root), dataset.facts)
    again: Prepared = prepare_image(root / part.files[0], MNIST)
    np.testing.assert_array_equal(part.inputs["image"][0], again.images[0])
    sized = data.load(section.model_copy(update={"size": 42}), seed=1, data_dir=None, progress=lambda what, share: None)
    assert sized.train.inputs["image"].shape[1:] == (42, 42, 1)


def test_drawings_are_not_resized_in_another_way_too(tmp_path: Path) -> None:
    section = Data(source="images", path=str(folder_of_drawings(tmp_path / "drawings")), prepare="ink", resize="crop")
    with pytest.raises(DataError, match=r"data\.resize"):
        data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def test_a_drawing_on_a_screen_has_the_ink_that_the_slow_way_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    for paper, pen in ((255, 0), (0, 255), (240, 30)):
        picture = Image.new("L", (280, 280), paper)
        ImageDraw.Draw(picture).line([(80, 60), (200, 60), (120, 230)], fill=pen, width=20, joint="curve")
        grey = np.asarray(picture)
        quick = find_ink(grey)
        with monkeypatch.context() as patch:
            patch.setattr("nncli.data.images.ink.paper._even_paper", lambda *_: None)
            slow = find_ink(grey)
        assert quick is not None and slow is not None and quick.is_light == slow.is_light
        assert np.abs(quick.strength - slow.strength).max() < 0.05
        assert np.array_equal(quick.on, grey != paper)
