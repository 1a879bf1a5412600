"""Runs an exported model on arrays with LiteRT; does not depend on TensorFlow, run folders or class names."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nncli.errors import DataError, RunError
from nncli.runtime.quiet import without_delegate_notice

# Rows run in chunks of at most this many, fewer if a row is large, to limit memory.
LARGEST_CHUNK = 256
VALUES_IN_A_CHUNK = 1_000_000
# More threads were not faster on any network measured; small ones are as fast on a single thread.
MOST_THREADS = 4


class Predictor:
    """An exported model, loaded once and applied to any number of rows."""

    def __init__(self, model: Path | bytes, *, threads: int | None = None) -> None:
        """Loads a .tflite file or its bytes; `threads` defaults to the number of processors, at most MOST_THREADS.

        Raises RunError if it is not a valid model or cannot run on this machine.
        """
        source = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        self._runner = _load(source, threads or min(MOST_THREADS, _processors()))
        self._inputs: dict[str, dict[str, Any]] = self._runner.get_input_details()
        (self._output_name, output), *_ = self._runner.get_output_details().items()
        self._output_shape = tuple(int(size) for size in output["shape"][1:])

    @property
    def input_names(self) -> tuple[str, ...]:
        """The input names that `predict` expects, sorted."""
        return tuple(sorted(self._inputs))

    def predict(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Probabilities or values, float32 (n, outputs), from arrays by input name with n rows each (n may be 0).

        Raises DataError if a name, shape or type does not match the model.
        """
        arrays = self._check(inputs)
        count = len(next(iter(arrays.values())))
        outputs = np.empty((count, *self._output_shape), dtype=np.float32)
        for rows in _chunks(count, self._chunk_size()):
            # A copy that owns its memory: LiteRT accepts no slices of memory-mapped or read-only files.
            chunk = {name: np.ascontiguousarray(array[rows]) for name, array in arrays.items()}
            outputs[rows] = self._runner(**chunk)[self._output_name]
        return outputs

    def _check(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if set(inputs) != set(self._inputs):
            raise DataError(f"the model takes the inputs {sorted(self._inputs)}, got {sorted(inputs)}")
        arrays = {name: _fit(name, array, self._inputs[name]) for name, array in inputs.items()}
        counts = {name: len(array) for name, array in arrays.items()}
        if len(set(counts.values())) != 1:
            raise DataError(f"all inputs need the same number of rows, got {counts}")
        return arrays

    def _chunk_size(self) -> int:
        values = sum(int(np.prod(details["shape"][1:])) for details in self._inputs.values())
        return max(1, min(LARGEST_CHUNK, VALUES_IN_A_CHUNK // max(1, values)))


def _load(source: dict[str, Any], threads: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter  # late: only a prediction needs it

    try:
        with without_delegate_notice():
            interpreter = Interpreter(**source, num_threads=threads)
            interpreter.allocate_tensors()  # creates the delegate, or its notice appears on the first call
        return interpreter.get_signature_runner()
    except (ValueError, RuntimeError) as error:
        raise RunError(
            f"the exported model cannot be loaded: {error}", hint="train again, or predict with Keras"
        ) from error


def _fit(name: str, array: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """The array cast to the model's type; only casts within the same kind are allowed, such as float64 to float32."""
    shape, dtype = tuple(int(size) for size in details["shape"][1:]), np.dtype(details["dtype"])
    if array.shape[1:] != shape or array.ndim == 0:
        raise DataError(f"input {name!r}: the model takes rows of shape {shape}, got an array of shape {array.shape}")
    if not np.can_cast(array.dtype, dtype, casting="same_kind"):
        raise DataError(f"input {name!r}: the model takes {dtype}, got {array.dtype}")
    return array.astype(dtype, copy=False)


def _chunks(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _processors() -> int:
    """The processors this process may use; all of the machine's where the system does not report it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
