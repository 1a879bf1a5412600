"""The grammar of expressions: what it reads, how operators bind, and one message for everything that it cannot read."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.errors import UsageError
from nncli.lessons.graph.differentiation import choose_numbers, differentiate, run_forward
from nncli.lessons.graph.grammar import MAX_DEPTH, MAX_LENGTH, parse_expression

NUMBERS = {"w": 2.0, "b": 8.0, "x": -2.0, "y": 3.0}


def value_of(text: str) -> float:
    graph = parse_expression(text)
    return run_forward(graph, {name: NUMBERS[name] for name in graph.given})[graph.cost]


@pytest.mark.parametrize(
    "text",
    [
        "w + b*x - y", "w - b - x", "w / b / x", "w*b/x*y", "-w**2 + b", "(-w)**2 - b", "w**2**y", "2**-y + w", "w**-2",
        "- -w + +b", "-(w - b)*x", "w*(b + (x - y))/2", ".5*w + 1.e0*b + 2e-1*x", "w*x + b - y**2/2", "3*w**2 + 2/w**2",
        "w**2*3/4", "(w + b)*(w + b)/(w - y)", "w*w*w - w", "2*3*w - 4/2**2", "x**2/2", "0.5*x**2", "x**3/2", "2**x",
    ],
)  # fmt: skip
def test_operators_bind_as_in_python(text: str) -> None:
    assert value_of(text) == pytest.approx(eval(text, {}, NUMBERS), rel=1e-14)


def test_statements_name_steps_and_the_last_one_is_the_cost() -> None:
    graph = parse_expression("c = w*x; a = c + b; d = a - y; J = d**2 / 2;")
    assert [node.name for node in graph.nodes] == ["c", "a", "d", "J"]
    assert (graph.given, graph.cost) == (("w", "x", "b", "y"), "J")
    assert [node.name for node in parse_expression("(w*x + b)/v1").nodes] == ["v2", "v3", "J"]
    assert parse_expression("J*w").cost == "L"
    assert parse_expression("a = w*x; J = a").nodes[-1].operation == "copy"


def test_the_signs_of_a_slide_are_those_of_a_keyboard() -> None:
    assert value_of("(w·x + b − y)² / 2") == value_of("(w*x + b - y)**2 / 2")
    assert value_of("w × x³") == value_of("w*x**3")
    assert parse_expression("w₁·x₁").given == ("w₁", "x₁")


WRONG = [
    ("", 1, "got the end, expected a number, a name, a function or ("),
    ("w *", 4, "got the end, expected a number"),
    ("w * / x", 5, 'got "/", expected a number'),
    ("2 w", 3, 'got "w", expected an operator'),
    ("(w + x", 7, 'got the end, expected an operator (+ - * / **) or ")"'),
    ("w) + x", 2, 'got ")", expected an operator'),
    ("w^2", 2, 'got "^"'),
    ("w @ x", 3, 'got "@"'),
    ("sin(w)", 1, 'there is no function "sin"'),
    ("sigmod(w)", 1, 'did you mean "sigmoid"?'),
    ("exp + w", 5, 'got "+", expected "(", as exp is a function'),
    ("exp(w, x)", 6, 'got ",", expected ")", as exp takes 1 value'),
    ("max(w)", 6, 'got ")", expected ",", as max takes 2 values'),
    ("max(w, x, b)", 9, 'got ",", expected ")", as max takes 2 values'),
    ("exp()", 5, 'got ")", expected a number'),
    ("2 = w", 3, 'got "=", expected an operator'),
    ("w == x", 4, 'got "=", expected a number'),
    ("exp = w", 1, '"exp" is a function'),
    ("a = w; a = x", 8, '"a" has a value already'),
    ("b = a*w; a = x", 5, '"a" is used before it is defined'),
    ("w = w + 1", 1, '"w" is used before it is defined'),
    ("3*4", 1, "a number without any name has no derivative"),
    ("w + 1/0", 6, "division by zero: 1 / 0"),
    ("w + log(-1)", 5, "log takes a positive number, got −1"),
    ("w*1e999", 3, "too large for float64"),
    ("w + 10**400", 7, "overflow"),
    ("w + 1e300*1e300", 10, "overflow"),
    ("averylongname12", 1, "a name has at most 12 letters"),
    ("(" * 10_000 + "w", MAX_LENGTH + 1, "at most 500 characters"),
    ("(" * 400 + "w" + ")" * 99, MAX_DEPTH + 1, "nested more than 30 levels deep"),
    ("-" * 400 + "w", MAX_DEPTH + 1, "nested more than 30 levels deep"),
    ("w" + "**w" * 100, 3 * MAX_DEPTH + 2, "nested more than 30 levels deep"),
    ("exp(" * 100 + "w", 4 * MAX_DEPTH + 1, "nested more than 30 levels deep"),
    ("w" + "+w" * 41, 82, "more than 40 operations"),
    ("w\x00", 2, r"got '\x00'"),
]


@pytest.mark.parametrize(("text", "column", "problem"), WRONG, ids=[text[:20] for text, _, _ in WRONG])
def test_what_cannot_be_read_is_told_with_its_column_and_a_caret(text: str, column: int, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_expression(text)
    first, quoted, caret = caught.value.message.split("\n")
    assert first.startswith(f"--expression, column {column}: ") and problem in first
    assert caret.strip() == "^" and max(len(quoted), len(caret)) <= 70
    if column <= len(text[:MAX_LENGTH]) and text[column - 1].isprintable():
        assert quoted[len(caret) - 1] == text[column - 1]


def test_a_missing_value_and_a_name_that_is_none_are_told() -> None:
    graph = parse_expression("c = p*w; c + q")
    with pytest.raises(UsageError, match="p, q: no value") as caught:
        choose_numbers(graph, ["w=1"])
    assert caught.value.hint == "add --set p=... --set q=..."
    with pytest.raises(UsageError, match='no value "r"'):
        choose_numbers(graph, ["r=1"])
    with pytest.raises(UsageError, match="c is computed by the expression"):
        choose_numbers(graph, ["c=1"])
    assert choose_numbers(graph, ["p=1", "q=-0.5"]) == {"p": 1.0, "w": 2.0, "q": -0.5}


PIECES = st.sampled_from(
    ["w", "x", "b", "v1", "J", "2", "0", "1e9", ".5", "+", "-", "*", "/", "**", "(", ")", "=", ";", ",", " ", "²", "^",
     "exp(", "log(", "tanh(", "sigmoid(", "relu(", "max(", "exp", "#0", "−", "·", "\n", "é", "1e999"]
)  # fmt: skip


def read_or_refuse(text: str) -> Any:
    """Both passes, or the error for people; any other exception fails the test."""
    try:
        graph = parse_expression(text)
        return differentiate(graph, {name: 1.5 for name in graph.given})
    except UsageError as error:
        assert error.message.startswith("--expression, column ")
        return error


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_pieces_in_any_order_are_read_or_refused(text: str) -> None:
    read_or_refuse(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text(string.printable, max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refuse(text)


@pytest.mark.parametrize("text", ["w" + "+w" * 40, "+".join(["w*x"] * 20), "relu(" * 30 + "w" + ")" * 30])
def test_the_largest_graphs_are_differentiated(text: str) -> None:
    assert len(read_or_refuse(text).values) > 30
