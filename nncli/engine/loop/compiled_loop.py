"""Keras's own train and test step inside one compiled loop over data that lies on the device.

A loop is a function of (order, first row, number of batches), all of them tensors, so it is traced and compiled once
and then runs chunks of any length.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays
from nncli.engine.loop.device_buffers import tensor_of
from nncli.engine.loop.stage_timing import stage
from nncli.engine.parallel.dividing import is_divided
from nncli.engine.process.graphs import trace

Logs = dict[str, float]


class CompiledLoop:
    """Runs a Keras step over consecutive batches of one size in a single call of a compiled function.

    `step` is the model's bound `train_step` or `test_step`, `data` is what `device_buffers.hold` returned, and
    `examples` its number of rows; other data of the same shapes can be set later. Creating a loop traces and compiles
    it, which takes about 0.5 s with XLA and 0.2 s without.
    """

    def __init__(
        self,
        model: keras.Model,
        step: Callable[[Any], Any],
        data: Any,
        *,
        examples: int,
        batch_size: int,
        jit_compile: bool,
    ) -> None:
        self.data = data

        def run(data: Any, order: Any, first: Any, count: Any) -> dict[str, Any]:
            def body(done: Any) -> Any:
                # Not a slice: XLA treats its start as a constant and would recompile for each chunk.
                rows = tf.gather(order, first + done * batch_size + tf.range(batch_size))
                self._run_batch(step, rows, data)
                return (done + 1,)

            # One iteration at a time: without XLA, batches could otherwise run out of order.
            tf.while_loop(lambda done: done < count, body, [tf.constant(0)], parallel_iterations=1)
            return dict(model.get_metrics_result())

        self._run = tf.function(run, jit_compile=jit_compile, autograph=False)
        nothing = (data, tf.zeros([examples], tf.int32), tf.constant(0), tf.constant(0))
        with stage("trace"):
            trace(self._run, *nothing)
        # Runs no batches, but compiles the function, so that the time of the first epoch does not include compilation.
        with stage("compile"):
            self._run(*nothing)
            if is_divided(model):
                self._try_a_batch(model, *nothing[:3])

    def _run_batch(self, step: Callable[[Any], Any], rows: Any, data: Any) -> None:
        """Traces one step on these rows of the data."""
        step(tf.nest.map_structure(lambda array: tf.gather(array, rows), data))

    def _try_a_batch(self, model: keras.Model, data: Any, order: Any, first: Any) -> None:
        """Runs one batch and restores all variables: XLA compiles its parts of a graph only when they first run."""
        variables = [*model.variables, *model.metrics_variables, *model.optimizer.variables]
        before = [tf.identity(variable.value) for variable in variables]
        self._run(data, order, first, tf.constant(1))
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)

    def __call__(self, order: Any, first: int, count: int) -> Logs:
        """Runs `count` batches, starting at position `first` of `order`; returns the model's metrics so far."""
        logs = self._run(self.data, order, tf.constant(first), tf.constant(count))
        return {name: float(value) for name, value in logs.items()}


def build(model: keras.Model, arrays: Arrays) -> None:
    """Creates all variables of model, loss, metrics and optimizer, as none may be created inside a loop."""
    first = arrays.take(np.arange(min(2, len(arrays))))
    sample = tf.nest.map_structure(tensor_of, first.parts)
    with stage("build"):
        # What `fit` itself calls; there is no public API that builds metrics without compiling a step.
        model._symbolic_build(data_batch=sample)
