"""The range test makes the updates of Keras's `train_on_batch`, one at each rate."""

import keras
import numpy as np
import pytest

from nncli.engine.arrays import Arrays, Plan
from nncli.engine.diagnosis.range_test import try_rates
from nncli.engine.randomness import order_of_epoch

ROWS = 50
GENERATOR = np.random.default_rng(2)
INPUTS = GENERATOR.normal(size=(ROWS, 4)).astype(np.float32)
TARGETS = GENERATOR.integers(0, 3, ROWS)
RATES = np.geomspace(1e-3, 0.1, 7).tolist()


def model_with(optimizer: str) -> keras.Model:
    keras.utils.set_random_seed(3)
    start = keras.Input((4,), name="numbers")
    hidden = keras.layers.Dense(5, activation="tanh")(start)
    model = keras.Model([start], keras.layers.Dense(3)(hidden))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "lion", "adagrad", "adamw"])
def test_the_losses_are_those_of_keras(optimizer: str) -> None:
    plan = Plan(epochs=1, batch_size=16, seed=5, executor="graph")
    losses = try_rates(model_with(optimizer), Arrays({"numbers": INPUTS}, TARGETS), plan, RATES)
    reference, expected = model_with(optimizer), []
    batches = [order_of_epoch(5, epoch, ROWS)[first : first + 16] for epoch in range(2) for first in range(0, ROWS, 16)]
    for rate, rows in zip(RATES, batches, strict=False):
        reference.optimizer.learning_rate = rate
        reference.reset_metrics()
        expected.append(float(reference.train_on_batch({"numbers": INPUTS[rows]}, TARGETS[rows])))
    np.testing.assert_allclose(losses, expected, rtol=2e-5)


def test_it_ends_when_the_loss_is_far_above_the_first() -> None:
    plan = Plan(epochs=1, batch_size=16, seed=5, executor="graph")
    rates = np.geomspace(1e-3, 1e6, 40).tolist()
    losses = try_rates(model_with("sgd"), Arrays({"numbers": INPUTS}, TARGETS), plan, rates)
    assert len(losses) < 40
    assert losses[-1] > 4 * losses[0] or not np.isfinite(losses[-1])
