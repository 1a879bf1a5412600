"""Looks whether a training by several workers has diverged; all see the same loss, so all end at the same batch."""

import math
from collections.abc import Mapping

import keras

from nncli.engine.divergence.snapshots import bad_weights
from nncli.engine.divergence.telling import diverged_between


class SharedWatch:
    """Raises TrainingDivergedError like `divergence.watch`, without a replay that would find the batch and the layer:
    a replay begins at a moment that the clock of one worker decides."""

    def __init__(self, model: keras.Model, batches: int) -> None:
        self._model, self._batches = model, batches

    def before_chunk(self, epoch: int, position: int) -> None:
        """Keeps no copy of the state."""

    def after_chunk(self, epoch: int, first: int, end: int, loss: float) -> None:
        """Looks at the mean loss of an epoch after its batches until `end`; the last chunk began at `first`."""
        if not math.isfinite(loss):
            raise diverged_between(loss, epoch, first, max(end - 1, first))

    def after_epoch(self, epoch: int, logs: Mapping[str, float], *, is_last: bool) -> None:
        """Looks at the weights where the loss of the validation set or the end of the training gives reason to."""
        if (is_last or not math.isfinite(logs.get("val_loss", 0.0))) and bad_weights(self._model):
            raise diverged_between(logs["loss"], epoch, 0, self._batches - 1)
