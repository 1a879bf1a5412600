"""A sheet of inputs beside what the network saw of them: the picture, the prepared image, the probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.evaluate.plots.canvas import COLOURS, DOTS_PER_INCH, label, new_figure

_ACROSS = 2
_TILE_INCHES = 1.35


@dataclass(frozen=True)
class SeenRow:
    """An input: its name, its picture and the image the network saw, both uint8 (height, width, channels), the
    prediction in words and the largest probabilities by name."""

    name: str
    picture: np.ndarray
    image: np.ndarray
    prediction: str
    probabilities: tuple[tuple[str, float], ...]


def draw_seen(rows: Sequence[SeenRow], *, title: str) -> bytes:
    """The sheet as a PNG, whose title stands in its metadata too, so that it can be told from other pictures."""
    import io

    lines = max(1, -(-len(rows) // _ACROSS))
    width, height = _ACROSS * 3.2 * _TILE_INCHES, 0.4 + lines * (_TILE_INCHES + 0.35)
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    figure.text(0.01, 1 - 0.24 / height, f"{title}: input, prepared image, probabilities", fontsize=9)
    for place, row in enumerate(rows):
        left = (place % _ACROSS) * 3.2 * _TILE_INCHES + 0.08
        top = 0.6 + (place // _ACROSS) * (_TILE_INCHES + 0.35)
        bottom = 1 - (top + _TILE_INCHES) / height
        words = f"{label(row.name[-30:], 30)} → {label(row.prediction, 24)}"
        figure.text(left / width, 1 - (top - 0.06) / height, words, fontsize=7)
        for index, pixels in enumerate((row.picture, row.image)):
            start = left + index * (_TILE_INCHES + 0.08)
            axes = figure.add_axes((start / width, bottom, _TILE_INCHES / width, _TILE_INCHES / height))
            axes.imshow(pixels if pixels.shape[-1] >= 3 else pixels[..., 0], cmap="gray", vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
        _draw_bars(figure, row, (left + 2 * _TILE_INCHES + 0.42, bottom, width, height))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None, "Title": title})
    return buffer.getvalue()


def _draw_bars(figure: object, row: SeenRow, place: tuple[float, float, float, float]) -> None:
    if not row.probabilities:
        return
    left, bottom, width, height = place
    axes = figure.add_axes((left / width, bottom, 0.95 / width, _TILE_INCHES / height))  # type: ignore[attr-defined]
    names = [label(name, 10) for name, _ in row.probabilities]
    values = [value for _, value in row.probabilities]
    axes.barh(range(len(values)), values, color=COLOURS[0], height=0.6)
    axes.set_yticks(range(len(values)), names, fontsize=6)
    axes.set(xlim=(0, 1), ylim=(4.6, -0.6))
    axes.tick_params(axis="x", labelsize=5, length=2)
    axes.spines[["top", "right"]].set_visible(False)
