"""Learning rates that change with each step, made from schedules in epochs; does not depend on data or optimizers."""

from typing import Any

import keras
from keras import ops

from nncli.config.facts import DataFacts
from nncli.config.schedules import Constant, Exponential, Piecewise, Schedule
from nncli.config.sections import Config


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # keras has no types
    """Grows from 0 to the first value of another schedule in a line, then follows it from its beginning.

    The same as `warmup_target` and `warmup_steps` of Keras's CosineDecay, for each schedule.
    """

    def __init__(self, schedule: Any, steps: int) -> None:
        """`steps` is the length of the warm-up, at least 1."""
        super().__init__()
        self._schedule, self._steps = schedule, steps

    def __call__(self, step: Any) -> Any:
        """The learning rate of the update after `step` updates, a float32 scalar."""
        done = ops.cast(step, "float32")
        peak = self._schedule(ops.zeros_like(done))
        later = self._schedule(ops.maximum(done - self._steps, 0.0))
        return ops.where(done < self._steps, peak * done / self._steps, later)

    def get_config(self) -> dict[str, Any]:
        """What Keras asks of a schedule."""
        return {"schedule": self._schedule, "steps": self._steps}


class Level(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """One learning rate at each step."""

    def __init__(self, learning_rate: float) -> None:
        """`learning_rate` is above 0."""
        super().__init__()
        self._learning_rate = learning_rate

    def __call__(self, step: Any) -> Any:
        """The learning rate, a float32 scalar, whatever the step."""
        return ops.cast(self._learning_rate, "float32")

    def get_config(self) -> dict[str, Any]:
        """What Keras asks of a schedule."""
        return {"learning_rate": self._learning_rate}


def steps_per_epoch(config: Config, facts: DataFacts) -> int:
    """The updates of one epoch: the batches of the training set, with a last one that is not full."""
    rows = facts.rows["train"]
    batch_size = rows if config.train.batch_size == "full" else config.train.batch_size
    return max(1, -(-rows // max(1, batch_size)))


def make_schedule(schedule: Schedule, epochs: int, steps: int) -> Any:
    """The Keras schedule for a training of `epochs` epochs of `steps` updates each."""

    def updates(count: float) -> int:
        return max(1, round(count * steps))

    if isinstance(schedule, Piecewise):
        # Keras has the value before at the step that is a boundary, which would be the first of the next epoch.
        boundaries = [updates(boundary) - 1 for boundary in schedule.boundaries]
        return keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, list(schedule.values))
    rate = schedule.initial_learning_rate
    made: Any
    if isinstance(schedule, Constant):
        made = Level(rate)
    elif isinstance(schedule, Exponential):
        made = keras.optimizers.schedules.ExponentialDecay(
            rate, updates(schedule.decay_epochs), schedule.decay_rate, staircase=schedule.staircase
        )
    else:
        decay_epochs = schedule.decay_epochs or epochs - schedule.warmup_epochs
        made = keras.optimizers.schedules.CosineDecay(rate, updates(decay_epochs), alpha=schedule.alpha)
    return WarmUp(made, updates(schedule.warmup_epochs)) if schedule.warmup_epochs else made
