"""The values this room hands on: inputs, targets and parts as arrays; knows no files and no models."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nncli.config.facts import DataFacts

# {"image": uint8 or float32 (n, height, width, channels)} or
# {"numbers": float32 (n, k), NaN for missing, "categories": int32 (n, m)}; a key is absent when k or m is 0.
Inputs = dict[str, np.ndarray]

# Told what is going on and how much of it is done, from 0 to 1.
Progress = Callable[[str, float], None]

# Bytes; what the widest instructions of a processor ask for.
_ALIGNMENT = 64


@dataclass(frozen=True)
class Part:
    """Examples that belong together: the training, validation or test part.

    `targets` is float32 (n, 1) of 0 and 1 for binary, int32 (n,) for multiclass, float32 (n, labels) for multilabel
    and float32 (n, targets) in the target's own units for regression. `rows` is int64 (n,): where each example stands
    in its source, counted from 0. `files` names the file of each, relative to the data folder; it is empty for sources
    whose examples are not files of their own.
    """

    inputs: Inputs
    targets: np.ndarray
    rows: np.ndarray
    files: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Dataset:
    """A data set that is ready to train on; `notes` are what the user should know of how it was read."""

    facts: DataFacts
    train: Part
    validation: Part
    test: Part
    notes: tuple[str, ...]

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 (hex) over all arrays, for runs to be compared by; made when first asked for, at 2 GB a second."""
        return fingerprint(self.facts, {"train": self.train, "validation": self.validation, "test": self.test})


def part_of(inputs: Inputs, targets: np.ndarray, rows: np.ndarray | None = None) -> Part:
    """The examples at `rows` (int64), or all of them without a copy."""
    if rows is None:
        return Part(inputs, targets, np.arange(len(targets), dtype=np.int64))
    return Part({name: _take(array, rows) for name, array in inputs.items()}, targets[rows], rows)


def _take(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    # Any mode but the usual one writes to `out` without a copy between; all rows are there.
    return np.take(array, rows, axis=0, out=make_room((len(rows), *array.shape[1:]), array.dtype), mode="clip")


def make_room(shape: tuple[int, ...], kind: np.dtype | type) -> np.ndarray:
    """An array to fill, placed in memory so that TensorFlow can use it where it is instead of copying it."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    room = np.empty(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].view(kind).reshape(shape)


def count_distinct(values: np.ndarray) -> int:
    """How many different values (n,) there are; by sorting, which takes a tenth of the time of numpy's `unique`."""
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + min(1, len(ordered))


def distinct_values(values: np.ndarray) -> np.ndarray:
    """The different ones of values (n,), ascending. Numpy's `unique` would import its masked arrays first, 10 ms."""
    ordered = np.sort(values)
    distinct: np.ndarray = ordered[np.concatenate((np.ones(min(1, len(ordered)), bool), ordered[1:] != ordered[:-1]))]
    return distinct


def make_dataset(facts: DataFacts, train: Part, validation: Part, test: Part, notes: list[str]) -> Dataset:
    """Put the parts together and count them; `facts.rows` is filled here."""
    parts = {"train": train, "validation": validation, "test": test}
    target = facts.target.model_copy(update={"untested": _untested(facts.target.classes, test.targets)})
    rows = {name: len(part) for name, part in parts.items()}
    facts = facts.model_copy(update={"rows": rows, "target": target})
    return Dataset(facts, train, validation, test, tuple(notes))


def _untested(classes: tuple[str, ...], targets: np.ndarray) -> tuple[str, ...]:
    """The classes that no row of `targets` has; without rows or classes there is nothing to tell."""
    if not classes or not len(targets):
        return ()
    seen = set(distinct_values(targets.reshape(-1)).astype(int).tolist())
    return tuple(name for index, name in enumerate(classes) if index not in seen)


def fingerprint(facts: DataFacts, parts: dict[str, Part]) -> str:
    """A sha256 (hex) over the bytes of all arrays, their shapes and types, and the names of columns and classes."""
    digest = hashlib.sha256()
    names = [part_name for part_name in parts] + [*facts.target.columns, *facts.target.classes]
    digest.update("\0".join(names).encode())
    for part_name, part in parts.items():
        for name, array in [*sorted(part.inputs.items()), ("targets", part.targets)]:
            digest.update(f"{part_name}/{name}/{array.dtype}/{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
