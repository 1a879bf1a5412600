"""Keras's own train or test step on the slice of one worker, with the gradient of the whole batch.

Keras clips gradients before it exchanges them, which clips the slices and not the batch. Here they are exchanged first:
clipping, weight decay and moving averages then see what one worker would.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from nncli.engine.distributed.slices import Slice


def this_replica() -> int:
    """The number of the worker whose step is being traced; call it in a replica context."""
    return int(tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group))


@contextlib.contextmanager
def exchanging(optimizer: keras.optimizers.Optimizer, slices: Sequence[Slice]) -> Iterator[None]:
    """Within the body, `apply_gradients` applies the sum of the gradients of all workers, each with the factor of its
    slice.

    Meant for tracing: the traced function keeps the exchange afterwards. The loss that metrics see has no factor.
    """
    apply, scale = optimizer.apply_gradients, optimizer.scale_loss

    def scale_slice(loss: Any) -> Any:
        factor = slices[this_replica()].factor
        return scale(loss) if factor == 1.0 else scale(loss) * factor

    def apply_sum(pairs: Iterable[tuple[Any, Any]], **options: Any) -> Any:
        known = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        sums = _sums([gradient for gradient, _ in known])
        return apply(zip(sums, [variable for _, variable in known], strict=True), **options)

    optimizer.apply_gradients, optimizer.scale_loss = apply_sum, scale_slice
    optimizer._all_reduce_sum_gradients = list  # Keras's own exchange, which comes after the clipping
    try:
        yield
    finally:
        del optimizer.apply_gradients, optimizer.scale_loss, optimizer._all_reduce_sum_gradients


def _sums(gradients: list[Any]) -> list[Any]:
    """The sum of each gradient over all workers, in one exchange: each costs a round trip, however small it is."""
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    shapes = [tuple(gradient.shape) for gradient in dense]
    flat = tf.concat([tf.reshape(gradient, [-1]) for gradient in dense], 0)
    total = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, flat)
    parts = tf.split(total, [tf.TensorShape(shape).num_elements() for shape in shapes])
    return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]


def run_slice(model: keras.Model, step: Callable[[Any], Any], slices: Sequence[Slice], rows: Any, data: Any) -> None:
    """Runs the step on this worker's slice of a batch; call it in a replica context.

    `rows` are the positions of the batch's examples in the arrays `data`, int32 (batch,).
    """
    own, measured = slices[this_replica()], model.metrics_variables
    mine = rows[own.start : own.start + own.size]
    before = [] if own.counts else [tf.identity(variable.value) for variable in measured]
    step(tf.nest.map_structure(lambda array: tf.gather(array, mine), data))
    if not own.counts:
        for variable, value in zip(measured, before, strict=True):
            variable.assign(value)
