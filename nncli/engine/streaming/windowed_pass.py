"""One pass over examples in files: the compiled loop of `engine.loop`, given one window of rows after another."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays
from nncli.engine.loop.compiled_loop import CompiledLoop, Logs
from nncli.engine.loop.data_pass import Pace
from nncli.engine.loop.device_buffers import hold
from nncli.engine.streaming.prefetching import Key, Prefetcher
from nncli.engine.streaming.windows import Layout, Order

# Bytes of a window; there are two, one in use and one that is read.
WINDOW_BYTES = 1 << 27


class WindowedPass:
    """The compiled loops over one set of examples, run in chunks, as `DataPass`, but with one window in memory.

    All windows have the same shape, so the loop is compiled once. Where all rows fit one window, order and numbers are
    those of `DataPass`.
    """

    def __init__(
        self,
        model: keras.Model,
        step: Callable[[Any], Any],
        arrays: Arrays,
        batch_size: int,
        *,
        jit_compile: bool,
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        examples = len(arrays)
        self._batch_size = min(batch_size, examples)
        self._full_batches, self._rest = divmod(examples, self._batch_size)
        self._pace, self._window_bytes = Pace(), window_bytes
        self._open(arrays)
        self._per_window = max(1, self._layout.rows // self._batch_size)
        data, rows = hold(self._windows.get(Order(self._layout), 0)), self._layout.rows

        def loop(size: int, compiled: bool) -> CompiledLoop:
            return CompiledLoop(model, step, data, examples=rows, batch_size=size, jit_compile=compiled)

        self._full_loop = loop(self._batch_size, jit_compile)
        self._rest_loop = loop(self._rest, False) if self._rest else None

    def _open(self, arrays: Arrays) -> None:
        self._windows = Prefetcher(
            arrays, lambda row_bytes: Layout.of(len(arrays), row_bytes, self._batch_size, self._window_bytes)
        )
        self._layout = self._windows.layout
        self._held: Key | None = None
        self._places: Any = None

    def give(self, arrays: Arrays) -> None:
        """Replaces the examples for later passes; number, shapes and types must be the same."""
        self._windows.close()
        self._open(arrays)

    def close(self) -> None:
        """Frees the windows and ends their thread; no pass follows."""
        for loop in (self._full_loop, self._rest_loop):
            if loop is not None:
                loop.data = None
        self._windows.close()

    @property
    def batches(self) -> int:
        """The number of batches in a pass."""
        return self._full_batches + (self._rest > 0)

    def shuffled(self, seed: int, epoch: int) -> Order:
        """The order of an epoch."""
        return Order(self._layout, seed, epoch)

    def in_order(self) -> Order:
        """The order of the data."""
        return Order(self._layout)

    def rows_of(self, order: Order, position: int) -> np.ndarray:
        """The rows of a batch, int64, counted from 0."""
        window, first = self._find(position)
        return order.rows(window)[first : first + self._batch_size]

    def run(self, order: Order, position: int, limit: int) -> tuple[int, float]:
        """Like `run_chunk`; returns the number of batches run and the loss so far."""
        count, logs = self.run_chunk(order, position, limit)
        return count, logs["loss"]

    def run_chunk(self, order: Order, position: int, limit: int | None = None) -> tuple[int, Logs]:
        """Runs batches from `position` on, within a window, for about a quarter of a second at most, but at least one.

        A `limit` is the most to run. Returns the number of batches run and the model's metrics so far.
        """
        window, first = self._find(position)
        self._load_window(order, window)
        if position >= self._full_batches and self._rest_loop is not None:
            return 1, self._rest_loop(self._places, first, 1)
        remaining = min(self._full_batches, (window + 1) * self._per_window) - position
        count = self._pace.next(remaining if limit is None else min(limit, remaining))
        start = time.perf_counter()
        logs = self._full_loop(self._places, first, count)
        self._pace.record(count, time.perf_counter() - start)
        return count, logs

    def _find(self, position: int) -> tuple[int, int]:
        """The window of a batch, and the place of its first row in it."""
        if self._layout.windows == 1:
            return 0, position * self._batch_size
        window = position // self._per_window
        return window, (position - window * self._per_window) * self._batch_size

    def _load_window(self, order: Order, window: int) -> None:
        """Gives a window of an order to the loops, unless they have it."""
        key = (order.seed, order.epoch, window)
        if key == self._held:
            return
        data = hold(self._windows.get(order, window))
        self._full_loop.data = data
        if self._rest_loop is not None:
            self._rest_loop.data = data
        self._places, self._held = tf.constant(order.places(window)), key
