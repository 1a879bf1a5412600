"""The learning rate range test: one batch at each of many learning rates, from very small to too large.

Smith, "Cyclical learning rates for training neural networks" (2017), section 3.3; the rate grows exponentially, as in
the fastai library, instead of linearly.
"""

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays, Plan
from nncli.engine.loop.compiled_loop import build
from nncli.engine.randomness import order_of_epoch, seed_layers

# The test ends when the loss is this many times its least, as all further rates are too large.
_FAR = 4.0


def try_rates(
    model: keras.Model,
    train: Arrays,
    plan: Plan,
    rates: Sequence[float],
    progress: Callable[[str, float], None] = lambda what, fraction: None,
) -> list[float]:
    """The loss of each batch before its update, one batch at each rate, in the order of the epochs of the plan's seed.

    The compiled model, whose learning rate must be a number and not a schedule, is trained by it and has to be built
    anew. Fewer losses than rates come back if the loss becomes four times as large as at the first rate, or no number.
    """
    build(model, train)
    parts = tf.nest.map_structure(tf.convert_to_tensor, train.parts)

    def step(rows: tf.Tensor) -> tf.Tensor:
        inputs, targets, *weights = tf.nest.map_structure(lambda array: tf.gather(array, rows), parts)
        sample_weight = weights[0] if weights else None
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            loss = model.compute_loss(inputs, targets, outputs, sample_weight, training=True)
        variables = model.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        model.optimizer.apply(gradients, variables)
        return loss

    update = tf.function(step, autograph=False, reduce_retracing=True)
    batches = -(-len(train) // plan.batch_size)
    losses: list[float] = []
    for position, rate in enumerate(rates):
        epoch, batch = divmod(position, batches)
        if batch == 0:
            order = order_of_epoch(plan.seed, epoch, len(train))
            seed_layers(model, plan.seed, epoch)
        model.optimizer.learning_rate.assign(rate)
        rows = order[batch * plan.batch_size : (batch + 1) * plan.batch_size]
        losses.append(float(update(tf.constant(np.ascontiguousarray(rows)))))
        progress("trying learning rates", (position + 1) / len(rates))
        if not math.isfinite(losses[-1]) or losses[-1] > _FAR * max(losses[0], min(losses) + 1e-9):
            break
    return losses
