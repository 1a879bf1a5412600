"""Callbacks that act on the training: keep the best weights, reduce the learning rate, average the weights."""

import time
from collections.abc import Mapping

import keras
import numpy as np


class AveragedWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Lets validation and the end of an epoch see the averaged weights of an optimizer with `use_ema`.

    The next epoch continues from the weights of the last step. After training, Keras itself assigns the average.
    Between the two, `last_step` has those weights.
    (`keras.callbacks.SwapEMAWeights` adds and subtracts to swap, which rounds.)
    """

    def __init__(self) -> None:
        super().__init__()
        self.last_step: list[np.ndarray] | None = None

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Returns to the weights of the last step."""
        if self.last_step is not None:
            for variable, value in zip(self.model.trainable_variables, self.last_step, strict=True):
                variable.assign(value)
        self.last_step = None

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Validation measures the average, which stays in the model until the next epoch begins."""
        self.last_step = [variable.numpy() for variable in self.model.trainable_variables]
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)


class TimeLimit(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends the training, as early stopping does, when another epoch would not end within `seconds` of its start.

    With `from_first_batches`, time counts from the end of the first batches, without what was compiled for them.
    """

    def __init__(self, seconds: float, *, from_first_batches: bool = False) -> None:
        super().__init__()
        self._seconds, self._waits = seconds, from_first_batches
        self._started = self._epoch_started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Begins to count after the first batches, if it waits for these."""
        if self._waits:
            self._waits = False
            self._started = self._epoch_started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes the time."""
        self._epoch_started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Compares the time that is left with that of the epoch."""
        now = time.monotonic()
        if now - self._started + (now - self._epoch_started) > self._seconds:
            self.model.stop_training = True


def keep_best(monitor: str, *, mode: str, patience: int, min_delta: float, restore: bool) -> keras.callbacks.Callback:
    """Stops after `patience` epochs without improvement of `monitor`; restores the best weights if `restore` is true.

    `mode` is `min` or `max` and always explicit, because Keras cannot infer it for some metrics. After training,
    `best_epoch` counts from 0.
    """
    return keras.callbacks.EarlyStopping(
        monitor=monitor, mode=mode, patience=patience, min_delta=min_delta, restore_best_weights=restore
    )


def reduce_learning_rate(
    monitor: str, *, mode: str, factor: float, patience: int, minimum: float
) -> keras.callbacks.Callback:
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement of `monitor`."""
    return keras.callbacks.ReduceLROnPlateau(
        monitor=monitor, mode=mode, factor=factor, patience=patience, min_lr=minimum
    )
