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
