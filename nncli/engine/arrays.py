"""What the engine is given: arrays to learn from, a plan of the work, the state to continue from; does not depend on
Keras or files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.errors import DataError, UsageError

EXECUTORS = ("xla", "graph", "keras")


@dataclass(frozen=True)
class Arrays:
    """Examples held in memory, or `streamed`: read in windows from arrays in files, which then are memory maps or other
    values that give rows for slices and indices.

    `inputs` maps the name of a model input to an array whose first axis is the examples: images uint8 (n, height,
    width, channels), numbers float32 (n, columns), categories int32 (n, columns). `targets` is (n,) or (n, outputs);
    `weights`, float32 (n,), are sample weights for the loss; class weights are passed this way too.
    """

    inputs: dict[str, np.ndarray]
    targets: np.ndarray
    weights: np.ndarray | None = None
    streamed: bool = False

    def __post_init__(self) -> None:
        if not self.inputs:
            raise DataError("got no inputs to train on", hint="pass at least one input array")
        lengths = {name: len(array) for name, array in self.inputs.items()} | {"targets": len(self.targets)}
        if self.weights is not None:
            lengths["weights"] = len(self.weights)
        if len(set(lengths.values())) != 1:
            raise DataError(
                f"got arrays of different lengths: {lengths}", hint="pass one row per example in each array"
            )

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: np.ndarray) -> "Arrays":
        """These rows, in this order."""
        inputs = {name: array[rows] for name, array in self.inputs.items()}
        return Arrays(inputs, self.targets[rows], None if self.weights is None else self.weights[rows])

    @property
    def parts(self) -> tuple[object, ...]:
        """The nested tuple that Keras's steps expect: (inputs, targets) or (inputs, targets, weights)."""
        if self.weights is None:
            return (self.inputs, self.targets)
        return (self.inputs, self.targets, np.asarray(self.weights, np.float32))


@dataclass(frozen=True)
class Plan:
    """How to train and for how long; epochs are counted from 0, and training stops before epoch `epochs`.

    `seed` and the epoch number together determine the order of the examples and all dropout. The compiled loops split
    each batch into `parts` that run in parallel (`parallel/dividing.py`).
    """

    epochs: int
    batch_size: int
    seed: int
    executor: str
    start_epoch: int = 0
    parts: int = 1

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise UsageError(
                f"got executor {self.executor!r}, expected one of {', '.join(EXECUTORS)}",
                hint="resolve `auto` with `plan_executor` first",
            )
        if self.batch_size < 1:
            raise UsageError(f"got a batch size of {self.batch_size}, expected 1 or more", hint="32 is a good default")


@dataclass(frozen=True)
class TrainingState:
    """A training after its first `epochs` epochs.

    `arrays` has the variables of model and optimizer and the weights that callbacks keep, `numbers` what else they
    remember, by callback. `marks` are the caller's own (see `callbacks.checkpoint`).
    """

    epochs: int
    arrays: Mapping[str, np.ndarray]
    numbers: Mapping[str, Mapping[str, float | None]]
    marks: Mapping[str, Any]

    @property
    def stopped_early(self) -> bool:
        """Whether early stopping has ended the training."""
        return bool(self.numbers.get("EarlyStopping", {}).get("stopped_epoch"))


def evaluation_batch_size(arrays: Arrays, at_least: int = 1) -> int:
    """The batch size where no gradient is needed: up to 1,024 examples, fewer if they are large images."""
    values = sum(array[:1].size for array in arrays.inputs.values())
    return min(len(arrays), max(at_least, min(1024, 2**22 // max(values, 1))))
