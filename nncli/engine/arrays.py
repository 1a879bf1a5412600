"""What the engine is given: arrays to learn from and a plan of the work; does not depend on Keras or files."""

from dataclasses import dataclass

import numpy as np

from nncli.errors import DataError, UsageError

EXECUTORS = ("xla", "graph", "keras")


@dataclass(frozen=True)
class Arrays:
    """Examples held in memory.

    `inputs` maps a model input's name to an array whose first axis counts the examples: images uint8 (n, height,
    width, channels), numbers float32 (n, columns), categories int32 (n, columns). `targets` is (n,) or (n, outputs);
    `weights` float32 (n,) says how much each example counts in the loss (class weights arrive as such weights).
    """

    inputs: dict[str, np.ndarray]
    targets: np.ndarray
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not self.inputs:
            raise DataError("got no inputs to learn from", hint="give at least one input array")
        lengths = {name: len(array) for name, array in self.inputs.items()} | {"targets": len(self.targets)}
        if self.weights is not None:
            lengths["weights"] = len(self.weights)
        if len(set(lengths.values())) != 1:
            raise DataError(f"got arrays of different lengths: {lengths}", hint="give one row of each for each example")

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def parts(self) -> tuple[object, ...]:
        """The nested tuple that Keras's steps take: (inputs, targets) or (inputs, targets, weights)."""
        if self.weights is None:
            return (self.inputs, self.targets)
        return (self.inputs, self.targets, np.asarray(self.weights, np.float32))


@dataclass(frozen=True)
class Plan:
    """How long and how to train; epochs are counted from 0, and `epochs` is where training ends.

    `seed` decides, together with the number of the epoch, the order of the examples and all dropout. The compiled
    loops divide each batch into so many `parts` that run side by side (`parallel/dividing.py`).
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
                hint="let `plan_executor` turn `auto` into one of them",
            )
        if self.batch_size < 1:
            raise UsageError(f"got a batch size of {self.batch_size}, expected 1 or more", hint="32 is a good start")


def evaluation_batch_size(arrays: Arrays, at_least: int = 1) -> int:
    """How many examples to take at once where no gradient is needed: up to 1,024, fewer of large images."""
    values = sum(array[:1].size for array in arrays.inputs.values())
    return min(len(arrays), max(at_least, min(1024, 2**22 // max(values, 1))))
