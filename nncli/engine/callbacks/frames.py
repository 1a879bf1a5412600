"""A callback that looks at the model between epochs, without changing it."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras


class Frames(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls take(epochs done, model) before the first epoch, after those in `epochs` and after the last one.

    Stands after the callbacks that act, which may end the training, and before the one that restores a state: what it
    takes first, with 0 epochs, is the untrained network also where a training goes on. What `take` does must neither
    set variables nor draw random numbers.
    """

    def __init__(self, epochs: Collection[int], take: Callable[[int, keras.Model], None]) -> None:
        super().__init__()
        self._epochs, self._take = frozenset(epochs), take

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """The untrained network, if it is asked for."""
        if 0 in self._epochs:
            self._take(0, self.model)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """The network after an epoch, counted from 0."""
        if epoch + 1 in self._epochs or self.model.stop_training:
            self._take(epoch + 1, self.model)


class Follower(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls on_epoch(epochs done, model) before the first epoch and after each one, and on_batch(epoch, batches done,
    batches of an epoch, loss so far) meanwhile, the epoch counted from 1. Stands where `Frames` does, with its rules.
    """

    def __init__(
        self,
        on_epoch: Callable[[int, keras.Model], None],
        on_batch: Callable[[int, int, int, float | None], None],
    ) -> None:
        super().__init__()
        self._on_epoch, self._on_batch = on_epoch, on_batch
        self._running = 1

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """The untrained network."""
        self._on_epoch(0, self.model)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Remembers the epoch, which Keras does not pass with batches."""
        self._running = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """`batch` is the index, from 0, of the last finished batch."""
        loss = (logs or {}).get("loss")
        self._on_batch(self._running, batch + 1, int(self.params["steps"]), None if loss is None else float(loss))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """The network after an epoch, counted from 0."""
        self._on_epoch(epoch + 1, self.model)
