"""Training callbacks: keep the best weights, reduce the learning rate, report progress to listeners."""

from collections.abc import Callable, Mapping

import keras
import numpy as np

BatchListener = Callable[[int, int, Mapping[str, float]], None]
EpochListener = Callable[[int, Mapping[str, float]], None]


class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls on_batch(epoch, batches done, metrics so far) and on_epoch(epoch, all metrics); epochs count from 0."""

    def __init__(self, on_batch: BatchListener, on_epoch: EpochListener) -> None:
        super().__init__()
        self._on_batch, self._on_epoch = on_batch, on_epoch
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Remembers the epoch number, which Keras does not pass with batches."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """`batch` is the index, from 0, of the last finished batch."""
        self._on_batch(self._epoch, batch + 1, _plain(logs))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Called after training and validation of an epoch."""
        self._on_epoch(epoch, _plain(logs))


def _plain(logs: Mapping[str, float] | None) -> dict[str, float]:
    """Plain floats in reading order: training, validation, the rest; the loss before the metrics."""
    values = logs or {}
    last = ("learning_rate", "train_seconds", "seconds")
    ordered = sorted(values, key=lambda name: (name in last, name.startswith("val_"), not name.endswith("loss")))
    return {name: float(values[name]) for name in ordered}


class AveragedWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Lets validation and the end of an epoch see the averaged weights of an optimizer with `use_ema`.

    The next epoch continues from the weights of the last step. After training, Keras itself assigns the average.
    (`keras.callbacks.SwapEMAWeights` adds and subtracts to swap, which rounds.)
    """

    def __init__(self) -> None:
        super().__init__()
        self._last_step: list[np.ndarray] | None = None

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Returns to the weights of the last step."""
        if self._last_step is not None:
            for variable, value in zip(self.model.trainable_variables, self._last_step, strict=True):
                variable.assign(value)
        self._last_step = None

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Validation measures the average, which stays in the model until the next epoch begins."""
        self._last_step = [variable.numpy() for variable in self.model.trainable_variables]
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)


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
