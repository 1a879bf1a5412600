"""Repeats batches from a snapshot, in the program that ran them, until the one that went wrong is found.

The same program gives the same bits in chunks of any length, so the batch that is found is the one of the training.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from nncli.engine.arrays import Plan
from nncli.engine.divergence.snapshots import Snapshot, bad_weights, capture, restore
from nncli.engine.randomness import seed_layers


class Batches(Protocol):
    """What runs the batches of an epoch."""

    @property
    def batches(self) -> int:
        """Batches in an epoch."""

    def shuffled(self, seed: int, epoch: int) -> Any:
        """The order of an epoch."""

    def rows_of(self, order: Any, position: int) -> np.ndarray:
        """The rows of a batch of the order."""

    def run(self, order: Any, position: int, limit: int) -> tuple[int, float]:
        """Runs up to `limit` batches of the order from a position on: how many, and the mean loss of the epoch."""


@dataclass(frozen=True)
class FoundBatch:
    """The first batch, counted from 0, after which the loss or weights are not finite.

    `rows` are those of the training set that it has, `loss` the mean loss of the epoch after it, `weights` those that
    are not finite after it. The model is left in the state before it.
    """

    epoch: int
    batch: int
    rows: np.ndarray
    loss: float
    weights: Mapping[str, float]


class Replay:
    """Repeats a training; `rate_of` tells the learning rate of an epoch, None where it stays."""

    def __init__(
        self,
        model: keras.Model,
        batches: Batches,
        plan: Plan,
        rate_of: Callable[[int], float | None],
    ) -> None:
        self._model, self._batches, self._plan = model, batches, plan
        self._rate_of = rate_of

    def find(self, start: Snapshot, end: int) -> FoundBatch | None:
        """The batch by bisection: good before `start`, and not after the batches until `end`.

        None if they stay finite this time, as where something besides the steps changed the training.
        """
        good, bad = start, end
        while bad - good.batch > 1:
            middle = (good.batch + bad) // 2
            restore(self._model, good)
            loss = self._run(good.batch, middle)
            now = capture(self._model, middle)
            if math.isfinite(loss) and now.is_finite:
                good = now
            else:
                bad = middle
        restore(self._model, good)
        loss, weights = self._run(good.batch, bad), bad_weights(self._model)
        restore(self._model, good)
        if math.isfinite(loss) and not weights:
            return None
        epoch, batch = divmod(good.batch, self._batches.batches)
        if batch == 0:
            seed_layers(self._model, self._plan.seed, epoch)
        rows = self._batches.rows_of(self._batches.shuffled(self._plan.seed, epoch), batch)
        return FoundBatch(epoch, batch, rows, loss, weights)

    def _run(self, batch: int, end: int) -> float:
        """Runs batches as the training did; the mean loss of the last epoch, or the first that is not finite."""
        loss = 0.0
        while batch < end:
            epoch, position = divmod(batch, self._batches.batches)
            if position == 0:
                self._model.reset_metrics()
                seed_layers(self._model, self._plan.seed, epoch)
            rate = self._rate_of(epoch)
            if rate is not None:
                self._model.optimizer.learning_rate = rate
            limit = min(end - batch, self._batches.batches - position)
            order = self._batches.shuffled(self._plan.seed, epoch)
            count, loss = self._batches.run(order, position, limit)
            if not math.isfinite(loss):
                break
            batch += count
        return loss
