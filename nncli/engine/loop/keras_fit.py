"""The executor `keras`: `model.fit` itself, on the batches and random states of the compiled loops.

It is the reference for the other executors, and the fallback for models that cannot run in a compiled loop.
"""

import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from nncli.engine.arrays import Arrays, Plan, evaluation_batch_size
from nncli.engine.loop.compiled_loop import Logs, build
from nncli.engine.loop.device_buffers import hold
from nncli.engine.loop.epoch_logs import diverged, learning_rate
from nncli.engine.randomness import order_of_epoch, seed_layers


def fit_with_keras(
    model: keras.Model,
    train: Arrays,
    validation: Arrays | None,
    plan: Plan,
    callbacks: Sequence[keras.callbacks.Callback],
) -> list[Logs]:
    """Like `training.fit`, through `model.fit`; a chunk is one batch, and divergence is detected at the epoch's end."""
    build(model, train)
    order = tf.Variable(tf.range(len(train), dtype=tf.int32), trainable=False)
    conductor = _Conductor(plan, order)
    options: dict[str, Any] = {}
    if validation is not None and len(validation):
        options["validation_data"] = validation.parts
        options["validation_batch_size"] = evaluation_batch_size(validation, plan.batch_size)
    model.fit(
        _batches(train, order, plan.batch_size),
        epochs=plan.epochs,
        initial_epoch=plan.start_epoch,
        callbacks=[conductor, *callbacks],
        verbose=0,
        shuffle=False,
        **options,
    )
    return conductor.history


def _batches(arrays: Arrays, order: Any, batch_size: int) -> Any:
    """The batches in the order that the variable `order` holds at the start of an epoch."""
    data, examples = hold(arrays), len(arrays)

    def batch(position: Any) -> Any:
        first = position * batch_size
        rows = order[first : tf.minimum(first + batch_size, examples)]
        return tf.nest.map_structure(lambda array: tf.gather(array, rows), data)

    batches = -(-examples // batch_size)
    return tf.data.Dataset.range(batches, output_type=tf.int32).map(batch).prefetch(2)


class _Conductor(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets order and seeds at the start of an epoch, and completes its logs before the other callbacks see them."""

    def __init__(self, plan: Plan, order: Any) -> None:
        super().__init__()
        self.history: list[Logs] = []
        self._plan = plan
        self._order = order
        self._start = 0.0
        self._train_seconds: float | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start, self._train_seconds = time.perf_counter(), None
        self._order.assign(order_of_epoch(self._plan.seed, epoch, self._order.shape[0]))
        seed_layers(self.model, self._plan.seed, epoch)

    def on_test_begin(self, logs: Any = None) -> None:
        self._train_seconds = time.perf_counter() - self._start

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not math.isfinite(logs["loss"]):
            raise diverged(logs["loss"], epoch, 0, self.params["steps"] - 1)
        seconds = time.perf_counter() - self._start
        logs["learning_rate"] = learning_rate(self.model)
        logs["train_seconds"] = seconds if self._train_seconds is None else self._train_seconds
        logs["seconds"] = seconds
        self.history.append(dict(logs))
