"""Both passes against the lecture, against derivatives by hand, TensorFlow's tape, and complex steps."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nncli.errors import UsageError
from nncli.lessons.backpropagation import EXPRESSION, make_example
from nncli.lessons.graph.differentiation import agree, differentiate, find_kinks, parameters, try_derivative
from nncli.lessons.graph.grammar import parse_expression


def gradients_of(text: str, **numbers: float) -> dict[str, float]:
    return dict(differentiate(parse_expression(text), numbers).gradients)


@pytest.mark.parametrize("text", [EXPRESSION, "J = (w*x + b - y)**2 / 2", "(w*x + b - y)**2 * 0.5"])
def test_the_graph_of_the_lecture_has_the_numbers_of_the_lecture(text: str) -> None:
    passes = differentiate(parse_expression(text), {"w": 2.0, "b": 8.0, "x": -2.0, "y": 2.0})
    assert list(passes.values.values())[4:] == [-4.0, 4.0, 2.0, 2.0]
    assert (passes.values["J"], passes.gradients["b"], passes.gradients["w"]) == (2.0, 2.0, -4.0)
    assert (passes.gradients["x"], passes.gradients["y"]) == (4.0, -2.0)


# Each with its derivatives by hand.
BY_HAND: list[tuple[str, dict[str, Callable[[float, float], float]]]] = [
    ("u*v + u/v", {"u": lambda u, v: v + 1 / v, "v": lambda u, v: u - u / v**2}),
    ("u**v", {"u": lambda u, v: v * u ** (v - 1), "v": lambda u, v: u**v * math.log(u)}),
    ("u*u*u - 3/u**2", {"u": lambda u, v: 3 * u**2 + 6 / u**3}),
    ("2**u + u**-0.5", {"u": lambda u, v: 2**u * math.log(2) - 0.5 * u**-1.5}),
    ("exp(u*v) - log(u)", {"u": lambda u, v: v * math.exp(u * v) - 1 / u, "v": lambda u, v: u * math.exp(u * v)}),
    ("tanh(u) + sigmoid(v)", {"u": lambda u, v: math.cosh(u) ** -2, "v": lambda u, v: 0.25 * math.cosh(v / 2) ** -2}),
    ("relu(u - 9) + relu(v)*v", {"u": lambda u, v: 0.0, "v": lambda u, v: 2 * v}),
    ("max(u, v)**2 + max(3*v, u)", {"u": lambda u, v: 0.0, "v": lambda u, v: 2 * v + 3}),
    ("-(u - v)/(u + v)", {"u": lambda u, v: -2 * v / (u + v) ** 2, "v": lambda u, v: 2 * u / (u + v) ** 2}),
    ("a = u*v; b = a + u; a*b", {"u": lambda u, v: 2 * u * v * (v + 1), "v": lambda u, v: u**2 * (2 * v + 1)}),
    ("(u**3)/4 + 5*u**2", {"u": lambda u, v: 0.75 * u**2 + 10 * u}),
]


@pytest.mark.parametrize(("text", "derivatives"), BY_HAND, ids=[text for text, _ in BY_HAND])
def test_derivatives_are_those_found_by_hand(
    text: str, derivatives: dict[str, Callable[[float, float], float]]
) -> None:
    numbers = {name: value for name, value in {"u": 1.3, "v": 1.7}.items() if name in derivatives}
    found = gradients_of(text, **numbers)
    for name, derivative in derivatives.items():
        assert found[name] == pytest.approx(derivative(1.3, 1.7), rel=1e-12, abs=1e-15)


def test_a_logistic_neuron_has_the_gradients_of_tensorflow() -> None:
    import tensorflow as tf  # seconds that the other tests do without

    numbers = {"w": 0.7, "x": -1.2, "b": 0.4, "y": 0.9, "k": 0.3}
    text = "z = w*x + b; a = sigmoid(z); J = -(y*log(a) + (1-y)*log(1-a)) + k*max(w, b)**2 + relu(z)*tanh(w/b)"
    variables = {name: tf.Variable(value, dtype=tf.float64) for name, value in numbers.items()}
    with tf.GradientTape() as tape:
        v = variables
        z = v["w"] * v["x"] + v["b"]
        a = tf.sigmoid(z)
        cost = -(v["y"] * tf.math.log(a) + (1 - v["y"]) * tf.math.log(1 - a))
        cost += v["k"] * tf.maximum(v["w"], v["b"]) ** 2 + tf.nn.relu(z) * tf.tanh(v["w"] / v["b"])
    truth = tape.gradient(cost, variables)
    found = gradients_of(text, **numbers)
    for name in numbers:
        assert found[name] == pytest.approx(float(truth[name]), rel=1e-12, abs=1e-15)


SMOOTH = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}  # fmt: skip
NAMES = ("p", "q", "r")
LEAVES = st.sampled_from([*NAMES, "2", "0.5", "3"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(st.sampled_from(list(SMOOTH)), inner).map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "0.5"])).map(lambda parts: f"({parts[0]}**{parts[1]})"),
        inner.map(lambda text: f"(-{text})"),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, st.lists(st.integers(-20, 20).map(lambda n: n / 8 + 0.03), min_size=3, max_size=3))
def test_derivatives_of_any_smooth_expression_are_those_of_complex_steps(text: str, numbers: list[float]) -> None:
    """dJ/dv = Im J(v + ih) / h (Squire and Trapp, 1998), with NumPy in the place of the code under test."""
    try:
        graph = parse_expression(text)
        given_values = {name: dict(zip(NAMES, numbers, strict=True))[name] for name in graph.given}
        passes = differentiate(graph, given_values)
    except UsageError:
        assume(False)
    sizes = [abs(number) for values in (passes.values, passes.gradients) for number in values.values()]
    assume(max(sizes) < 1e6 and min(abs(value) for value in passes.values.values()) > 1e-6)
    for name in graph.given:
        moved: dict[str, complex] = {**given_values, name: given_values[name] + 1e-30j}
        truth = (
            complex(eval(text, {**SMOOTH}, {key: np.complex128(value) for key, value in moved.items()})).imag / 1e-30
        )
        assert passes.gradients[name] == pytest.approx(truth, rel=1e-7, abs=1e-7 * max(sizes))


@pytest.mark.parametrize("seed", range(5))
def test_differences_agree_for_every_node_of_the_lecture(seed: int) -> None:
    numbers = np.random.default_rng(seed).normal(0.0, 3.0, 4).tolist()
    graph = parse_expression(EXPRESSION)
    passes = differentiate(graph, dict(zip(graph.given, numbers, strict=True)))
    for name in graph.names:
        assert try_derivative(graph, passes, name) == pytest.approx(passes.gradients[name], rel=1e-6, abs=1e-9)


def test_a_difference_stays_in_the_domain_and_differs_at_a_kink() -> None:
    graph = parse_expression("log(x) + relu(x - 1e-6)")
    passes = differentiate(graph, {"x": 1e-6})
    numeric = try_derivative(graph, passes, "x")
    assert numeric == pytest.approx(1e6, rel=1e-2) and not find_kinks(graph, {**passes.values, "v2": 1.0})
    graph = parse_expression("relu(w) + max(w, b)")
    passes = differentiate(graph, {"w": 0.0, "b": 0.0})
    assert dict(passes.gradients) == {"w": 1.0, "b": 0.0, "v1": 1.0, "v2": 1.0, "J": 1.0}
    assert set(find_kinks(graph, passes.values)) == {"v1", "v2"}
    assert not agree(passes.gradients["b"], try_derivative(graph, passes, "b"))


@pytest.mark.parametrize(
    ("text", "number", "problem"),
    [
        ("1/w", 0, "division by zero: 1 / 0"),
        ("w**-2", 0, "division by zero"),
        ("log(w)", -1, "log takes a positive number, got −1"),
        ("log(w)", 0, "log takes a positive number, got 0"),
        ("w**0.5", -4, "no real power"),
        ("w**0.5", 0, "the slope of 0**0.5 is infinite"),
        ("w**w", -2, "the base must be positive"),
        ("exp(w)", 1000, "exp(1000) is too large for float64"),
        ("w*w*w", 1e200, "overflow: v1 is too large for float64"),
        ("a = 1/w; b = a*a*w*w", 1e-160, "too large for float64"),
        ("exp(exp(exp(w)))", 2, "too large for float64"),
    ],
)
def test_where_there_is_no_value_or_derivative_the_place_is_told(text: str, number: float, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        gradients_of(text, w=float(number))
    assert problem in caught.value.message and caught.value.message.endswith("^")


def test_one_step_changes_the_parameters_and_leaves_the_data() -> None:
    example = make_example()
    assert example.after == {"w": 2.4, "x": -2.0, "b": 7.8, "y": 2.0}
    assert example.cost_after == pytest.approx(0.5)
    assert parameters(parse_expression("x1*y2")) == ["x1", "y2"]
    assert parameters(parse_expression("x_1*theta + y")) == ["theta"]
    assert make_example("log(w)", ["w=0.1"], learning_rate=1.0).cost_after is None
