"""Lessons about training, against Keras, scikit-learn, and other ways to compute the same."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.lessons.training.batches import load_rows
from nncli.lessons.training.initialisation import follow
from nncli.lessons.training.overfitting import Network, load_parts, train

Numbers = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("name", ["Adam", "SGD", "momentum"])
def test_the_optimizers_take_the_steps_of_keras(numbers: Numbers, name: str) -> None:
    import keras
    import tensorflow as tf

    told = numbers("adam", steps=30)
    optimizer = {
        "Adam": keras.optimizers.Adam(0.3),
        "SGD": keras.optimizers.SGD(0.04),
        "momentum": keras.optimizers.SGD(0.04, momentum=0.9),
    }[name]
    w = keras.Variable([-4.0, 1.0])
    for step in range(30):
        with tf.GradientTape() as tape:
            cost = (w[0] ** 2 + 30 * w[1] ** 2) / 2
        assert told["costs"][name][step] == pytest.approx(float(cost), rel=2e-3, abs=1e-4)
        optimizer.apply([tape.gradient(cost, w.value)], [w])
    assert told["paths"][name][30] == pytest.approx(w.numpy(), abs=2e-3)


def test_the_means_of_adam_are_weighted_sums_of_all_gradients(numbers: Numbers) -> None:
    steps = numbers("adam", beta_1=0.8, beta_2=0.95)["steps_of_w1"]
    gradients = np.array([step["gradient"] for step in steps])
    for t in (1, 3, 10):
        ages = np.arange(t)[::-1]
        m, v = 0.2 * (0.8**ages) @ gradients[:t], 0.05 * (0.95**ages) @ gradients[:t] ** 2
        assert (steps[t - 1]["m"], steps[t - 1]["v"]) == pytest.approx((m, v))
        weights = 0.8**ages / (0.8**ages).sum()
        assert steps[t - 1]["corrected_m"] == pytest.approx(weights @ gradients[:t])
        assert steps[t - 1]["corrected_v"] == pytest.approx(m * 0 + np.average(gradients[:t] ** 2, weights=0.95**ages))


def test_batches_count_every_update_and_the_last_batch(numbers: Numbers) -> None:
    told = numbers("batches", batch_size="7,100,5000", epochs=3)
    rows = told["rows"]
    assert [run["batch_size"] for run in told["runs"]] == [7, 100, rows]
    for run in told["runs"]:
        assert run["updates"] == 3 * run["updates_per_epoch"] == 3 * math.ceil(rows / run["batch_size"])
        assert run["last_batch"] == (rows % run["batch_size"] or run["batch_size"])
        assert set(run["changes_of_each_parameter"]) == {run["updates"]} and len(run["changes_of_each_parameter"]) == 31


def test_the_full_batch_trains_as_keras_does(numbers: Numbers) -> None:
    import keras

    x, y = load_rows()
    assert x.mean(axis=0) == pytest.approx(np.zeros(30), abs=1e-9) and x.std(axis=0) == pytest.approx(np.ones(30))
    model = keras.Sequential(
        [keras.Input((30,)), keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")]
    )
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    history = model.fit(x, y, batch_size=len(x), epochs=4, verbose=0).history["loss"]
    full = numbers("batches", epochs=3)["runs"][-1]
    assert full["costs"] == pytest.approx(history, rel=1e-4)


def test_relu_halves_the_square_that_the_variance_of_the_weights_makes(numbers: Numbers) -> None:
    told = numbers("initialisation", units=200, rows=500, layers=3)
    for name, variance in (("normal 0.01", 1e-4), ("normal 1", 1), ("glorot_uniform", 2 / 400), ("he_normal", 2 / 200)):
        factor = np.sqrt(200 * variance / 2)
        assert told["signals"][name] == pytest.approx(factor ** np.arange(1, 4), rel=0.2)
        assert told["gradients_at_inputs"][name][0] == pytest.approx(factor**3, rel=0.25)
    assert told["signals"]["zeros"] == [0, 0, 0] and told["different_neurons_of_equal_weights"] == 1


def test_the_gradients_of_deep_relus_are_those_of_tensorflow() -> None:
    import tensorflow as tf

    generator = np.random.default_rng(3)
    inputs = generator.normal(size=(20, 6))
    weights = [generator.normal(size=(6, 6)) for _ in range(4)]
    x = tf.constant(inputs)
    with tf.GradientTape() as tape:
        tape.watch(x)
        a = x
        for matrix in weights:
            a = tf.nn.relu(a @ matrix)
        total = tf.reduce_sum(a * np.random.default_rng(9).normal(size=(20, 6)))
    gradient = tape.gradient(total, x).numpy()
    signals, gradients = follow(inputs, weights, seed=9)
    assert signals[-1] == pytest.approx(np.sqrt(np.mean(a.numpy() ** 2)))
    assert gradients[0] == pytest.approx(np.sqrt(np.mean(gradient**2)))


def test_the_network_that_overfits_learns_as_in_keras() -> None:
    import keras

    training, validation = load_parts(60, 0.1, seed=4)
    network = Network(16, 0.01, 0.005, seed=4)
    dense = {"kernel_regularizer": keras.regularizers.L2(0.005)}
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(16, activation="relu", **dense), keras.layers.Dense(10, **dense)]
    )
    model.set_weights(network._weights)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(training.x, training.y, batch_size=60, epochs=8, verbose=0)
    history = train(network, training, validation, 8)
    logits = model.predict(validation.x, verbose=0)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(validation.y, logits)
    assert history.val_loss[-1] == pytest.approx(float(expected), rel=1e-3)
    assert history.val_accuracy[-1] == pytest.approx(np.mean(logits.argmax(axis=1) == validation.y))


def test_training_and_validation_part_ways_and_more_rows_or_a_penalty_help(numbers: Numbers) -> None:
    told = numbers("overfitting")["trainings"]
    few, many, penalty = told.values()
    assert few["loss"] == sorted(few["loss"], reverse=True), "the training loss keeps falling"
    assert few["val_loss"][-1] > 1.2 * min(few["val_loss"]) and few["loss"][-1] < 0.01
    assert few["best_epoch"] == 1 + int(np.argmin(few["val_loss"]))
    assert many["val_loss"][-1] < few["val_loss"][-1] and penalty["val_loss"][-1] < few["val_loss"][-1]


def test_mistaken_labels_are_as_many_as_asked_for_and_all_wrong() -> None:
    right, _ = load_parts(100, 0.0, seed=2)
    wrong, _ = load_parts(100, 0.3, seed=2)
    assert np.array_equal(right.x, wrong.x) and (right.y != wrong.y).sum() == 30


def test_scaling_makes_a_bowl_of_a_ravine(numbers: Numbers) -> None:
    import sklearn.datasets

    told = numbers("normalisation", steps=40, columns="0,4")
    data = sklearn.datasets.load_breast_cancer()
    assert told["names"] == [str(data.feature_names[place]) for place in (0, 4)]
    from nncli.config.sections import Data
    from nncli.data.bundled import load_bundled

    part = load_bundled(Data(source="breast_cancer"), seed=1).train
    x, y = part.inputs["numbers"][:, [0, 4]].astype(float), part.targets[:, 0]
    for name, inputs in (("raw", x - x.mean(0)), ("scaled", (x - x.mean(0)) / x.std(0))):
        curvatures = np.linalg.svd(inputs, compute_uv=False)[::-1] ** 2 / len(inputs)
        assert told[name]["curvatures"] == pytest.approx(curvatures)
        assert told[name]["ratio"] == pytest.approx(curvatures[1] / curvatures[0])
        fitted = sklearn.linear_model.LinearRegression().fit(inputs, y)
        assert told[name]["lowest"] == pytest.approx(fitted.coef_, rel=1e-4)
    assert told["scaled"]["left"][2] < 0.01 and told["raw"]["left"][40] > 0.9
    assert told["scaled"]["steps_to_one_percent"] == 2 and told["raw"]["steps_to_one_percent"] > 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["adam", "--set", "w=1"], "w has 1 numbers"),
        (["adam", "--set", "beta_1=1"], "expected a number from 0 to 1"),
        (["batches", "--set", "batch_size=2.5"], "whole numbers"),
        (["batches", "--set", "epochs=0"], "expected a whole number from 1 to 50"),
        (["normalisation", "--set", "columns=3,3"], "two different whole numbers"),
        (["overfitting", "--set", "rows=2"], "expected a whole number from 20 to 400"),
        (["initialisation", "--set", "layers=2.5"], "expected a whole number"),
    ],
)
def test_what_these_lessons_cannot_use_is_refused(arguments: list[str], message: str) -> None:
    outcome = typer.testing.CliRunner().invoke(app, ["explain", *arguments])
    assert outcome.exit_code == 2 and message in outcome.stderr and outcome.stdout == ""


@pytest.mark.parametrize(
    ("options", "told"),
    [({"w": "0,1"}, "0 gives 0, 30 gives 0.3"), ({"epsilon": 1}, "4 gives 0.24, 30 gives 0.29")],
)
def test_the_first_step_of_adam_is_told_for_each_slope(options: dict[str, Any], told: str) -> None:
    from nncli.lessons.training.adam import teach_adam

    assert told in teach_adam([f"{name}={value}" for name, value in options.items()]).text
