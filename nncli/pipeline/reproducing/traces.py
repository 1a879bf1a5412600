"""Compares two finished trainings epoch by epoch and weight by weight; does not train."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.pipeline.weights import read_weights
from nncli.run import files
from nncli.run.folder import RunFolder

_CLOCK = ("seconds", "train_seconds")


@dataclass(frozen=True)
class Comparison:
    """How far two trainings are equal.

    `epochs` are those that both have; the first in which they differ is `first_epoch` (counted from 1), in the
    `numbers` given as pairs. `weights` counts the arrays, `differing` those with other bits, and `largest` is the
    largest difference of a weight. None stands for nothing that differs.
    """

    epochs: int
    first_epoch: int | None
    numbers: Mapping[str, tuple[Any, Any]]
    weights: int
    differing: tuple[str, ...]
    largest: float | None

    @property
    def is_equal(self) -> bool:
        """Whether all numbers and weights have the same bits."""
        return self.first_epoch is None and not self.differing


def compare_traces(first: RunFolder, second: RunFolder) -> Comparison:
    """Compares metrics.jsonl and weights.npz of two runs. Raises RunError where one of them lacks weights."""
    lines = [folder.read_lines(files.METRICS) for folder in (first, second)]
    epoch, numbers = _first_difference(*lines)
    ours, theirs = read_weights(first), read_weights(second)
    names = [name for name in dict.fromkeys([*ours, *theirs]) if not _have_same_bits(ours.get(name), theirs.get(name))]
    return Comparison(
        epochs=min(map(len, lines)),
        first_epoch=epoch,
        numbers=numbers,
        weights=len(ours),
        differing=tuple(names),
        largest=max((_distance(ours.get(name), theirs.get(name)) for name in names), default=None),
    )


def _first_difference(
    ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]
) -> tuple[int | None, dict[str, tuple[Any, Any]]]:
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False), 1):
        keys = [key for key in dict.fromkeys([*one, *other]) if key not in _CLOCK]
        differing = {key: (one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)}
        if differing:
            return number, differing
    if len(ours) != len(theirs):
        return min(len(ours), len(theirs)) + 1, {"epochs": (len(ours), len(theirs))}
    return None, {}


def _have_same_bits(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None or one.shape != other.shape or one.dtype != other.dtype:
        return False
    return one.tobytes() == other.tobytes()


def _distance(one: np.ndarray | None, other: np.ndarray | None) -> float:
    """The largest difference of two arrays; infinite for arrays of different shapes."""
    if one is None or other is None or one.shape != other.shape:
        return float("inf")
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max(initial=0.0))
