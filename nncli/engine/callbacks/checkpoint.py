"""The state of a training between two epochs: captured at the end of each, written now and then, restored at the start.

All randomness follows from seed and epoch (`engine.randomness`), so weights, the optimizer's variables and what the
callbacks remember are all that a training needs to go on to the same bits.
"""

import _thread
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import TrainingState
from nncli.engine.callbacks.acting import AveragedWeights
from nncli.errors import RunError

# Capturing a state takes a few milliseconds, which is much of an epoch that takes ten.
_CAPTURE_SECONDS = 0.25
# A training that is shorter than this has nothing to lose.
_FIRST_SECONDS = 1.0
# What Keras's callbacks remember, by their class.
_REMEMBERED: dict[type, tuple[str, ...]] = {
    keras.callbacks.EarlyStopping: ("wait", "best", "best_epoch", "stopped_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
}


class Checkpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """Captures the state after an epoch, and writes it: after the first that ends a second or more after the start,
    then at most every `seconds`, and when the training ends.

    Short epochs are not all captured: a training that continues from an earlier one repeats less than a second. Writing
    happens in a thread, as syncing a file takes longer than a short epoch; `flush` waits for it. The callback stands
    last in the list of `callbacks`, whose states it captures. `write` stores a state; `mark` returns what the caller
    wants to find in it. A `restored` state is set when the training begins.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        write: Callable[[TrainingState], None],
        mark: Callable[[], Mapping[str, Any]],
        *,
        restored: TrainingState | None = None,
        seconds: float = 10.0,
    ) -> None:
        super().__init__()
        self._callbacks, self._write, self._mark = callbacks, write, mark
        self._restored, self._seconds = restored, seconds
        self._captured: TrainingState | None = None
        self._captured_at = 0.0
        self._due = 0.0
        self._writing: Future[None] | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Sets the restored state, after the other callbacks have forgotten theirs."""
        self._captured_at = time.monotonic()
        self._due = self._captured_at + min(_FIRST_SECONDS, self._seconds)
        if self._restored is not None:
            restore(self.model, self._callbacks, self._restored)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Captures the state, and writes it if it is time."""
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if not is_last and time.monotonic() - self._captured_at < _CAPTURE_SECONDS:
            return
        self._captured_at = time.monotonic()
        self._captured = capture(self.model, self._callbacks, epoch + 1, self._mark())
        if time.monotonic() >= self._due:
            self.begin_writing()

    def write_now(self, epochs: int) -> None:
        """Captures the state after this many epochs, however soon after the last one, and begins to write it."""
        self._captured_at = time.monotonic()
        self._captured = capture(self.model, self._callbacks, epochs, self._mark())
        self.begin_writing()

    def begin_writing(self) -> None:
        """Begins to write the last captured state, unless that is done; waits for a state that is still being written.

        Raises what went wrong with that one.
        """
        self._wait()
        if self._captured is not None:
            self._writing = _in_thread(self._write, self._captured)
            self._captured, self._due = None, time.monotonic() + self._seconds

    def flush(self) -> None:
        """Writes the last captured state, unless that is done. Raises what goes wrong."""
        self.begin_writing()
        self._wait()

    def drop(self) -> None:
        """Forgets the last captured state, of a training that has ended and keeps none."""
        self._captured = None
        self._wait()

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()


def _in_thread(write: Callable[[TrainingState], None], state: TrainingState) -> "Future[None]":
    """Runs `write` in a thread that a process about to end does not wait for.

    `threading.Thread` would wait until the new thread has had its turn: 20 ms while a third one is drawing.
    """
    future: Future[None] = Future()

    def run() -> None:
        try:
            write(state)
            future.set_result(None)
        except BaseException as error:  # whatever it is, the thread of the training raises it again
            future.set_exception(error)

    _thread.start_new_thread(run, ())
    return future


def capture(
    model: keras.Model, callbacks: Sequence[keras.callbacks.Callback], epochs: int, marks: Mapping[str, Any]
) -> TrainingState:
    """Copies of all that training after `epochs` epochs needs to go on."""
    arrays = _numbered("model", model.variables) | _numbered("optimizer", model.optimizer.variables)
    numbers = {}
    for callback in callbacks:
        name = type(callback).__name__
        if type(callback) in _REMEMBERED:
            values = {attribute: getattr(callback, attribute) for attribute in _REMEMBERED[type(callback)]}
            numbers[name] = {key: None if value is None else float(value) for key, value in values.items()}
        if isinstance(callback, keras.callbacks.EarlyStopping):
            arrays |= _numbered("best", callback.best_weights or ())
        if isinstance(callback, AveragedWeights):
            arrays |= _numbered("last_step", callback.last_step or ())
    return TrainingState(epochs, arrays, numbers, dict(marks))


def restore(model: keras.Model, callbacks: Sequence[keras.callbacks.Callback], state: TrainingState) -> None:
    """Sets the variables of a built model and the callbacks' memory. Raises RunError if the state is of another
    network; then nothing is set."""
    variables = {"model": model.variables, "optimizer": model.optimizer.variables}
    for group, expected in variables.items():
        shapes = [array.shape for array in _group(state, group)]
        if shapes != [tuple(variable.shape) for variable in expected]:
            raise RunError("the checkpoint is of another network", hint="train again")
    for group, expected in variables.items():
        for variable, array in zip(expected, _group(state, group), strict=True):
            variable.assign(array)
    for callback in callbacks:
        for key, value in state.numbers.get(type(callback).__name__, {}).items():
            whole = key != "best" and value is not None
            setattr(callback, key, int(value) if whole and value is not None else value)
        if isinstance(callback, keras.callbacks.EarlyStopping):
            callback.best_weights = _group(state, "best") or None
        if isinstance(callback, AveragedWeights):
            callback.last_step = _group(state, "last_step") or None


def _numbered(group: str, values: Sequence[Any]) -> dict[str, np.ndarray]:
    return {f"{group}/{place}": np.array(_read(value)) for place, value in enumerate(values)}


def _read(value: Any) -> Any:
    """What a variable holds, by one TensorFlow operation; arrays as they are.

    Keras's way to an array takes four times as long, and gives up Python's lock so often that it took 28 ms instead of
    0.5 while another thread was drawing or importing.
    """
    if not isinstance(value, keras.Variable):
        return value
    if isinstance(value.value, tf.distribute.DistributedValues):  # one of several workers has no such handle
        return value.value.numpy()
    return tf.raw_ops.ReadVariableOp(resource=value.value.handle, dtype=value.value.dtype)


def _group(state: TrainingState, group: str) -> list[np.ndarray]:
    names = [name for name in state.arrays if name.startswith(f"{group}/")]
    return [state.arrays[name] for name in sorted(names, key=lambda name: int(name.rpartition("/")[2]))]
