"""Draws small images to try commands on: white digits on black, and three kinds of shapes."""

import io
import random
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

# The strokes of each digit as polylines in a square of side 1, and their width. Networks trained on MNIST (28×28) and
# on the bundled digits (8×8, filling the image) both recognize them; with thinner or smaller strokes, the latter do
# not.
_STROKES: dict[str, tuple[float, list[list[tuple[float, float]]]]] = {
    "one": (0.12, [[(0.47, 0.32), (0.53, 0.18), (0.54, 0.82)]]),
    "four": (0.12, [[(0.35, 0.2), (0.26, 0.63), (0.72, 0.63)], [(0.64, 0.27), (0.58, 0.82)]]),
    "seven": (0.1, [[(0.29, 0.24), (0.81, 0.22), (0.45, 0.76)], [(0.5, 0.55), (0.75, 0.58)]]),
}
_DIGIT_SIDE, _SHAPE_SIDE = 28, 32
_OVERSAMPLED = 8
SHAPES = ("circles", "squares", "triangles")


def draw_digits() -> dict[str, bytes]:
    """PNG images of digits by name: 28×28, white on black, like those of MNIST."""
    return {name: _draw_digit(*drawn) for name, drawn in _STROKES.items()}


def draw_shapes(of_each: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """PNG images of shapes, each with its class: 32×32, grey, with random size, position and brightness."""
    generator = random.Random(seed)
    for _ in range(of_each):
        for kind in SHAPES:
            yield kind, _draw_shape(kind, generator)


def enlarge(pixels: np.ndarray, scale: float) -> bytes:
    """A smooth PNG, eight times as large, of a grey image (height, width, 1); values times `scale` are 0 to 1."""
    grey = (pixels[..., 0] * scale * 255).round().astype(np.uint8)
    height, width = grey.shape
    return _png(Image.fromarray(grey).resize((width * _OVERSAMPLED, height * _OVERSAMPLED), Image.Resampling.BICUBIC))


def _draw_digit(stroke_width: float, strokes: list[list[tuple[float, float]]]) -> bytes:
    side = _DIGIT_SIDE * _OVERSAMPLED
    image = Image.new("L", (side, side))
    pen = ImageDraw.Draw(image)
    width = round(stroke_width * side)
    for stroke in strokes:
        points = [(x * side, y * side) for x, y in stroke]
        pen.line(points, fill=255, width=width, joint="curve")
        for x, y in points:
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return _png(image.resize((_DIGIT_SIDE, _DIGIT_SIDE), Image.Resampling.LANCZOS))


def _draw_shape(kind: str, generator: random.Random) -> bytes:
    side = _SHAPE_SIDE * _OVERSAMPLED
    image = Image.new("L", (side, side), generator.randint(0, 60))
    radius = generator.uniform(0.18, 0.36) * side
    x, y = (generator.uniform(radius, side - radius) for _ in range(2))
    corners = {"circles": None, "squares": 4, "triangles": 3}[kind]
    brightness = generator.randint(140, 255)
    pen = ImageDraw.Draw(image)
    if corners is None:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=brightness)
    else:
        pen.regular_polygon((x, y, radius), corners, rotation=generator.randint(-20, 20), fill=brightness)
    return _png(image.resize((_SHAPE_SIDE, _SHAPE_SIDE), Image.Resampling.LANCZOS))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
