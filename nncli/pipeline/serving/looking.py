"""What only the page asks for: layers and weights of a run, and how its answer depends on what it is given."""

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np

from nncli.config.facts import ImageInput, NumberColumn, TableInput, Task
from nncli.data.dataset import Dataset, Inputs
from nncli.errors import NncliError
from nncli.evaluate.importance.occlusion import occlusion_maps
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.predicting.scoring.importance import places_of
from nncli.pipeline.weights import read_weights
from nncli.run import files
from nncli.runtime.layers import LayerReader, LayerValues
from nncli.runtime.novelty import Novelty
from nncli.serve.model import Outputs
from nncli.serve.refusals import Refusal

# Weights that are sent to the page at most, 4 bytes each.
_MOST_WEIGHTS = 400_000
_WITH_PATHS = ("dense", "output", "conv2d")
# Rows of the run's data whose values take the place of the row's own, and points on the decision surface.
_ROWS, _POINTS = 100, 400
_STEPS = 25  # of a slider
_SIDE = 64  # of the grid of the decision surface
_MARGIN = 0.1
Result = TypeVar("Result")


class _Runs(Protocol):
    def run(self, inputs: Inputs) -> Outputs: ...


class Look:
    """See `nncli.serve.page.looking.Looking`. Reads what it needs when it is first asked for."""

    def __init__(
        self,
        run: OpenRun,
        model: bytes,
        novelty: Novelty | None,
        answering: _Runs,
        read_examples: Callable[[], Dataset],
    ) -> None:
        """`read_examples` reads the run's own data and may raise NncliError, as where its file is gone."""
        self._run, self._model, self._novelty = run, model, novelty
        self._answering, self._read_examples = answering, read_examples
        self._reading = threading.Lock()

    def _read(self, read: Callable[[], Result]) -> Result:
        """What is read from the run's folder. Raises Refusal (410) where that is gone, or has another model now."""
        try:
            found = read()
            self._require_folder()
        except NncliError:
            self._require_folder()
            raise
        return found

    def _require_folder(self) -> None:
        try:
            is_same = self._run.folder.find_intact(files.LITE_MODEL) == self._model
        except NncliError:
            is_same = False
        if not is_same:
            raise Refusal(
                410,
                got="a question to files of a run that is gone or has changed since it was opened",
                expected="the files that the server found",
                fix="start the server again; until then the network answers as before",
            )

    @cached_property
    def _reader(self) -> LayerReader:
        return LayerReader(self._model)

    @cached_property
    def _examples(self) -> Dataset | None:
        """The run's own data, None where it cannot be had any more."""
        try:
            return self._read(self._read_examples)
        except (NncliError, OSError, Refusal):
            return None

    def network(self) -> list[dict[str, Any]]:
        """The layers of the config, by the names that the exported model gives them."""
        from nncli.config.stack import stack_layers

        config = self._read(self._run.load_config).config
        rows = stack_layers(config, self._run.facts.inputs.shape)
        told, seen = [], dict[str, int]()
        for place, row in enumerate(rows):
            kind = type(row.layer).model_fields["kind"].default
            seen[kind] = seen.get(kind, 0) + 1
            name = "output" if place == len(rows) - 1 else f"{kind}_{seen[kind]}"
            options = {
                key: getattr(row.layer, key)
                for key in ("padding", "strides", "kernel_size")
                if hasattr(row.layer, key) and getattr(row.layer, key) is not None
            }
            told.append(
                {
                    "name": name,
                    "kind": kind,
                    "activation": row.activation,
                    "shape": list(row.output_shape),
                    "parameters": row.parameters,
                    **options,
                }
            )
        return told

    def weights(self) -> Mapping[str, np.ndarray]:
        """Kernels and biases of dense and convolutional layers; none where there are too many, or members."""
        weights = self._read(lambda: read_weights(self._run.folder))
        if any("member" in name for name in weights):
            return {}
        kept = {name: each for name, each in weights.items() if name.startswith(_WITH_PATHS)}
        return kept if sum(each.size for each in kept.values()) <= _MOST_WEIGHTS else {}

    def layers(self, inputs: Inputs) -> list[LayerValues]:
        """The output of each layer for the first row."""
        with self._reading:
            reader = self._reader
        return reader.read(inputs)

    def contributions(self, inputs: Inputs, output: int) -> list[dict[str, Any]]:
        """Of each column the answer less its mean where other rows' values take the place of the row's own."""
        table = self._run.facts.inputs
        if isinstance(table, ImageInput):
            return []
        others = self._background_rows(table)
        rows = len(next(iter(others.values())))
        own = float(self._answering.run(inputs).values[0, output])
        told = []
        for name, places in places_of(table).items():
            changed = {key: np.repeat(array[:1], rows, axis=0) for key, array in inputs.items()}
            for key, place in places:
                changed[key][:, place] = others[key][:, place]
            falls = own - self._answering.run(changed).values[:, output].astype(np.float64)
            told.append({"column": name, "contribution": float(falls.mean()), "deviation": float(falls.std())})
        return told

    def _background_rows(self, table: TableInput) -> Inputs:
        """Rows of the training set; where it is gone, rows that are spread over what the run knows of each column."""
        with self._reading:
            examples = self._examples
        if examples is not None:
            rows = np.linspace(0, len(examples.train) - 1, min(_ROWS, len(examples.train))).astype(int)
            return {key: array[rows] for key, array in examples.train.inputs.items()}
        generator = np.random.default_rng(0)
        shares = np.linspace(0, 1, _ROWS)
        numbers = [generator.permutation(np.interp(shares, *_quantiles(column))) for column in table.numbers]
        codes = [generator.integers(1, len(column.vocabulary) + 1, _ROWS) for column in table.categories]
        spread = {"numbers": (numbers, np.float32), "categories": (codes, np.int32)}
        return {key: np.stack(each, axis=1).astype(kind) for key, (each, kind) in spread.items() if each}

    def moves(self, inputs: Inputs, output: int) -> dict[str, Any]:
        """By column, the output at values over its training range, or for each of its categories."""
        table = self._run.facts.inputs
        if isinstance(table, ImageInput):
            return {}
        made = {name for date in table.dates for name in date.numbers}
        told: dict[str, Any] = {}
        for place, column in enumerate(table.numbers):
            if column.name not in made and column.minimum is not None and column.maximum is not None:
                values = np.linspace(column.minimum, column.maximum, _STEPS)
                told[column.name] = self._move(inputs, output, "numbers", place, values, values.tolist())
        for place, category in enumerate(table.categories):
            names = category.vocabulary[:_STEPS]
            codes = np.arange(1, len(names) + 1)
            told[category.name] = self._move(inputs, output, "categories", place, codes, list(names))
        return told

    def _move(
        self, inputs: Inputs, output: int, key: str, place: int, values: np.ndarray, names: list[Any]
    ) -> dict[str, Any]:
        changed = {name: np.repeat(array[:1], len(values), axis=0) for name, array in inputs.items()}
        changed[key][:, place] = values
        return {"values": names, "outputs": self._answering.run(changed).values[:, output].tolist()}

    def occlusion(self, inputs: Inputs, output: int) -> np.ndarray:
        """For each pixel how much covering it with the mean of the training images lowers the output."""
        images = inputs["image"][:1]
        mean: np.ndarray = np.zeros(images.shape[1:], np.float32)
        image, novelty = self._run.facts.inputs, self._novelty
        if novelty is not None and novelty.mean.size == mean.size and isinstance(image, ImageInput):
            mean = novelty.mean.reshape(mean.shape) / image.scale
        found = occlusion_maps(
            images, mean, lambda _, covered: self._answering.run({"image": covered}).values[:, output]
        )
        return np.asarray(found[0])

    def surface(self) -> dict[str, Any] | None:
        """The outputs (side x side, outputs) row by row from the lowest second input, the ranges, and some points."""
        facts = self._run.facts
        table = facts.inputs
        if isinstance(table, ImageInput) or len(table.numbers) != 2 or table.categories or table.dates:
            return None
        ranges = [_range(column) for column in table.numbers]
        first, second = (np.linspace(low, high, _SIDE) for low, high in ranges)
        grid = np.stack([np.tile(first, _SIDE), np.repeat(second, _SIDE)], axis=1).astype(np.float32)
        outputs = self._answering.run({"numbers": grid}).values
        with self._reading:
            examples = self._examples
        points: list[list[float]] = []
        if examples is not None:
            rows = np.linspace(0, len(examples.train) - 1, min(_POINTS, len(examples.train))).astype(int)
            targets = examples.train.targets.reshape(len(examples.train), -1)[rows, 0]
            points = np.column_stack([examples.train.inputs["numbers"][rows], targets]).astype(float).tolist()
        return {
            "columns": [column.name for column in table.numbers],
            "ranges": ranges,
            "side": _SIDE,
            "isBinary": facts.target.task is Task.BINARY,
            "outputs": np.round(outputs.astype(float), 4).tolist(),
            "points": points,
        }


def _range(column: NumberColumn) -> tuple[float, float]:
    """The training range and a tenth of it more on each side."""
    low, high = column.minimum, column.maximum
    if low is None or high is None:
        low, high = column.mean - 2 * column.deviation, column.mean + 2 * column.deviation
    margin = _MARGIN * ((high - low) or 1.0)
    return low - margin, high + margin


def _quantiles(column: NumberColumn) -> tuple[list[float], list[float]]:
    """Shares and the values that they do not exceed: the edges of bins where the run has some."""
    values = list(column.edges) or [
        column.median if value is None else value for value in (column.minimum, column.median, column.maximum)
    ]
    return np.linspace(0, 1, len(values)).tolist(), values
