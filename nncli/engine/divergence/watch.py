"""Looks at a training between its chunks: has it diverged, and where?"""

import math
import time
from collections.abc import Mapping
from typing import Protocol

import keras

from nncli.engine.arrays import Arrays, Plan
from nncli.engine.divergence.layers import find_place
from nncli.engine.divergence.replay import Batches, Replay
from nncli.engine.divergence.snapshots import Snapshot, bad_weights, capture
from nncli.engine.divergence.telling import diverged_at, diverged_between
from nncli.engine.gradients import random_layers
from nncli.errors import TrainingDivergedError

# The share of the time of a training that copies of its state may take. A replay from the last copy takes at most about
# twice the time between two.
_SHARE = 0.004
# Seconds between two; the first one warms up, so its cost says little.
_SHORTEST, _LONGEST, _AFTER_FIRST = 0.1, 10.0, 1.0


class Watch(Protocol):
    """What looks at a training between its chunks, and raises TrainingDivergedError."""

    def before_chunk(self, epoch: int, position: int) -> None:
        """Before batch `position` of the epoch."""

    def after_chunk(self, epoch: int, first: int, end: int, loss: float) -> None:
        """After the batches from `first` until `end`, with the mean loss of the epoch so far."""

    def after_epoch(self, epoch: int, logs: Mapping[str, float], *, is_last: bool) -> None:
        """After the validation of the epoch."""


class DivergenceWatch:
    """Raises TrainingDivergedError when the loss or the weights of a training are no longer finite.

    It keeps one copy of the training's state, a new one whenever that is cheap, and finds batch and layer by replay
    from there. After the error, the model has the last weights that were finite.
    """

    def __init__(self, model: keras.Model, batches: Batches, train: Arrays, plan: Plan) -> None:
        self._model, self._batches, self._train, self._plan = model, batches, train, plan
        self._snapshot: Snapshot | None = None
        self._due = 0.0
        self._rates: dict[int, float] = {}

    def before_chunk(self, epoch: int, position: int) -> None:
        """Copies the state before batch `position` of the epoch, if it is time."""
        start = time.perf_counter()
        if start < self._due:
            return
        snapshot = capture(self._model, epoch * self._batches.batches + position)
        # A state that is not finite from the start says where by the loss that follows.
        if self._snapshot is not None and not snapshot.is_finite:
            raise self._find(math.nan, epoch, position, position)
        longest = _AFTER_FIRST if self._snapshot is None else _LONGEST
        self._snapshot, self._rates = snapshot, {}
        cost = time.perf_counter() - start
        self._due = start + min(max(_SHORTEST, cost / _SHARE), longest)

    def after_chunk(self, epoch: int, first: int, end: int, loss: float) -> None:
        """Looks at the mean loss of an epoch after its batches until `end`; the last chunk began at `first`."""
        if not math.isfinite(loss):
            raise self._find(loss, epoch, first, end)

    def after_epoch(self, epoch: int, logs: Mapping[str, float], *, is_last: bool) -> None:
        """Looks at the weights where the loss of the validation set or the end of the training gives reason to."""
        self._rates[epoch] = logs["learning_rate"]
        if (is_last or not math.isfinite(logs.get("val_loss", 0.0))) and bad_weights(self._model):
            raise self._find(logs["loss"], epoch, 0, self._batches.batches)

    def _find(self, loss: float, epoch: int, first: int, end: int) -> TrainingDivergedError:
        """What a replay tells of the batches until `end` of the epoch."""
        unknown = diverged_between(loss, epoch, first, max(end - 1, first))
        if self._snapshot is None:
            return unknown
        now = self._constant_rate()
        replay = Replay(
            self._model,
            self._batches,
            self._plan,
            lambda replayed: None if now is None else self._rates.get(replayed, now),
        )
        found = replay.find(self._snapshot, epoch * self._batches.batches + end)
        if found is None:
            return unknown
        drawing = random_layers(self._model) if self._plan.executor == "xla" else []
        return diverged_at(
            found, find_place(self._model, self._train.take(found.rows), found.weights), other_numbers=drawing
        )

    def _constant_rate(self) -> float | None:
        """The learning rate of the current epoch, None where a schedule derives it from the number of updates."""
        optimizer = self._model.optimizer
        if isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            return None  # not public in Keras, whose `learning_rate` is a number in both cases
        return float(keras.ops.convert_to_numpy(optimizer.learning_rate))
