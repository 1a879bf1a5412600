"""The callbacks of a training: keep the best weights, lower the learning rate, report; no screen and no file."""

from collections.abc import Callable, Mapping

import keras

BatchListener = Callable[[int, int, Mapping[str, float]], None]
EpochListener = Callable[[int, Mapping[str, float]], None]


class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls on_batch(epoch, batches done, metrics so far) and on_epoch(epoch, all metrics); epochs from 0."""

    def __init__(self, on_batch: BatchListener, on_epoch: EpochListener) -> None:
        super().__init__()
        self._on_batch, self._on_epoch = on_batch, on_epoch
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keeps the number of the epoch, which batches do not carry."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """`batch` is the number, from 0, of the last batch that is done."""
        self._on_batch(self._epoch, batch + 1, _plain(logs))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Training and validation of an epoch are over."""
        self._on_epoch(epoch, _plain(logs))


def _plain(logs: Mapping[str, float] | None) -> dict[str, float]:
    """Numbers in the order people read them: training, then validation, then the rest; the loss before metrics."""
    values = logs or {}
    last = ("learning_rate", "train_seconds", "seconds")
    ordered = sorted(values, key=lambda name: (name in last, name.startswith("val_"), not name.endswith("loss")))
    return {name: float(values[name]) for name in ordered}


def keep_best(monitor: str, *, mode: str, patience: int, min_delta: float, restore: bool) -> keras.callbacks.Callback:
    """Stops after `patience` epochs without a better `monitor`, and goes back to the best weights if `restore`.

    mode: `min` or `max`, always said, because Keras refuses to guess it for some metrics. After training,
    `best_epoch` counts from 0.
    """
    return keras.callbacks.EarlyStopping(
        monitor=monitor, mode=mode, patience=patience, min_delta=min_delta, restore_best_weights=restore
    )


def reduce_learning_rate(
    monitor: str, *, mode: str, factor: float, patience: int, minimum: float
) -> keras.callbacks.Callback:
    """Multiplies the learning rate by `factor` after `patience` epochs without a better `monitor`."""
    return keras.callbacks.ReduceLROnPlateau(
        monitor=monitor, mode=mode, factor=factor, patience=patience, min_lr=minimum
    )
