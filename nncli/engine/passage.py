"""One pass over all examples in chunks of batches, the partial last one included; knows no epochs, no callbacks."""

import time
from collections.abc import Callable
from typing import Any

import keras

from nncli.engine.arrays import Arrays
from nncli.engine.pace import Pace
from nncli.engine.steps import CompiledLoop, Logs, hold


class Passage:
    """The compiled loops for one set of examples, and how far one call of them goes.

    `step` is the model's bound `train_step` or `test_step`. The examples that do not fill a batch have a loop of their
    own, outside XLA: compiling it a second time for one step an epoch would cost more than it gains.
    """

    def __init__(
        self, model: keras.Model, step: Callable[[Any], Any], arrays: Arrays, batch_size: int, *, jit_compile: bool
    ) -> None:
        examples = len(arrays)
        self._batch_size = min(batch_size, examples)
        self._full_batches, self._rest = divmod(examples, self._batch_size)
        self._pace = Pace()
        data = hold(arrays)

        def loop(size: int, compiled: bool) -> CompiledLoop:
            return CompiledLoop(model, step, data, examples=examples, batch_size=size, jit_compile=compiled)

        self._full_loop = loop(self._batch_size, jit_compile)
        self._rest_loop = loop(self._rest, False) if self._rest else None

    def give(self, arrays: Arrays) -> None:
        """Other examples, as many and of the same shapes and types, for the passes to come."""
        loops = [loop for loop in (self._full_loop, self._rest_loop) if loop is not None]
        for loop in loops:
            loop.data = None  # the old ones go before the new ones come
        data = hold(arrays)
        for loop in loops:
            loop.data = data

    @property
    def batches(self) -> int:
        """How many batches a pass has."""
        return self._full_batches + (self._rest > 0)

    def run_chunk(self, order: Any, position: int) -> tuple[int, Logs]:
        """Runs the batches from `position` on for at most about a quarter of a second, and at least one.

        Returns how many batches were run, and the model's metrics so far.
        """
        first = position * self._batch_size
        if position >= self._full_batches and self._rest_loop is not None:
            return 1, self._rest_loop(order, first, 1)
        count = self._pace.next(self._full_batches - position)
        start = time.perf_counter()
        logs = self._full_loop(order, first, count)
        self._pace.record(count, time.perf_counter() - start)
        return count, logs
