"""Frames as one PNG, side by side, or as an animated GIF; what a frame shows is painted by functions that are given."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import COLOURS, label, new_figure

# Draws the values of a frame on axes of matplotlib.
Paint = Callable[[Any, np.ndarray], None]

_ACROSS = 6
_SHOWN_SECONDS, _LAST_SECONDS = 0.5, 2.5
_COLOURS = 128  # of a palette: enough for shading, a fraction of the bytes
_CLOSE = 8  # a step of a channel within which Pillow may take one colour of a palette for another
_STEP = 4  # of a channel: colours within it are one
_EVERY = 3  # pixels of a frame that the palette of an animation is chosen from


@dataclass(frozen=True)
class Frame:
    """What was seen after a number of epochs, 0 for the untrained network."""

    epoch: int
    values: np.ndarray

    @property
    def caption(self) -> str:
        """When it was taken."""
        return f"epoch {self.epoch:,}" if self.epoch else "untrained"


@dataclass(frozen=True)
class Scene:
    """How frames are shown: a title, a panel by name for each thing that a frame shows, the size of a panel in inches,
    how the panels are finished (a legend), and the size of the larger panels of an animation."""

    title: str
    panels: tuple[tuple[str, Paint], ...]
    size: tuple[float, float]
    large: tuple[float, float]
    finish: Callable[[Any, Sequence[Any]], None]

    def to_png(self, frames: Sequence[Frame]) -> bytes:
        """All frames side by side, six on a line; each panel begins a line."""
        across = min(_ACROSS, len(frames))
        lines = -(-len(frames) // across)
        figure = self._figure(self.size, across, lines * len(self.panels))
        grid = figure.subplots(lines * len(self.panels), across, squeeze=False)
        shown = []
        for place, (name, paint) in enumerate(self.panels):
            for index, axes in enumerate(grid[place * lines : (place + 1) * lines].ravel()):
                if index >= len(frames):
                    axes.set_axis_off()
                    continue
                paint(axes, frames[index].values)
                axes.set(xticks=[], yticks=[])
                if index:
                    axes.set(xlabel="", ylabel="")
                caption = frames[index].caption
                axes.set_title(label(f"{name}, {caption}" if name and not index else caption, 26), fontsize=8)
                shown.append(axes)
        self.finish(figure, shown)
        return _with_palette(_pixels(figure))

    def to_gif(self, frames: Sequence[Frame]) -> bytes:
        """The frames one after the other, the last one longer, forever."""
        from PIL import Image

        pictures = list(self._one_by_one(frames))
        palette = _palette_of(np.concatenate([pixels[::_EVERY, ::_EVERY] for pixels in pictures]))
        few = [Image.fromarray(pixels).quantize(palette=palette, dither=Image.Dither.NONE) for pixels in pictures]
        seconds = [_SHOWN_SECONDS] * (len(few) - 1) + [_LAST_SECONDS]
        milliseconds = [int(1000 * each) for each in seconds]
        buffer = io.BytesIO()
        few[0].save(
            buffer, format="GIF", save_all=True, append_images=few[1:], duration=milliseconds, loop=0, optimize=False
        )
        return buffer.getvalue()

    def _one_by_one(self, frames: Sequence[Frame]) -> Iterator[np.ndarray]:
        """The pixels of each frame. One figure for all: making room for labels takes longer than drawing."""
        figure = self._figure(self.large, len(self.panels), 1)
        grid = figure.subplots(1, len(self.panels), squeeze=False)[0]
        for place, frame in enumerate(frames):
            for axes, (name, paint) in zip(grid, self.panels, strict=True):
                axes.clear()
                paint(axes, frame.values)
                axes.set_title(label(f"{name}, {frame.caption}" if name else frame.caption, 32), fontsize=10)
            if place == 0:
                self.finish(figure, list(grid))
            yield _pixels(figure)
            figure.set_layout_engine("none")

    def _figure(self, size: tuple[float, float], across: int, lines: int) -> Any:
        width = max(across * size[0], 3.2)
        figure = new_figure(width, lines * size[1] + 0.65)
        figure.get_layout_engine().set(w_pad=0.07)
        figure.suptitle(label(self.title, int(width * 12)), fontsize=10)
        return figure


def _pixels(figure: Any) -> np.ndarray:
    """What the figure looks like, uint8 (height, width, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _with_palette(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    few = Image.fromarray(pixels).quantize(palette=_palette_of(pixels), dither=Image.Dither.NONE)
    few.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _palette_of(pixels: np.ndarray) -> Any:
    """Colours near all those of a picture, uint8 (height, width, 3), and as they are those of the classes and white.

    Each colour counts once: by the number of their pixels, points and small regions would get an average with others.
    """
    from matplotlib.colors import to_rgb
    from PIL import Image

    kept = np.array([[round(255 * part) for part in to_rgb(colour)] for colour in (*COLOURS, "white")])
    red, green, blue = np.moveaxis(pixels.astype(np.int32) // _STEP, -1, 0)
    seen = np.unique((red << 16) + (green << 8) + blue)
    colours = np.stack([seen >> 16, seen >> 8 & 255, seen & 255], axis=-1) * _STEP + _STEP // 2
    few = Image.fromarray(colours[None].astype(np.uint8)).quantize(_COLOURS - len(kept), Image.Quantize.MEDIANCUT)
    own = np.array(few.getpalette()).reshape(-1, 3)
    own = own[(np.abs(own[:, None] - kept).max(axis=2) > _CLOSE).all(axis=1)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([own, kept]).ravel().tolist())
    return palette
