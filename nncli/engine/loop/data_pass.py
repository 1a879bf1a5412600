"""One pass over all examples in chunks of batches, the partial last one included.

A chunk cannot be interrupted, so it is kept short enough for Ctrl-C and the progress bar, and long enough that the
overhead of a call does not matter.
"""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays
from nncli.engine.loop.compiled_loop import CompiledLoop, Logs
from nncli.engine.loop.device_buffers import hold
from nncli.engine.randomness import order_of_epoch

CHUNK_SECONDS = 0.25
_GROWTH = 8


class Pace:
    """Chooses the length of the next chunk from the speed of the previous ones; the first is a single batch."""

    def __init__(self, chunk_seconds: float = CHUNK_SECONDS) -> None:
        self._chunk_seconds = chunk_seconds
        self._batches = 1

    def next(self, remaining: int) -> int:
        """Batches in the next chunk, from 1 to `remaining`; a small remainder is not left as a chunk of its own."""
        return remaining if remaining <= self._batches * 1.25 else self._batches

    def record(self, batches: int, seconds: float) -> None:
        """Records that `batches` batches took `seconds` seconds."""
        fitting = int(self._chunk_seconds * batches / max(seconds, 1e-9))
        self._batches = max(1, min(fitting, batches * _GROWTH))


class DataPass:
    """The compiled loops over one set of examples, run in chunks.

    `step` is the model's bound `train_step` or `test_step`. The partial last batch has its own loop without XLA:
    compiling a second XLA program for one step per epoch would cost more time than it saves.
    """

    def __init__(
        self, model: keras.Model, step: Callable[[Any], Any], arrays: Arrays, batch_size: int, *, jit_compile: bool
    ) -> None:
        self._examples = examples = len(arrays)
        self._batch_size = min(batch_size, examples)
        self._full_batches, self._rest = divmod(examples, self._batch_size)
        self._pace = Pace()
        data = hold(arrays)

        def loop(size: int, compiled: bool) -> CompiledLoop:
            return self._make_loop(model, step, data, examples=examples, batch_size=size, jit_compile=compiled)

        self._full_loop = loop(self._batch_size, jit_compile)
        self._rest_loop = loop(self._rest, False) if self._rest else None

    def _make_loop(self, *arguments: Any, **options: Any) -> CompiledLoop:
        return CompiledLoop(*arguments, **options)

    def _agree(self, seconds: float) -> float:
        """The time of a chunk that all who run it go by."""
        return seconds

    def give(self, arrays: Arrays) -> None:
        """Replaces the examples for later passes; number, shapes and types must be the same."""
        loops = [loop for loop in (self._full_loop, self._rest_loop) if loop is not None]
        for loop in loops:
            loop.data = None  # frees the old examples before the new ones are loaded
        data = hold(arrays)
        for loop in loops:
            loop.data = data

    def close(self) -> None:
        """Frees the examples; no pass follows."""
        for loop in (self._full_loop, self._rest_loop):
            if loop is not None:
                loop.data = None

    @property
    def batches(self) -> int:
        """The number of batches in a pass."""
        return self._full_batches + (self._rest > 0)

    def shuffled(self, seed: int, epoch: int) -> Any:
        """The order of an epoch, int32 (examples,)."""
        return tf.constant(order_of_epoch(seed, epoch, self._examples))

    def in_order(self) -> Any:
        """The order of the data, int32 (examples,)."""
        return tf.range(self._examples, dtype=tf.int32)

    def rows_of(self, order: Any, position: int) -> np.ndarray:
        """The rows of a batch, counted from 0."""
        first = position * self._batch_size
        return np.asarray(order[first : first + self._batch_size])

    def run(self, order: Any, position: int, limit: int) -> tuple[int, float]:
        """Like `run_chunk`; returns the number of batches run and the loss so far."""
        count, logs = self.run_chunk(order, position, limit)
        return count, logs["loss"]

    def run_chunk(self, order: Any, position: int, limit: int | None = None) -> tuple[int, Logs]:
        """Runs batches from `position` on for about a quarter of a second at most, but at least one batch.

        A `limit` is the most to run.

        Returns the number of batches run and the model's metrics so far.
        """
        first = position * self._batch_size
        if position >= self._full_batches and self._rest_loop is not None:
            return 1, self._rest_loop(order, first, 1)
        remaining = self._full_batches - position
        count = self._pace.next(remaining if limit is None else min(limit, remaining))
        start = time.perf_counter()
        logs = self._full_loop(order, first, count)
        self._pace.record(count, self._agree(time.perf_counter() - start))
        return count, logs
