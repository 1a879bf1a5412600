"""Trains on one batch until it is learned by heart, or until steps or time are used up."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import keras

from nncli.engine.arrays import Arrays, Plan
from nncli.engine.loop.training import fit
from nncli.errors import TrainingDivergedError


@dataclass(frozen=True)
class Attempt:
    """How it went: `score` is the metric that was to reach `enough`; `failure` says why the loss is not finite.

    Losses and score are those before the last step.
    """

    learned: bool
    steps: int
    seconds: float
    first_loss: float
    loss: float
    score: float
    failure: str | None = None


class _Enough(keras.callbacks.Callback):  # type: ignore[misc]
    """An epoch is a step, whose metrics are those of the weights before it."""

    def __init__(self, metric: str, enough: float, share: float, seconds: float) -> None:
        super().__init__()
        self._metric, self._enough, self._share = metric, enough, share
        self._until = time.monotonic() + seconds
        self.records: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Ends the training when the metric is large enough, or the time is over."""
        values = logs or {}
        self.records.append((float(values["loss"]), float(values[self._metric])))
        if self.learned or time.monotonic() > self._until:
            self.model.stop_training = True

    @property
    def learned(self) -> bool:
        if not self.records:
            return False
        (first, _), (loss, score) = self.records[0], self.records[-1]
        return score >= self._enough and loss <= self._share * first


def overfit(
    model: keras.Model,
    batch: Arrays,
    *,
    metric: str,
    enough: float,
    share: float,
    executor: str,
    steps: int,
    seconds: float,
) -> Attempt:
    """Trains a compiled model on all rows of the batch at each step.

    It has learned them when its `metric` is `enough` or more and the loss at most this `share` of the first one.
    """
    start = time.monotonic()
    watch = _Enough(metric, enough, share, seconds)
    failure = None
    try:
        plan = Plan(epochs=steps + 1, batch_size=len(batch), seed=0, executor=executor)
        fit(model, batch, None, plan, [watch])
    except TrainingDivergedError as error:
        failure = error.message
    losses, scores = zip(*watch.records, strict=True) if watch.records else ((float("nan"),), (float("nan"),))
    done = len(watch.records) - 1 if failure is None else len(watch.records)
    return Attempt(watch.learned, done, time.monotonic() - start, losses[0], losses[-1], scores[-1], failure)
