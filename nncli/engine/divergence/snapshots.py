"""Copies of all variables of a training, and whether its weights are finite."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Snapshot:
    """A training before a batch, counted from the beginning of epoch 0: weights, seeds, optimizer and metrics."""

    batch: int
    values: list[np.ndarray]
    weights: int

    @property
    def is_finite(self) -> bool:
        """Whether all weights of the model are; what the optimizer remembers may overflow without harm."""
        return all(np.isfinite(value).all() for value in self.values[: self.weights])


def capture(model: keras.Model, batch: int) -> Snapshot:
    """Copies of the variables before a batch."""
    return Snapshot(batch, [variable.numpy() for variable in _variables(model)], len(model.variables))


def restore(model: keras.Model, snapshot: Snapshot) -> None:
    """Sets all variables to those of the snapshot."""
    for variable, value in zip(_variables(model), snapshot.values, strict=True):
        variable.assign(value)


def bad_weights(model: keras.Model) -> dict[str, float]:
    """The weights with values that are not finite, by path (`dense_1/kernel`), each with one of those values."""
    return {variable.path: bad for variable in model.variables if (bad := first_bad(variable)) is not None}


def first_bad(value: Any) -> float | None:
    """The first entry of an array that is not finite; None if all are. NaN comes before infinity."""
    array = np.asarray(keras.ops.convert_to_numpy(value))
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return None
    return float("nan") if np.isnan(array).any() else float(array[np.isinf(array)].flat[0])


def all_finite(values: Iterable[Any]) -> bool:
    """Whether no array has a value that is not finite."""
    return all(first_bad(value) is None for value in values)


def _variables(model: keras.Model) -> list[Any]:
    return [*model.variables, *model.metrics_variables, *model.optimizer.variables]
