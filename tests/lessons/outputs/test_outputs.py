"""Lessons about outputs and losses, against SciPy and Keras; what Keras does where it has no logits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
import typer.testing

from nncli.cli import app
from nncli.config.rules.explanations import read_explanations

Numbers = Callable[..., dict[str, Any]]


def explain(*arguments: str) -> typer.testing.Result:  # type: ignore[name-defined]
    return typer.testing.CliRunner().invoke(app, ["explain", *arguments])


def test_the_output_table_names_rules_that_exist_and_slopes_that_keras_has(numbers: Numbers) -> None:
    import keras
    import tensorflow as tf

    told = numbers("output")
    assert set(told["rules"]) <= set(read_explanations())
    assert told["sum_of_sigmoids"] == pytest.approx(scipy.special.expit([2, 1, 0.1]).sum())
    assert told["softmax_twice"] == pytest.approx(scipy.special.softmax(scipy.special.softmax([2, 1, 0.1])))
    for name, loss in (
        ("cross_entropy", keras.losses.BinaryCrossentropy(from_logits=True)),
        ("squared_error", lambda y, z: keras.losses.MeanSquaredError()(y, tf.sigmoid(z))),
    ):
        z = tf.constant([[-6.0]])
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = loss(tf.constant([[1.0]]), z)
        assert told["slopes"][name] == pytest.approx(float(tape.gradient(value, z).numpy()[0, 0]), rel=1e-4)


@pytest.mark.parametrize("z", [["2", "1", "0.1", "-3"], ["1000", "999"], ["-.5", "-1e-3", "7"], ["0"] * 12])
def test_softmax_is_that_of_scipy_for_any_logits(numbers: Numbers, z: list[str]) -> None:
    told = numbers("softmax", *z, temperature=3, shift=-40)
    values = np.array(z, dtype=float)
    assert told["z"] == values.tolist()
    assert told["a"] == pytest.approx(scipy.special.softmax(values))
    assert told["shifted"] == pytest.approx(told["a"])
    assert told["with_temperature"] == pytest.approx(scipy.special.softmax(values / 3))
    assert told["sigmoid"] == pytest.approx(scipy.special.expit(values))
    assert told["predicted_class"] == int(np.argmax(values))


def test_logits_are_read_as_typed_and_behind_two_dashes() -> None:
    assert explain("softmax", "2", "-3").stdout == explain("softmax", "--", "2", "-3").stdout
    assert explain("softmax", "2", "-3").stdout == explain("softmax", "--set", "z=2,-3").stdout
    assert "sum" in explain("softmax", "2", "-3").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["softmax", "3"], "got 1 logit; softmax needs two or more"),
        (["softmax", "2", "many"], "many: expected a number\nfix: for example nncli explain softmax 2 1 0.1"),
        (["softmax", "2", "-inf"], "expected a number"),
        (["softmax", "2", "1", "--set", "temperature=0"], "expected a number from 0.001"),
        (["loss", "--set", "a=0"], "expected a number from"),
        (["logits", "--set", "y=2"], "expected a whole number from 0 to 1"),
        (["logits", "--set", "pair=1"], "a pair of 1; expected"),
        (["multilabel", "--set", "z=1,2"], "got 2 z and 3 y"),
        (["output", "--set", "z=1"], "z has one number"),
    ],
)
def test_what_these_lessons_cannot_use_is_refused(arguments: list[str], message: str) -> None:
    outcome = explain(*arguments)
    assert outcome.exit_code == 2 and message in outcome.stderr and outcome.stdout == ""


def test_the_loss_is_that_of_keras_and_its_slope_that_of_differences(numbers: Numbers) -> None:
    import keras

    told = numbers("loss", a="0.9,0.2,0.05", classes=4)
    probabilities = np.array([[each, 1 - each] for each in (0.9, 0.2, 0.05)])
    losses = keras.losses.SparseCategoricalCrossentropy(reduction=None)(np.zeros(3), probabilities)
    assert told["loss"] == pytest.approx(np.asarray(losses), rel=1e-5)
    assert told["cost"] == pytest.approx(float(np.mean(losses)), rel=1e-5)
    for a, slope in zip((0.9, 0.2, 0.05), told["slope"], strict=True):
        assert slope == pytest.approx((np.log(a - 1e-7) - np.log(a + 1e-7)) / 2e-7, rel=1e-5)
    assert told["loss_of_guessing"] == pytest.approx(scipy.special.entr(np.full(4, 0.25)).sum())


@pytest.mark.parametrize("y", [0, 1])
def test_logits_are_exact_where_float32_probabilities_are_not(numbers: Numbers, y: int) -> None:
    told = numbers("logits", y=y)
    z = np.array([-100.0, -50, -20, 20, 50, 100])
    exact = np.where(y, scipy.special.log1p(np.exp(-z)), scipy.special.log1p(np.exp(-z)) + z)
    exact = np.where(np.abs(exact) > 1e-6, exact, np.exp(-np.abs(z)))
    assert told["loss"]["from_logit"] == pytest.approx(exact, rel=1e-3)
    slopes = scipy.special.expit(z) - y if not y else -scipy.special.expit(-z)
    assert told["slope"]["from_logit"] == pytest.approx(slopes, rel=1e-3)
    one = np.float32(1)
    with np.errstate(all="ignore"):
        a = one / (one + np.exp(-z.astype(np.float32)))
        assert a.dtype == np.float32
        losses = -np.log(a) if y else -np.log(one - a)
    shown = [float(each) for each in told["loss"]["from_probability"]]
    assert shown == pytest.approx(losses)
    assert np.isinf(shown).sum() == (1 if y else 3), "infinite at -100, or from 20 on"
    at = told["infinite_from"]
    assert at == pytest.approx(-88.8 if y else 16.7, abs=0.11)


def test_softmax_of_0_and_120_is_minus_infinity_through_the_probability_and_minus_120_from_logits(
    numbers: Numbers,
) -> None:
    told = numbers("logits")["softmax"]
    assert told["from_probability"][0] == "-inf" and told["from_logits"][0] == -120
    with np.errstate(divide="ignore"):
        assert np.log(scipy.special.softmax(np.array([0, 120], np.float32)))[0] == -np.inf
    assert scipy.special.log_softmax(np.array([0.0, 120.0]))[0] == -120


def test_keras_rescues_a_last_softmax_and_no_other(numbers: Numbers) -> None:
    import keras
    import tensorflow as tf

    clipped = numbers("logits")["largest_clipped_loss"]
    softmax, loss = keras.layers.Activation("softmax"), keras.losses.SparseCategoricalCrossentropy()

    def try_layers(*layers: Any) -> tuple[float, list[float]]:
        z = tf.constant([[0.0, 120.0]])
        with tf.GradientTape() as tape:
            tape.watch(z)
            a = z
            for layer in layers:
                a = layer(a)
            value = loss(np.array([0]), a)
        return float(value), tape.gradient(value, z).numpy()[0].tolist()

    assert try_layers(softmax) == (120.0, [-1.0, 1.0])
    for behind in (keras.layers.Reshape((2,)), keras.layers.Rescaling(1.0)):
        assert try_layers(softmax, behind) == (pytest.approx(clipped), [0.0, 0.0])
    plain = scipy.special.softmax(np.array([[0.0, 120.0]], np.float32))
    assert float(loss(np.array([0]), plain)) == pytest.approx(clipped)
    assert keras.config.epsilon() == 1e-7


def test_multilabel_is_the_mean_of_kerass_binary_cross_entropies(numbers: Numbers) -> None:
    import keras

    told = numbers("multilabel", z="2.5,-1,0.3", y="0,1,1", threshold=0.4)
    expected = keras.losses.BinaryCrossentropy(from_logits=True)([[0.0, 1, 1]], [[2.5, -1, 0.3]])
    assert told["loss"] == pytest.approx(float(expected), rel=1e-5)
    assert told["sigmoid"] == pytest.approx(scipy.special.expit([2.5, -1, 0.3]))
    assert told["softmax"] == pytest.approx(scipy.special.softmax([2.5, -1, 0.3]))
    assert told["predicted"] == [True, False, True]


def test_a_certain_and_right_answer_costs_nothing_and_not_minus_nothing(numbers: Numbers) -> None:
    told = [numbers("loss", a="1,0.5")["loss"][0], numbers("softmax", z="100,0")["loss"][0]]
    assert [str(loss) for loss in told] == ["0.0", "0.0"]
