"""Ends a training after a few seconds, and tells how long its epochs would take."""

import statistics
import time
from collections.abc import Mapping

import keras


class Pacemaker(keras.callbacks.Callback):  # type: ignore[misc]
    """Stops after `seconds`, also inside an epoch; before any callback that captures a state."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._chunks: list[tuple[int, float]] = []
        self._epochs: list[tuple[float, float]] = []  # seconds of training and validation
        self._started = self._begun = 0.0
        self._first = 0
        self.steps = 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes when a chunk begins."""
        self._first, self._begun = batch, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes how long the chunk took; `batch` is its last one."""
        count = batch + 1 - self._first
        self.steps += count
        self._chunks.append((count, time.monotonic() - self._begun))
        self._stop_in_time()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes how long the epoch took in training and in validation."""
        values = logs or {}
        self._epochs.append((values["train_seconds"], values["seconds"] - values["train_seconds"]))
        self._stop_in_time()

    def _stop_in_time(self) -> None:
        if time.monotonic() - self._started > self._seconds:
            self.model.stop_training = True

    @property
    def epochs(self) -> int:
        """How many were begun."""
        return len(self._epochs)

    @property
    def step_seconds(self) -> float:
        """The mean over the batches, without the first chunk, which warms up, if there are others."""
        chunks = self._chunks[1:] or self._chunks
        return sum(seconds for _, seconds in chunks) / sum(count for count, _ in chunks)

    @property
    def epoch_seconds(self) -> float:
        """Estimate of an epoch with its validation: the usual one, or from the steps if no two were whole."""
        whole = self._epochs[1:-1]
        if whole:
            return float(statistics.median(train + validation for train, validation in whole))
        return self.step_seconds * int(self.params["steps"]) + self._epochs[-1][1]
