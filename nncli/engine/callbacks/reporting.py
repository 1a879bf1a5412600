"""A callback that reports progress to listeners."""

from collections.abc import Callable, Mapping

import keras

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


class Gate(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls `wait(epochs done)` between two epochs; the training goes on when it returns. Stands last in the list."""

    def __init__(self, wait: Callable[[int], None]) -> None:
        super().__init__()
        self._wait = wait

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Waits, unless this was the last epoch."""
        if not self.model.stop_training and epoch + 1 < self.params["epochs"]:
            self._wait(epoch + 1)


def _plain(logs: Mapping[str, float] | None) -> dict[str, float]:
    """Plain floats in reading order: training, validation, the rest; the loss before the metrics."""
    values = logs or {}
    last = ("learning_rate", "train_seconds", "seconds")
    ordered = sorted(values, key=lambda name: (name in last, name.startswith("val_"), not name.endswith("loss")))
    return {name: float(values[name]) for name in ordered}
