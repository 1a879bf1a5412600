"""The values this room hands on: inputs, targets and parts as arrays; knows no files and no models."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nncli.config.facts import DataFacts

# {"image": uint8 or float32 (n, height, width, channels)} or
# {"numbers": float32 (n, k), NaN for missing, "categories": int32 (n, m)}; a key is absent when k or m is 0.
Inputs = dict[str, np.ndarray]

# Told what is going on and how much of it is done, from 0 to 1.
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Part:
    """Examples that belong together: the training, validation or test part.

    `targets` is float32 (n, 1) of 0 and 1 for binary, int32 (n,) for multiclass, float32 (n, labels) for multilabel
    and float32 (n, targets) in the target's own units for regression. `rows` is int64 (n,): where each example stands
    in its source, counted from 0.
    """

    inputs: Inputs
    targets: np.ndarray
    rows: np.ndarray

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
    fingerprint: str


def part_of(inputs: Inputs, targets: np.ndarray, rows: np.ndarray | None = None) -> Part:
    """The examples at `rows` (int64), or all of them without a copy."""
    if rows is None:
        return Part(inputs, targets, np.arange(len(targets), dtype=np.int64))
    return Part({name: array[rows] for name, array in inputs.items()}, targets[rows], rows)


def make_dataset(facts: DataFacts, train: Part, validation: Part, test: Part, notes: list[str]) -> Dataset:
    """Put the parts together and count and fingerprint them; `facts.rows` is filled here."""
    parts = {"train": train, "validation": validation, "test": test}
    target = facts.target.model_copy(update={"untested": _untested(facts.target.classes, test.targets)})
    rows = {name: len(part) for name, part in parts.items()}
    facts = facts.model_copy(update={"rows": rows, "target": target})
    return Dataset(facts, train, validation, test, tuple(notes), fingerprint(facts, parts))


def _untested(classes: tuple[str, ...], targets: np.ndarray) -> tuple[str, ...]:
    """The classes that no row of `targets` has; without rows there is nothing to tell."""
    if not len(targets):
        return ()
    seen = set(np.unique(targets).astype(int).tolist())
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
