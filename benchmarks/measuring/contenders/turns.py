"""A callback that divides training, a single call of Keras or of nncli's engine, into turns."""

import time
from typing import Any

import keras

from measuring.baton import Baton


class Turns(keras.callbacks.Callback):  # type: ignore[misc]  # keras has no types
    """Starts an epoch when it is this process's turn, and reports its duration in seconds."""

    def __init__(self, baton: Baton) -> None:
        super().__init__()
        self._baton = baton
        self._start = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Waits for the turn, then starts the clock."""
        self._baton.wait()
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stops the clock."""
        self._baton.report(seconds=time.perf_counter() - self._start, loss=float((logs or {})["loss"]))
