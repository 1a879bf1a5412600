"""A convolution: one kernel slides over one digit. As in Keras it is a cross-correlation: the kernel is not flipped."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Drawing, Grid
from nncli.lessons.digits import SIDE, choose_digit
from nncli.lessons.lesson import Lesson, choose, show_number, show_term

TITLE = "one kernel over one digit; parameters beside a dense layer's"
# Sobel's operator finds vertical edges: dark on the left, light on the right.
VALUES = {
    "digit": 7,
    "kernel": (-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0),
    "bias": 0.0,
    "row": 3,
    "column": 2,
    "filters": 16,
}
LIMITS = {
    "digit": (0, 9),
    "kernel": (-100.0, 100.0),
    "bias": (-100.0, 100.0),
    "row": (0, SIDE - 1),
    "column": (0, SIDE - 1),
    "filters": (1, 10_000),
}


def convolve(image: np.ndarray, kernel: np.ndarray, bias: float) -> np.ndarray:
    """The kernel's sum of products at each position where it fits, plus the bias: (h - k + 1, w - k + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.asarray(np.einsum("ijkl,kl->ij", windows, kernel) + bias)


def teach_convolution(assignments: Sequence[str] = (), *, image: Path | None = None) -> Lesson:
    """The kernel over a bundled digit or the one in `image`; `assignments` change digit, kernel (a square number of
    values), bias, the position row and column that is written out, or filters. Raises UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    side = math.isqrt(len(v["kernel"]))
    if side**2 != len(v["kernel"]) or not 1 <= side <= 5:
        raise UsageError(
            f"kernel has {len(v['kernel'])} numbers; expected 1, 4, 9, 16 or 25, row by row",
            hint="--set kernel=1,1,1,0,0,0,-1,-1,-1",
        )
    kernel = np.array(v["kernel"]).reshape(side, side)
    digit = choose_digit(v["digit"], image)
    z = convolve(digit.pixels, kernel, v["bias"])
    a = np.maximum(z, 0.0)
    row, column = v["row"], v["column"]
    if max(row, column) >= len(z):
        raise UsageError(f"row {row}, column {column}: the kernel fits at rows and columns from 0 to {len(z) - 1}")
    window = digit.pixels[row : row + side, column : column + side]
    bundled = _count(v["filters"], side, SIDE)
    mnist = _count(v["filters"], side, 28)
    text = "\n".join(
        [
            f"A kernel of {side} × {side} weights slides over {digit.name} ({SIDE} × {SIDE} pixels from 0 to 1).",
            f"At each position it is a neuron that sees only {side**2} pixels, and its weights are the",
            f"same everywhere.{' This one finds vertical edges.' * (v['kernel'] == VALUES['kernel'])}",
            f"At row {row}, column {column}, pixel times weight:",
            *_products(window, kernel),
            f"  sum + b = {show_number(float(z[row, column]))}, relu of it = {show_number(float(a[row, column]))}",
            f"The result has {len(z)} × {len(z)} values ({SIDE} − {side} + 1); `padding: same` adds zeros around",
            "the image to keep its size. As in Keras, the kernel is not flipped.",
            "",
            f"Parameters of {v['filters']} such filters, and of a dense layer with as many outputs:",
            f"  {SIDE} × {SIDE} digits:  {bundled[0]:>12,} against {bundled[1]:>14,}",
            f"  28 × 28 MNIST: {mnist[0]:>12,} against {mnist[1]:>14,}",
            "Fewer parameters need less data and overfit less; a stroke learned in one place",
            "is recognized in all.",
        ]
    )
    numbers = v | {
        "image": digit.pixels.tolist(),
        "name": digit.name,
        "kernel": kernel.tolist(),
        "z": z.tolist(),
        "relu": a.tolist(),
        "parameters": {"digits": dict(zip(("conv2d", "dense"), bundled, strict=True))}
        | {"mnist": dict(zip(("conv2d", "dense"), mnist, strict=True))},
    }
    panels = (
        Grid(digit.name, digit.pixels),
        Grid("kernel", kernel, signed=True, numbers=True),
        Grid("kernel · pixels + b", z, signed=True, numbers=True),
        Grid("relu", a),
    )
    drawing = Drawing("A convolution", panels, sketched=(0, 2, 3), sketch_columns=3)
    return Lesson("convolution", TITLE, text, numbers, drawing, digit.warnings)


def _products(window: np.ndarray, kernel: np.ndarray) -> list[str]:
    """The products of each row of the kernel."""
    return [
        "  " + " + ".join(f"{show_number(round(x, 2))} · {show_term(w)}" for x, w in zip(*pair, strict=True))
        for pair in zip(window, kernel, strict=True)
    ]


def _count(filters: int, side: int, image: int) -> tuple[int, int]:
    """Parameters of the convolution and of a dense layer with as many outputs, for one grey image."""
    outputs = (image - side + 1) ** 2 * filters
    return filters * (side**2 + 1), outputs * (image**2 + 1)
