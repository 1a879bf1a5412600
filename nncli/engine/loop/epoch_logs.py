"""What is said of an epoch beside the metrics: the learning rate, and that training has diverged."""

import keras

from nncli.errors import TrainingDivergedError


def learning_rate(model: keras.Model) -> float:
    """The current learning rate; with a schedule, that of the last update."""
    optimizer = model.optimizer
    schedule = optimizer._learning_rate  # not public in Keras, whose `learning_rate` is that of the next update
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    updates = int(keras.ops.convert_to_numpy(optimizer.iterations))
    return float(keras.ops.convert_to_numpy(schedule(max(updates - 1, 0))))


def diverged(loss: float, epoch: int, first_batch: int, last_batch: int) -> TrainingDivergedError:
    """The error for a loss that is not finite; arguments count epochs and batches from 0, the message from 1."""
    return TrainingDivergedError(
        f"the loss became {loss} in epoch {epoch + 1}, between batch {first_batch + 1} and batch {last_batch + 1}",
        hint="lower the learning rate, or set `clipnorm: 1.0` on the optimizer; look for huge values in the data",
    )
