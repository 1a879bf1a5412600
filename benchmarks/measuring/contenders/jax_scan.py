"""JAX: an epoch as one compiled `lax.scan` over the batches, with optax's Adam."""

from pathlib import Path
from typing import Any

import numpy as np

from measuring.baton import Baton
from measuring.contenders.dense import units_of
from measuring.task import Task, features, load_task, scaled_targets, score


def race(folder: Path, baton: Baton, turns: int) -> float:
    """One epoch per turn; returns the score on the test set."""
    import jax
    import optax  # type: ignore[import-untyped]

    task = load_task(folder)
    inputs = jax.numpy.asarray(features(task, task.train).reshape(len(task.train), -1))
    targets = jax.numpy.asarray(scaled_targets(task, task.train))
    optimizer = optax.adam(task.learning_rate)
    weights = _start(units_of(task), task.config.seed)
    state = (weights, optimizer.init(weights))
    key = jax.random.key(task.config.seed)
    epoch = _make_epoch(task, optimizer)

    def run_epoch() -> float:
        nonlocal state, key
        key, order = jax.random.split(key)
        state, loss = epoch(state, order, inputs, targets)
        return float(loss)

    baton.detail = "jit, lax.scan"
    baton.report()
    baton.repeat(turns, run_epoch)
    baton.wait()
    tested = features(task, task.test).reshape(len(task.test), -1)
    return score(task, np.asarray(_forward(state[0], tested)))


def _start(units: tuple[int, ...], seed: int) -> list[tuple[Any, Any]]:
    """Glorot-uniform kernels, as in Keras, and zero biases."""
    import jax

    keys = jax.random.split(jax.random.key(seed), len(units) - 1)
    draw = jax.nn.initializers.glorot_uniform()
    pairs = zip(units[:-1], units[1:], keys, strict=True)
    return [(draw(key, (before, after)), jax.numpy.zeros(after)) for before, after, key in pairs]


def _forward(weights: list[tuple[Any, Any]], inputs: Any) -> Any:
    import jax

    *hidden, (last_kernel, last_bias) = weights
    for kernel, bias in hidden:
        inputs = jax.nn.relu(inputs @ kernel + bias)
    return inputs @ last_kernel + last_bias


def _make_epoch(task: Task, optimizer: Any) -> Any:
    """A compiled function from (state, key, inputs, targets) to the state after an epoch and its mean loss."""
    import jax
    import optax

    full, rest = divmod(len(task.train), task.batch_size)

    def measure_loss(weights: Any, inputs: Any, targets: Any) -> Any:
        outputs = _forward(weights, inputs)
        if task.is_regression:
            return ((outputs - targets) ** 2).mean()
        return optax.softmax_cross_entropy_with_integer_labels(outputs, targets).mean()

    def run(state: Any, key: Any, inputs: Any, targets: Any) -> Any:
        def step(state: Any, rows: Any) -> Any:
            weights, moments = state
            loss, gradients = jax.value_and_grad(measure_loss)(weights, inputs[rows], targets[rows])
            changes, moments = optimizer.update(gradients, moments)
            return (optax.apply_updates(weights, changes), moments), loss

        order = jax.random.permutation(key, len(task.train))
        state, losses = jax.lax.scan(step, state, order[: full * task.batch_size].reshape(full, task.batch_size))
        total = losses.sum() * task.batch_size
        if rest:
            state, loss = step(state, order[full * task.batch_size :])
            total += loss * rest
        return state, total / len(task.train)

    return jax.jit(run, donate_argnums=0)
