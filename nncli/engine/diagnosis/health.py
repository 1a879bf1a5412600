"""The callback that measures a network before training and after epochs, and tells a listener."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from nncli.engine.callbacks.acting import AveragedWeights
from nncli.engine.diagnosis.probe import Measures, Probe, rounded
from nncli.engine.loop.stage_timing import stage

# Called with the number of epochs done and the measures.
Listener = Callable[[int, Measures], None]


class Health(keras.callbacks.Callback):  # type: ignore[misc]  # keras has no types
    """Measures with a probe before the first epoch and after each epoch that is `due`, and after the last.

    `make_probe` is called with the model when the training begins, `is_due` with the number of epochs done. A training
    that continues from an earlier one has its first measures already (`begun`). Of each layer, the measures of an epoch
    also have `update`: the norm of the change of its kernel over the epoch, divided by the norm it had before. Comes
    after the callbacks that act, and before the one that captures the state.
    """

    def __init__(
        self,
        make_probe: Callable[[keras.Model], Probe],
        is_due: Callable[[int], bool],
        listener: Listener,
        *,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        begun: bool = False,
    ) -> None:
        super().__init__()
        self._make_probe, self._is_due, self._listener, self._begun = make_probe, is_due, listener, begun
        self._averaged = next((each for each in callbacks if isinstance(each, AveragedWeights)), None)
        self._probe: Probe | None = None
        self._before: dict[str, np.ndarray] = {}

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Measures the untrained network, beside the `guessing_loss`."""
        with stage("health"):
            self._probe = self._make_probe(self.model)
        if not self._begun:
            with stage("health"):
                measures = {**self._probe.measure(), "guessing_loss": self._probe.guessing_loss}
            self._listener(0, measures)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Remembers the weights."""
        self._before = self._kernels()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Measures, if it is time or there will be no other."""
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if self._probe is None or not (is_last or self._is_due(epoch + 1)):
            return
        with stage("health"):
            measures = self._probe.measure()
            after = self._weights_of_last_step()
            for site, layer in zip(self._probe.sites, measures["layers"], strict=True):
                if site.weights:
                    layer["update"] = self._update([kernel.path for kernel in site.kernels], after)
        self._listener(epoch + 1, measures)

    def _weights_of_last_step(self) -> dict[str, Any]:
        """The trainable weights by path; the model itself may have their moving average."""
        averaged = self._averaged.last_step if self._averaged is not None else None
        if averaged is None:
            return self._kernels()
        return {weight.path: value for weight, value in zip(self.model.trainable_variables, averaged, strict=True)}

    def _kernels(self) -> dict[str, Any]:
        probe = self._probe
        return {} if probe is None else {each.path: each.numpy() for site in probe.sites for each in site.kernels}

    def _update(self, paths: Sequence[str], after: Mapping[str, np.ndarray]) -> float | None:
        moved = np.sqrt(sum(np.square(after[path] - self._before[path], dtype=np.float64).sum() for path in paths))
        size = np.sqrt(sum(np.square(self._before[path], dtype=np.float64).sum() for path in paths))
        return rounded(float(moved / size)) if size > 0 else None
