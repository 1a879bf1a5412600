"""`--show weights`: the weights of the first layer after some of the epochs, as tiles or as a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.config.facts import ImageInput, TableInput, Task
from nncli.config.section import Shape, product
from nncli.config.stack import StackRow, stack_layers
from nncli.data.plurals import count
from nncli.errors import UsageError
from nncli.evaluate.plots.frames.animation import Frame, Scene
from nncli.evaluate.plots.frames.sketches import sketch_matrix, sketch_tiles
from nncli.evaluate.plots.frames.weights import matrix_scene, tiles_scene
from nncli.pipeline.preparation import Prepared

_DRAWN = ("dense", "output", "conv2d", "patches")
# These have weights too, but what they do to an input is not what a layer looks for in it.
_PASSED = ("batch_normalization", "layer_normalization", "group_normalization")
_MOST_TILES, _MOST_UNITS, _MOST_INPUTS = 36, 64, 128
_LONGEST_SIDE = 64
# Tasks with an output for each class or label.
_NAMED = (Task.MULTICLASS, Task.MULTILABEL)


class WeightsFilm:
    """The first kernel: float32 (height, width, channels, units) for images, (inputs, units) for a table."""

    name = "weights"
    key = "weights: = and - negative, + and # positive, by their share of the largest"

    def __init__(self, prepared: Prepared) -> None:
        """Raises UsageError where the first layer with weights has no such picture."""
        config, facts = prepared.config, prepared.dataset.facts
        rows = stack_layers(config, facts.inputs.shape)
        row = next(row for row in rows if row.parameters and row.layer.kind not in _PASSED)
        if row.layer.kind not in _DRAWN:
            raise UsageError(
                f"--show weights draws a first layer that is dense, conv2d or patches, and here it is {row.layer.kind}",
                hint="leave it out, or choose another network",
            )
        self._title = config.name
        is_last = row.index is not None and row.index + 1 == len(config.model.layers)
        self._layer = "output" if is_last else f"{row.layer.kind}_1"
        self._tile = _tile_shape(row, facts.inputs.shape if isinstance(facts.inputs, ImageInput) else ())
        units = row.output_shape[-1]
        shown = min(units, _MOST_TILES if self._tile else _MOST_UNITS)
        self._inputs = _input_names(facts.inputs) if isinstance(facts.inputs, TableInput) else ()
        self._shown = shown
        self._told = f"{self._layer}, " + (f"{shown} of {units:,} units" if shown < units else count(units, "unit"))
        self.note = f"weights: the first {shown} of {units:,} units are drawn" if shown < units else ""
        target = facts.target
        is_named = self._tile and is_last and shown == len(target.names) and target.task in _NAMED
        self._names = target.names if is_named else ()
        if self._names:
            self.note = f"weights: the tiles are, line by line, {', '.join(self._names)}"

    def take(self, model: Any) -> np.ndarray:
        """A frame of the model."""
        kernel = np.asarray(model.get_layer(self._layer).kernel.numpy(), dtype=np.float32)
        if not self._tile:
            return kernel.reshape(-1, kernel.shape[-1])[:_MOST_INPUTS, : self._shown].copy()
        return _shrunk(kernel.reshape(*self._tile, kernel.shape[-1])[..., : self._shown])

    def sketch(self, values: np.ndarray, columns: int, rows: int) -> list[str]:
        """Some units of a frame as characters."""
        return (sketch_tiles if self._tile else sketch_matrix)(values, columns, rows)

    def scene(self, frames: Sequence[Frame]) -> Scene:
        """How the frames are drawn."""
        title = f"{self._title}: {self._told}"
        if self._tile:
            return tiles_scene(frames, title, self._names)
        size = len(frames[-1].values)
        names = self._inputs if len(self._inputs) == size else tuple(str(place + 1) for place in range(size))
        return matrix_scene(frames, title, names)

    def describe(self) -> dict[str, Any]:
        """What a page needs to draw frames that are packed."""
        return {"layer": self._layer, "told": self._told, "isImage": bool(self._tile)}

    def pack(self, values: np.ndarray) -> np.ndarray:
        """A frame as uint8, units first: 128 is zero, 1 and 255 are the largest weight of either sign."""
        weights = np.moveaxis(np.nan_to_num(values), -1, 0)
        packed: np.ndarray = (128 + 127 * weights / max(float(np.abs(weights).max()), 1e-9)).round().astype(np.uint8)
        return packed

    def marks(self) -> dict[str, np.ndarray]:
        """What frames of another training must share to stand beside these."""
        return {"tile": np.array(self._tile, dtype=np.int64)}


def _tile_shape(row: StackRow, image: Shape) -> Shape:
    """Height, width and channels of what a unit looks at; () where it is no image."""
    kind = row.layer.kind
    if kind == "conv2d":
        height, width = _pair(row.layer.kernel_size)  # type: ignore[attr-defined]
        return (height, width, row.input_shape[-1])
    if kind == "patches":
        height, width = _pair(row.layer.patch_size)  # type: ignore[attr-defined]
        return (height, width, row.input_shape[-1])
    return image if image and product(image) == product(row.input_shape) else ()


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _input_names(table: TableInput) -> tuple[str, ...]:
    """The names of what enters the network, in the order of `TableInput.shape`; () for numbers in bins."""
    if table.number_encoding == "piecewise_linear" or table.with_standard:
        return ()
    names = [column.name for column in table.numbers]
    names += [f"{column.name} missing" for column in table.numbers if column.has_missing]
    for column in table.categories:
        known = column.vocabulary
        is_one_hot = column.width == len(known)
        names += [f"{column.name}={word}" if is_one_hot else column.name for word in known[: column.width]]
    return tuple(names)


def _shrunk(kernel: np.ndarray) -> np.ndarray:
    """Means of squares where a side is long, so that frames of large images stay small."""
    step = -(-max(kernel.shape[:2]) // _LONGEST_SIDE)
    height, width = (side // step for side in kernel.shape[:2])
    cut = kernel[: height * step, : width * step]
    mean: np.ndarray = cut.reshape(height, step, width, step, *kernel.shape[2:]).mean(axis=(1, 3))
    return mean
