"""Where a training diverges, against batches that Keras runs one by one without any of the code under test."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nncli.engine.process import environment

environment.prepare(threads=2)

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from nncli.engine.arrays import Arrays, Plan  # noqa: E402
from nncli.engine.loop.training import fit  # noqa: E402
from nncli.engine.randomness import order_of_epoch, seed_layers  # noqa: E402
from nncli.errors import TrainingDivergedError  # noqa: E402

layers = keras.layers

ROWS, BATCH, SEED = 100, 16, 3
EXECUTORS = ["xla", "graph", "keras"]


def table(scale: float = 1.0) -> Arrays:
    generator = np.random.default_rng(0)
    numbers = (scale * generator.normal(size=(ROWS, 4))).astype(np.float32)
    return Arrays({"numbers": numbers}, numbers.sum(1, keepdims=True).astype(np.float32))


def network(
    rate: float, *, hidden: Any = "relu", last: Any = "linear", loss: Any = "mean_squared_error", body: Any = None
) -> keras.Model:
    keras.utils.set_random_seed(1)
    numbers = keras.Input((4,), name="numbers")
    tensor = layers.Dense(8, activation=hidden, name="dense_1")(numbers)
    if body is not None:
        tensor = body(tensor)
    tensor = layers.Dense(8, activation=hidden, name="dense_2")(tensor)
    model = keras.Model([numbers], layers.Dense(1, activation=last, name="output")(tensor))
    model.compile(keras.optimizers.SGD(rate), loss)
    return model


def first_bad_batch(model: keras.Model, train: Arrays, epochs: int) -> tuple[int, int, dict[str, np.ndarray], str]:
    """Epoch and batch (from 1), the weights before it, and what is first not finite: `loss` or `weights`."""
    for epoch in range(epochs):
        seed_layers(model, SEED, epoch)
        order = order_of_epoch(SEED, epoch, len(train))
        for batch, start in enumerate(range(0, len(train), BATCH)):
            rows = order[start : start + BATCH]
            before = {variable.path: variable.numpy() for variable in model.variables}
            loss = model.train_on_batch({k: v[rows] for k, v in train.inputs.items()}, train.targets[rows])
            if not np.isfinite(loss):
                return epoch + 1, batch + 1, before, "loss"
            if not all(np.isfinite(variable.numpy()).all() for variable in model.trainable_variables):
                return epoch + 1, batch + 1, before, "weights"
    raise AssertionError("it does not diverge")


def diverged(model: keras.Model, train: Arrays, executor: str, epochs: int = 4, **options: Any) -> str:
    plan = Plan(epochs=epochs, batch_size=BATCH, seed=SEED, executor=executor, **options)
    with pytest.raises(TrainingDivergedError) as caught:
        fit(model, train, None, plan)
    return caught.value.message


def place_of(message: str) -> tuple[int, int]:
    found = re.search(r"in epoch (\d+), batch (\d+)", message)
    assert found, message
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_huge_learning_rate_is_traced_to_its_batch_and_the_first_gradient_backward(executor: str) -> None:
    train = table()
    epoch, batch, before, what = first_bad_batch(network(3.0), train, 4)
    message = diverged(model := network(3.0), train, executor)
    assert place_of(message) == (epoch, batch)
    assert message.startswith("the loss became" if what == "loss" else "the weights became")
    for variable in model.variables:
        np.testing.assert_allclose(variable.numpy(), before[variable.path], rtol=1e-4, err_msg=variable.path)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("layer", ["dense_1", "dense_2"])
def test_an_activation_that_overflows_is_named_with_its_layer(executor: str, layer: str) -> None:
    # exp(x) overflows above 88.7; only the layer under test has inputs that large.
    def body(tensor: Any) -> Any:
        return layers.Rescaling(1e-30 if layer == "dense_1" else 300.0, name="scale")(tensor)

    train = table(1e2 if layer == "dense_1" else 0.01)
    message = diverged(network(1e-9, hidden="exponential", body=body), train, executor)
    reference = network(1e-9, hidden="exponential", body=body)
    rows = order_of_epoch(SEED, 0, ROWS)[:BATCH]
    values, bad = train.inputs["numbers"][rows].astype(np.float64), []
    for each in ("dense_1", "dense_2"):
        kernel, bias = (weight.numpy().astype(np.float64) for weight in reference.get_layer(each).weights)
        with np.errstate(over="ignore"):
            values = np.exp(values @ kernel + bias)
            bad += [each] if np.isinf(values.astype(np.float32)).any() else []
        values *= 1e-30 if layer == "dense_1" else 300.0
    assert bad[0] == layer
    assert place_of(message) == (1, 1)
    assert f"not finite is {layer} (its output: inf)" in message


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_loss_of_finite_outputs_is_named_as_such(executor: str) -> None:
    def logarithm(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.log(y_pred + 1.5)

    train = table()
    epoch, batch, _, what = first_bad_batch(network(0.01, loss=logarithm), train, 4)
    message = diverged(network(0.01, loss=logarithm), train, executor)
    assert what == "loss" and place_of(message) == (epoch, batch)
    assert "all layers have finite outputs, but their loss is nan" in message


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_gradient_without_a_value_is_traced_to_its_layer(executor: str) -> None:
    # The slope of sqrt at 0 is infinite, that of |x| is 0, and their product is no number; the output is finite.
    def body(tensor: Any) -> Any:
        return layers.Activation(lambda x: keras.ops.sqrt(keras.ops.abs(x)), name="root")(tensor)

    train = table()
    train.inputs["numbers"][7] = 0.0
    position = int(np.flatnonzero(order_of_epoch(SEED, 0, ROWS) == 7)[0])
    message = diverged(network(0.0, hidden="linear", body=body), train, executor)
    assert place_of(message) == (1, position // BATCH + 1) and message.startswith("the weights became nan")
    reference = network(0.0, hidden="linear", body=body)
    probe = keras.Model(reference.inputs, [reference.get_layer(n).output for n in ("dense_1", "root", "output")])
    with tf.GradientTape() as tape:
        dense_1, root, output = probe([train.inputs["numbers"][7:8]])
        loss = tf.reduce_mean((output - train.targets[7:8]) ** 2)
    at_dense, at_root = tape.gradient(loss, [dense_1, root])
    assert np.isfinite(at_root).all() and np.isnan(at_dense).any()
    assert "not finite is dense_1 (the gradient of its output: nan)" in message


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_update_that_overflows_is_named_with_its_weights(executor: str) -> None:
    train = table(100.0)
    message = diverged(network(1e38, loss="mean_absolute_error"), train, executor)
    assert place_of(message) == (1, 1)
    reference = network(0.0, loss="mean_absolute_error")
    rows = order_of_epoch(SEED, 0, ROWS)[:BATCH]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(reference([train.inputs["numbers"][rows]]) - train.targets[rows]))
    gradients = [g.numpy().astype(np.float64) for g in tape.gradient(loss, reference.trainable_variables)]
    names = [v.path for v, g in zip(reference.trainable_variables, gradients, strict=True) if np.abs(g).max() > 3.4]
    assert all(np.isfinite(g).all() for g in gradients) and names
    layer, variable = names[0].split("/")
    assert f"not finite is {layer} (its {variable}: " in message and "after the update" in message


@pytest.mark.parametrize("executor", EXECUTORS)
def test_data_that_is_not_finite_is_named_as_the_reason(executor: str) -> None:
    train = table()
    train.inputs["numbers"][7, 2] = np.inf
    position = int(np.flatnonzero(order_of_epoch(SEED, 0, ROWS) == 7)[0])
    message = diverged(network(1e-3), train, executor)
    assert place_of(message) == (1, position // BATCH + 1)
    assert "dense_1" in message and "it was given numbers of the data that are not finite" in message


def test_targets_that_are_not_finite_are_named() -> None:
    train = table()
    train.targets[5] = np.nan
    assert "the targets of the data are not finite" in diverged(network(1e-3), train, "graph")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_weights_that_overflow_in_the_last_batch_do_not_pass(executor: str) -> None:
    class Explode(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 6:
                self.model.get_layer("dense_2").kernel.assign(np.full((8, 8), np.inf, np.float32))

    model, plan = network(1e-4), Plan(epochs=1, batch_size=BATCH, seed=SEED, executor=executor)
    # What a callback does is no part of the steps, so the replay stays finite, and no layer is invented.
    with pytest.raises(TrainingDivergedError, match=r"stopped being finite in epoch 1, between batch 1 and batch 7"):
        fit(model, table(), None, plan, [Explode()])


@pytest.mark.long
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_late_divergence_is_found_over_many_epochs_and_changing_rates(executor: str) -> None:
    def rate(epoch: int, now: float) -> float:
        return 0.001 * 1.6**epoch

    schedule = keras.callbacks.LearningRateScheduler
    reference, train = network(0.001), table()
    expected = None
    for epoch in range(60):
        reference.optimizer.learning_rate = rate(epoch, 0.0)
        order = order_of_epoch(SEED, epoch, ROWS)
        for batch, start in enumerate(range(0, ROWS, BATCH)):
            rows = order[start : start + BATCH]
            reference.train_on_batch({"numbers": train.inputs["numbers"][rows]}, train.targets[rows])
            finite = all(np.isfinite(v.numpy()).all() for v in reference.trainable_variables)
            if expected is None and not finite:
                expected = (epoch + 1, batch + 1)
    plan = Plan(epochs=60, batch_size=BATCH, seed=SEED, executor=executor)
    with pytest.raises(TrainingDivergedError) as caught:
        fit(network(0.001), train, None, plan, [schedule(rate)])
    assert expected is not None and expected[0] > 3
    assert place_of(caught.value.message) == expected


def test_a_penalty_that_overflows_is_named_with_its_layer() -> None:
    def body(tensor: Any) -> Any:
        huge = keras.initializers.Constant(1e25)  # its square is above the largest float32, 3.4e38
        return layers.Dense(
            8, activation=lambda x: 1e-30 * x, kernel_initializer=huge, kernel_regularizer="l2", name="heavy"
        )(tensor)

    message = diverged(network(1e-9, body=body), table(), "graph")
    assert place_of(message) == (1, 1)
    assert "not finite is heavy (the penalty of its regularizer: inf)" in message


def test_xla_with_dropout_says_that_the_replay_drew_other_numbers() -> None:
    def body(tensor: Any) -> Any:
        return layers.Dropout(0.2, seed=1, name="dropout_1")(tensor)

    message = diverged(network(1e30, body=body), table(), "xla")
    assert (
        "in a replay with other random numbers in dropout_1" in message or "after it, these are not finite" in message
    )


def test_a_batch_in_parts_is_searched_like_a_whole_one() -> None:
    def model() -> keras.Model:
        keras.utils.set_random_seed(1)
        image = keras.Input((6, 6, 1), name="image")
        tensor = layers.Conv2D(3, 3, activation="relu", name="conv_1")(image)
        tensor = layers.Flatten()(layers.MaxPooling2D()(tensor))
        built = keras.Model([image], layers.Dense(1, activation="exponential", name="output")(tensor))
        built.compile(keras.optimizers.SGD(1e-3), "mean_squared_error")
        return built

    images = np.random.default_rng(0).normal(size=(ROWS, 6, 6, 1)).astype(np.float32) * 500
    train = Arrays({"image": images}, np.zeros((ROWS, 1), np.float32))
    message = diverged(model(), train, "graph", parts=2)
    assert place_of(message) == (1, 1) and "is output (its output: inf)" in message


def test_finite_trainings_are_left_alone_bit_for_bit() -> None:
    found: list[Callable[[], Any]] = []
    for _ in range(2):
        model = network(1e-3)
        fit(model, table(), None, Plan(epochs=3, batch_size=BATCH, seed=SEED, executor="xla"))
        found.append(model.get_weights)
    for one, other in zip(found[0](), found[1](), strict=True):
        np.testing.assert_array_equal(one, other)
