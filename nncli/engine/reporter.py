"""The callback that tells what happens in a training; it knows no screen and no file."""

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
    return {name: float(value) for name, value in (logs or {}).items()}
