"""The executor `keras`: `model.fit` itself, on the batches and random states of the compiled loops.

It is the reference for the other executors, and the fallback for models that cannot run in a compiled loop.
"""

import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays, Plan, evaluation_batch_size
from nncli.engine.divergence.watch import DivergenceWatch
from nncli.engine.loop.compiled_loop import Logs, build
from nncli.engine.loop.device_buffers import hold
from nncli.engine.loop.epoch_logs import learning_rate
from nncli.engine.randomness import order_of_epoch, seed_layers


def fit_with_keras(
    model: keras.Model,
    train: Arrays,
    validation: Arrays | None,
    plan: Plan,
    callbacks: Sequence[keras.callbacks.Callback],
) -> list[Logs]:
    """Like `training.fit`, through `model.fit`; a chunk is one batch."""
    build(model, train)
    order = tf.Variable(tf.range(len(train), dtype=tf.int32), trainable=False)
    batches = _batches(train, order, plan.batch_size)
    steps = _Steps(model, batches, order, plan.batch_size)
    conductor = _Conductor(plan, order, DivergenceWatch(model, steps, train, plan))
    options: dict[str, Any] = {}
    if validation is not None and len(validation):
        options["validation_data"] = validation.parts
        options["validation_batch_size"] = evaluation_batch_size(validation, plan.batch_size)
    model.fit(
        batches,
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


class _Steps:
    """The step that `fit` runs, on chosen batches; it exists once `fit` has begun."""

    def __init__(self, model: keras.Model, batches: Any, order: Any, batch_size: int) -> None:
        self._model, self._batches, self._order = model, batches, order
        self._batch_size = batch_size

    @property
    def batches(self) -> int:
        return len(self._batches)

    def shuffled(self, seed: int, epoch: int) -> np.ndarray:
        return order_of_epoch(seed, epoch, self._order.shape[0])

    def rows_of(self, order: np.ndarray, position: int) -> np.ndarray:
        return order[position * self._batch_size : (position + 1) * self._batch_size]

    def run(self, order: np.ndarray, position: int, limit: int) -> tuple[int, float]:
        self._order.assign(order)
        logs = self._model.train_function(iter(self._batches.skip(position).take(1)))
        return 1, float(logs["loss"])


class _Conductor(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets order and seeds at the start of an epoch, and completes its logs before the other callbacks see them."""

    def __init__(self, plan: Plan, order: Any, watch: DivergenceWatch) -> None:
        super().__init__()
        self.history: list[Logs] = []
        self._plan = plan
        self._order = order
        self._watch = watch
        self._epoch = 0
        self._start = 0.0
        self._train_seconds: float | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start, self._train_seconds = time.perf_counter(), None
        self._order.assign(order_of_epoch(self._plan.seed, epoch, self._order.shape[0]))
        seed_layers(self.model, self._plan.seed, epoch)
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._watch.before_chunk(self._epoch, batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._watch.after_chunk(self._epoch, batch, batch + 1, float(logs["loss"]))

    def on_test_begin(self, logs: Any = None) -> None:
        self._train_seconds = time.perf_counter() - self._start

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self._start
        logs["learning_rate"] = learning_rate(self.model)
        logs["train_seconds"] = seconds if self._train_seconds is None else self._train_seconds
        logs["seconds"] = seconds
        self._watch.after_epoch(epoch, logs, is_last=epoch + 1 == self._plan.epochs)
        self.history.append(dict(logs))
