"""A probe measures what numpy computes from the weights, and changes nothing."""

from typing import Any

import keras
import numpy as np
import pytest

from nncli.engine.arrays import Arrays
from nncli.engine.diagnosis.probe import FLAT, Probe, Sensors

GENERATOR = np.random.default_rng(5)


def network(*layers: Any, outputs: int = 3) -> keras.Model:
    keras.utils.set_random_seed(3)
    tensor = start = keras.Input((4,), name="numbers")
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model(start, keras.layers.Dense(outputs, name="output")(tensor))


def batch(rows: int = 20, outputs: int = 3) -> Arrays:
    inputs = GENERATOR.normal(size=(rows, 4)).astype(np.float32)
    return Arrays({"numbers": inputs}, GENERATOR.integers(0, outputs, rows))


def probe(model: keras.Model, examples: Arrays) -> Probe:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return Probe(Sensors(model, loss, "output"), examples, seed=1, guess=(0.0, 0.0, 0.0))


def forward(model: keras.Model, inputs: np.ndarray, activation: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hidden values, logits and softmax of one hidden layer in float64."""
    kernel, bias, last, offset = (np.asarray(each, np.float64) for each in model.get_weights())
    hidden = activation(inputs.astype(np.float64) @ kernel + bias)
    logits = hidden @ last + offset
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return hidden, logits, powers / powers.sum(axis=1, keepdims=True)


def test_gradients_and_spread_are_those_of_numpy() -> None:
    model, examples = network(keras.layers.Dense(6, activation="tanh", name="hidden")), batch()
    measures = probe(model, examples).measure()
    inputs = examples.inputs["numbers"]
    hidden, _, shares = forward(model, inputs, np.tanh)
    truth = np.eye(3)[examples.targets]
    assert measures["loss"] == pytest.approx(-np.log((shares * truth).sum(axis=1)).mean(), rel=1e-4)
    errors = (shares - truth) / len(examples)
    of_last = np.sqrt(np.square(hidden.T @ errors).sum() + np.square(errors.sum(axis=0)).sum())
    back = (errors @ np.asarray(model.get_weights()[2], np.float64).T) * (1 - hidden**2)
    of_first = np.sqrt(np.square(inputs.T @ back).sum() + np.square(back.sum(axis=0)).sum())
    first, last = measures["layers"]
    assert (first["layer"], last["layer"]) == ("hidden", "output")
    assert first["gradient"] == pytest.approx(of_first, rel=1e-3)
    assert last["gradient"] == pytest.approx(of_last, rel=1e-3)
    assert measures["gradient_ratio"] == pytest.approx(of_first / of_last, rel=1e-3)
    assert first["spread"] == pytest.approx(np.sqrt(hidden.var(axis=0).mean()), rel=1e-4)
    assert last["variation"] == pytest.approx(np.sqrt(hidden.var(axis=0).mean() / (hidden**2).mean()), rel=1e-4)


def test_dead_units_are_those_that_are_zero_for_all() -> None:
    model = network(keras.layers.Dense(8, activation="relu", name="hidden"))
    kernel, bias, *rest = model.get_weights()
    bias[:3] = -100.0
    model.set_weights([kernel, bias, *rest])
    assert probe(model, batch()).measure()["layers"][0]["dead"] == 3 / 8


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_saturated_outputs_have_a_flat_slope(name: str) -> None:
    model = network(keras.layers.Dense(8, activation=name, name="hidden"))
    kernel, *rest = model.get_weights()
    model.set_weights([kernel * 6, *rest])
    examples = batch()
    weighted = examples.inputs["numbers"].astype(np.float64) @ (kernel.astype(np.float64) * 6)
    slopes = 1 / np.cosh(weighted) ** 2 if name == "tanh" else 4 * np.exp(-weighted) / (1 + np.exp(-weighted)) ** 2
    measured = probe(model, examples).measure()["layers"][0]["saturated"]
    assert 0.1 < measured < 0.9
    assert measured == pytest.approx((slopes < FLAT).mean(), abs=1e-4)


def test_the_loss_of_guessing_is_ln_k() -> None:
    watching = probe(network(), batch())
    watching.measure()
    assert watching.guessing_loss == pytest.approx(np.log(3), rel=1e-4)


def test_nothing_is_changed_and_the_same_is_measured_twice() -> None:
    model = network(
        keras.layers.Dense(6, activation="relu", name="hidden"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5, seed=4),
    )
    watching = probe(model, batch())
    before = [variable.numpy().copy() for variable in model.variables]
    first = watching.measure()
    assert watching.measure() == first
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize("unroll", [False, True])
def test_a_network_with_a_loop_is_measured_as_one_without(unroll: bool) -> None:
    keras.utils.set_random_seed(3)
    layers = [keras.Input((4, 2), name="x"), keras.layers.LSTM(3, unroll=unroll, name="hidden")]
    model = keras.Sequential([*layers, keras.layers.Dense(1, name="output")])
    rows = np.random.default_rng(2).normal(size=(6, 4, 2)).astype("float32")
    batch = Arrays({"x": rows}, rows[:, 0, :1])
    sensors = Sensors(keras.Model(model.inputs, model.outputs), keras.losses.MeanSquaredError(), "output")
    measured = Probe(sensors, batch, seed=1, guess=[0.0]).measure()
    assert [layer["layer"] for layer in measured["layers"]] == ["hidden", "output"]
    assert all(layer["gradient"] > 0 for layer in measured["layers"])
