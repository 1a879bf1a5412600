"""Learning rates that change with each step, made from schedules in epochs; does not depend on data or optimizers."""

from typing import Any

import keras
from keras import ops

from nncli.config.facts import DataFacts
from nncli.config.schedules import Constant, Exponential, Piecewise, Schedule
from nncli.config.sections import Config


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # keras has no types
    """Increases linearly from 0 to the initial value of another schedule, then follows that schedule.

    The same as `warmup_target` and `warmup_steps` of Keras's CosineDecay, but for any schedule.
    """

    def __init__(self, schedule: Any, steps: int) -> None:
        """`steps` is the length of the warm-up in steps, at least 1."""
        super().__init__()
        self._schedule, self._steps = schedule, steps

    def __call__(self, step: Any) -> Any:
        """The learning rate after `step` updates, a float32 scalar."""
        done = ops.cast(step, "float32")
        peak = self._schedule(ops.zeros_like(done))
        later = self._schedule(ops.maximum(done - self._steps, 0.0))
        return ops.where(done < self._steps, peak * done / self._steps, later)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as Keras requires of every schedule."""
        return {"schedule": self._schedule, "steps": self._steps}


class Level(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A constant learning rate."""

    def __init__(self, learning_rate: float) -> None:
        """`learning_rate` is positive."""
        super().__init__()
        self._learning_rate = learning_rate

    def __call__(self, step: Any) -> Any:
        """The learning rate, a float32 scalar, the same at every step."""
        return ops.cast(self._learning_rate, "float32")

    def get_config(self) -> dict[str, Any]:
        """The arguments, as Keras requires of every schedule."""
        return {"learning_rate": self._learning_rate}


def steps_per_epoch(config: Config, facts: DataFacts) -> int:
    """The updates of one epoch: the number of batches of the training set, including a last one that is not full."""
    rows = facts.rows["train"]
    batch_size = rows if config.train.batch_size == "full" else config.train.batch_size
    return max(1, -(-rows // max(1, batch_size)))


def make_schedule(schedule: Schedule, epochs: int, steps: int) -> Any:
    """The Keras schedule for a training of `epochs` epochs of `steps` updates each."""

    def updates(count: float) -> int:
        return max(1, round(count * steps))

    if isinstance(schedule, Piecewise):
        # Keras still uses the previous value at the boundary step itself, which would be the first of the next epoch.
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
