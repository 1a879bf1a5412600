"""Digits on paper, photographed and stored: each kind of picture turns a mask of ink into the bytes of a file."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

Mask = np.ndarray
Draw = Callable[[Mask, np.random.Generator], bytes]


@dataclass(frozen=True)
class Kind:
    """How a picture is made, the ending of its file, and how wide the pen is as a share of the digit's height."""

    draw: Draw
    ending: str = "png"
    pens: tuple[float, float] = (0.06, 0.12)


def _placed(mask: Mask, rng: np.random.Generator, size: tuple[int, int], share: tuple[float, float]) -> Mask:
    """The mask on an empty page of (height, width), its square a share of the shorter side, anywhere on it."""
    height, width = size
    side = int(min(size) * rng.uniform(*share))
    digit = np.asarray(Image.fromarray(mask).resize((side, side), Image.Resampling.BOX), np.float32)
    page = np.zeros(size, np.float32)
    top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    page[top : top + side, left : left + side] = digit
    return page


def _middle(mask: Mask, side: int) -> Mask:
    return np.asarray(Image.fromarray(mask).resize((side, side), Image.Resampling.BOX), np.float32)


def _on(paper: np.ndarray | float, ink: np.ndarray | float, page: Mask) -> np.ndarray:
    return np.clip(paper * (1 - page) + ink * page, 0, 255)


def _light(shape: tuple[int, int], rng: np.random.Generator, least: float) -> np.ndarray:
    """Lamp light from one side that falls off across the page, with a soft shadow: 1 where it is brightest."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] / max(shape)
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * columns + np.sin(angle) * rows
    slope = (slope - slope.min()) / np.ptp(slope)
    edge = 1 / (1 + np.exp(-(slope - rng.uniform(0.3, 0.7)) * 14))
    light: np.ndarray = least + (1 - least) * (0.6 * slope + 0.4 * edge)
    return light


def _texture(shape: tuple[int, int], rng: np.random.Generator, strength: float) -> np.ndarray:
    noise = Image.fromarray(rng.normal(128, 60, shape).clip(0, 255).astype(np.uint8))
    soft = np.asarray(noise.filter(ImageFilter.GaussianBlur(1.5)), np.float32)
    coarse = np.asarray(noise.filter(ImageFilter.GaussianBlur(9)), np.float32)
    return strength * ((soft - 128) / max(soft.std(), 1) + (coarse - 128) / max(coarse.std(), 1))


def _file(values: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values.round().astype(np.uint8)).save(buffer, form, **options)
    return buffer.getvalue()


def _plain(mask: Mask, rng: np.random.Generator) -> bytes:
    return _file(_on(255, rng.uniform(0, 40), _middle(mask, 280)))


def _small(mask: Mask, rng: np.random.Generator) -> bytes:
    """Black on white at the very size of MNIST's images, as a drawing program saves it."""
    return _file(_on(255, 0, _middle(mask, 28)))


def _off_centre(mask: Mask, rng: np.random.Generator) -> bytes:
    return _file(_on(250, 30, _placed(mask, rng, (300, 420), (0.4, 0.6))))


def _rescaled(mask: Mask, rng: np.random.Generator) -> bytes:
    if rng.random() < 0.5:
        return _file(_on(255, 10, _placed(mask, rng, (800, 800), (0.12, 0.2))))
    rows, columns = np.nonzero(mask > 0.5)
    cut = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return _file(_on(255, 10, np.pad(cut, 3)))


def _uneven(mask: Mask, rng: np.random.Generator) -> bytes:
    page = _placed(mask, rng, (480, 360), (0.5, 0.8))
    return _file(_on(235, 45, page) * _light(page.shape, rng, 0.35), "JPEG", quality=85)


def _textured(mask: Mask, rng: np.random.Generator) -> bytes:
    page = _placed(mask, rng, (400, 400), (0.5, 0.8))
    return _file((_on(205, 60, page) + _texture(page.shape, rng, 6)).clip(0, 255))


def _exif(mask: Mask, rng: np.random.Generator) -> bytes:
    """Stored turned, with a note of how to turn it back, as telephones do."""
    orientation, turn = ((3, 2), (6, 1), (8, 3))[int(rng.integers(3))]
    page = _on(240, 30, _placed(mask, rng, (320, 240), (0.5, 0.8)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _file(np.rot90(page, turn), "JPEG", quality=90, exif=exif)


def _jpeg(mask: Mask, rng: np.random.Generator) -> bytes:
    page = _placed(mask, rng, (240, 240), (0.5, 0.9))
    return _file(_on(225, 50, page), "JPEG", quality=12)


def _pencil(mask: Mask, rng: np.random.Generator) -> bytes:
    page = _placed(mask, rng, (360, 360), (0.5, 0.8))
    grain = np.clip(0.75 + _texture(page.shape, rng, 0.15), 0.2, 1)
    return _file((_on(228, 150, page * grain) + _texture(page.shape, rng, 1.5)).clip(0, 255), "JPEG", quality=80)


def _colour(mask: Mask, rng: np.random.Generator) -> bytes:
    paper = np.array([[252, 250, 240], [255, 249, 190], [230, 245, 230]])[int(rng.integers(3))]
    ink = np.array([[30, 60, 190], [200, 30, 40], [20, 130, 60], [250, 190, 0]])[int(rng.integers(4))]
    page = _placed(mask, rng, (300, 300), (0.5, 0.8))[..., None]
    return _file(_on(paper, ink, page), "JPEG", quality=85)


def _chalk(mask: Mask, rng: np.random.Generator) -> bytes:
    page = _placed(mask, rng, (360, 480), (0.5, 0.8))
    board = _on(60, 215, page) * _light(page.shape, rng, 0.7) + _texture(page.shape, rng, 4)
    return _file(board.clip(0, 255), "JPEG", quality=85)


def _ruled(mask: Mask, rng: np.random.Generator) -> bytes:
    page = _placed(mask, rng, (360, 360), (0.5, 0.8))
    paper = np.full(page.shape, 240.0)
    paper[:: int(rng.integers(36, 60))] = 200
    return _file(_on(paper, 40, page), "JPEG", quality=85)


def _desk(mask: Mask, rng: np.random.Generator) -> bytes:
    """A sheet of paper on a darker table, whose edge is in the picture."""
    page = _on(238, 40, _placed(mask, rng, (300, 260), (0.5, 0.8)))
    table = np.full((460, 420), 75.0) + _texture((460, 420), rng, 4)
    top, left = int(rng.integers(20, 140)), int(rng.integers(20, 140))
    table[top : top + 300, left : left + 260] = page
    return _file(table.clip(0, 255) * _light(table.shape, rng, 0.75), "JPEG", quality=85)


def _specks(mask: Mask, rng: np.random.Generator) -> bytes:
    page = _placed(mask, rng, (400, 400), (0.4, 0.7))
    for _ in range(12):
        row, column = rng.integers(0, 396, 2)
        page[row : row + int(rng.integers(1, 5)), column : column + int(rng.integers(1, 5))] = 1
    return _file(_on(250, 30, page))


def _transparent(mask: Mask, rng: np.random.Generator) -> bytes:
    page = _placed(mask, rng, (300, 300), (0.5, 0.8))
    pixels = np.zeros((*page.shape, 4))
    pixels[..., 3] = 255 * page
    return _file(pixels)


def _sixteen_bits(mask: Mask, rng: np.random.Generator) -> bytes:
    page = np.float64(62000) - 57000 * _placed(mask, rng, (300, 300), (0.5, 0.8))
    buffer = io.BytesIO()
    Image.fromarray(page.astype(np.uint16)).save(buffer, "PNG")
    return buffer.getvalue()


def _other_modes(mask: Mask, rng: np.random.Generator) -> bytes:
    """A palette or CMYK, inside formats that a name does not tell."""
    picture = Image.fromarray(_on(245, 30, _placed(mask, rng, (300, 300), (0.5, 0.8))).astype(np.uint8))
    buffer = io.BytesIO()
    if rng.random() < 0.5:
        picture.convert("RGB").convert("P").save(buffer, "GIF")
    else:
        picture.convert("CMYK").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


KINDS: dict[str, Kind] = {
    "plain": Kind(_plain),
    "28 x 28": Kind(_small),
    "off centre": Kind(_off_centre),
    "rescaled": Kind(_rescaled),
    "uneven light": Kind(_uneven, "jpg"),
    "paper texture": Kind(_textured),
    "turned by EXIF": Kind(_exif, "jpg"),
    "JPEG noise": Kind(_jpeg, "jpg"),
    "thin pen": Kind(_plain, pens=(0.015, 0.03)),
    "thick pen": Kind(_plain, pens=(0.17, 0.22)),
    "pencil": Kind(_pencil, "jpg", pens=(0.03, 0.05)),
    "colours": Kind(_colour, "jpg"),
    "chalk": Kind(_chalk, "jpg"),
    "ruled paper": Kind(_ruled, "jpg"),
    "sheet on a table": Kind(_desk, "jpg"),
    "specks": Kind(_specks),
    "transparent": Kind(_transparent),
    "16 bits": Kind(_sixteen_bits),
    "palette, CMYK": Kind(_other_modes, "jpg"),
}
