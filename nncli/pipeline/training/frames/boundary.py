"""`--show boundary`: what the network predicts over the plane of its two inputs, after some of the epochs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.config.section import product
from nncli.errors import UsageError
from nncli.evaluate.plots.frames.animation import Frame, Scene
from nncli.evaluate.plots.frames.boundary import Plane, boundary_scene
from nncli.evaluate.plots.frames.sketches import CLASS_SIGNS, sketch_classes, sketch_label, sketch_numbers
from nncli.pipeline.preparation import Prepared

_SIDE = 72  # places of the grid in each direction
_MARGIN = 0.08  # of the range of the training rows, added on each side
_MOST_POINTS = 300
_MOST_OUTPUTS = 4
_MOST_COLOURS = 250  # of classes in a packed frame; the page has ten, and begins again


class BoundaryFilm:
    """The predictions over a grid, float32 (72, 72, outputs), rows from the bottom to the top; for classes (72, 72, 2):
    the number of the class and its probability."""

    name = "boundary"
    note = ""

    def __init__(self, prepared: Prepared) -> None:
        """Raises UsageError where the network has not exactly two numbers as its inputs."""
        facts = prepared.dataset.facts
        _refuse(facts)
        self._prepared, self._task = prepared, facts.target.task
        self._plane = _plane(prepared)
        self.key = _key(self._plane)
        self._again: Callable[[], np.ndarray] | None = None

    def take(self, model: Any) -> np.ndarray:
        """A frame of the model, which is the same one each time."""
        if self._again is None:
            from nncli.engine.prediction import repeated
            from nncli.model import serving

            self._again = repeated(serving(model, self._prepared.config), {"numbers": self._grid()})
        outputs = self._again()
        if self._task is Task.MULTICLASS:
            outputs = np.stack([outputs.argmax(axis=1), outputs.max(axis=1)], axis=1)
        return outputs.reshape(_SIDE, _SIDE, -1).astype(np.float32)

    def sketch(self, values: np.ndarray, columns: int, rows: int) -> list[str]:
        """The plane of a frame as characters; of several outputs the first."""
        if self._plane.kind == "classes":
            return sketch_classes(values, columns, rows, classes=len(self._plane.names))
        if self._plane.kind == "labels":
            return sketch_label(values[..., 0], columns, rows)
        return sketch_numbers(values[..., 0], columns, rows, self._range)

    def scene(self, frames: Sequence[Frame]) -> Scene:
        """How the frames are drawn."""
        target = ", ".join(self._prepared.dataset.facts.target.columns)
        return boundary_scene(self._plane, f"{self._prepared.config.name}: {target}")

    def describe(self) -> dict[str, Any]:
        """What a page needs to draw frames that are packed: the plane with its points, [a, b, target] each."""
        plane = self._plane
        points = np.column_stack([plane.points, plane.truth[:, 0]])
        return {
            "kind": plane.kind,
            "side": _SIDE,
            "inputs": list(plane.inputs),
            "limits": list(plane.limits),
            "names": list(plane.names),
            "output": plane.outputs[0],
            "range": list(self._range),
            "points": [[float(f"{value:.5g}") for value in point] for point in points],
        }

    def pack(self, values: np.ndarray) -> np.ndarray:
        """A frame as uint8: probabilities as 0 to 255, beside the number of the class if there are several; numbers
        between the least and the largest target. Of several outputs the first."""
        if self._plane.kind == "classes":
            return np.stack([values[..., 0] % _MOST_COLOURS, values[..., 1] * 255], axis=-1).round().astype(np.uint8)
        low, high = self._range
        shares = (np.nan_to_num(values[..., 0]) - low) / ((high - low) or 1.0)
        packed: np.ndarray = (shares.clip(0, 1) * 255).round().astype(np.uint8)
        return packed

    @property
    def _range(self) -> tuple[float, float]:
        truth = self._plane.truth[:, 0]
        return (float(truth.min()), float(truth.max())) if self._plane.kind == "numbers" else (0.0, 1.0)

    def marks(self) -> dict[str, np.ndarray]:
        """What frames of another training must share to stand beside these."""
        return {"limits": np.array(self._plane.limits)}

    def _grid(self) -> np.ndarray:
        left, right, bottom, top = self._plane.limits
        across, up = np.meshgrid(np.linspace(left, right, _SIDE), np.linspace(bottom, top, _SIDE))
        return np.stack([across.ravel(), up.ravel()], axis=1).astype(np.float32)


def _refuse(facts: DataFacts) -> None:
    inputs, target = facts.inputs, facts.target
    if isinstance(inputs, ImageInput):
        size = " × ".join(str(side) for side in inputs.shape)
        raise UsageError(
            f"--show boundary draws the plane of two inputs, and these images have {size} = "
            f"{product(inputs.shape):,} inputs",
            hint="`--show weights` draws the first layer; `nncli train shapes_circles --show boundary` has two inputs",
        )
    names = [column.name for column in inputs.numbers] + [column.name for column in inputs.categories]
    if len(inputs.numbers) != 2 or len(names) != 2 or inputs.dates:
        told = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        kinds = "" if not inputs.categories and not inputs.dates else " that are not all numbers"
        numbers = [column.name for column in inputs.numbers][:2]
        pair = ", ".join(numbers) if len(numbers) == 2 else "COLUMN, COLUMN"
        raise UsageError(
            f"--show boundary draws the plane of two inputs that are numbers, and this table has {len(names)}{kinds}: "
            f"{told}",
            hint=f"choose two columns, as in --set 'data.features=[{pair}]'; or `--show weights`",
        )
    if target.task is not Task.MULTICLASS and target.outputs > _MOST_OUTPUTS:
        raise UsageError(
            f"--show boundary draws at most {_MOST_OUTPUTS} outputs, and this network has {target.outputs}",
            hint="leave some targets out",
        )


def _key(plane: Plane) -> str:
    """What the characters of a sketch mean."""
    across = f"{plane.inputs[0]} to the right, {plane.inputs[1]} up"
    if plane.kind == "numbers":
        return f"{across}; the darker, the larger {plane.outputs[0]}"
    named = [f"{sign} {name}" for sign, name in zip(CLASS_SIGNS, plane.names, strict=False)]
    label = f"{plane.outputs[0]}: " if len(plane.outputs) > 1 else ""
    return f"{across}; {label}{', '.join(named)}, blank: undecided"


def _plane(prepared: Prepared) -> Plane:
    """The plane of the two inputs with the training rows, evenly chosen if there are many."""
    part, target = prepared.dataset.train, prepared.dataset.facts.target
    points = part.inputs["numbers"].astype(np.float64)
    whole = np.flatnonzero(np.isfinite(points).all(axis=1))
    low, high = points[whole].min(axis=0), points[whole].max(axis=0)
    margin = np.where(high > low, (high - low) * _MARGIN, 1.0)
    rows = whole[:: max(1, -(-len(whole) // _MOST_POINTS))]
    inputs = prepared.dataset.facts.inputs
    names = () if isinstance(inputs, ImageInput) else tuple(column.name for column in inputs.numbers)
    limits = (low - margin)[0], (high + margin)[0], (low - margin)[1], (high + margin)[1]
    is_number, is_class = target.task.is_regression, target.task is Task.MULTICLASS
    return Plane(
        kind="numbers" if is_number else "classes" if is_class else "labels",
        inputs=(names[0], names[1]),
        limits=(float(limits[0]), float(limits[1]), float(limits[2]), float(limits[3])),
        points=points[rows],
        truth=part.targets[rows].reshape(len(rows), -1).astype(np.float64),
        names=target.classes or ("no", "yes"),
        outputs=("",) if is_class else target.columns,
    )
