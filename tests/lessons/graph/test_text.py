"""The lesson as it is printed and as JSON: every number is that of the passes, lines fit, kinks and sums are said."""

import json
import re

import pytest
import typer.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.cli import app
from nncli.console import ENCODING_ERRORS
from nncli.lessons.backpropagation import make_example, teach_graph
from nncli.lessons.graph.drawing import arrange, draw_tree
from nncli.lessons.graph.grammar import parse_expression

LONG = (
    "logit_of_row = weight_one*x + weight_two*x; max(logit_of_row, weight_one)**2 / 2 + tanh(logit_of_row*bias_of_all)"
)
LONG_NUMBERS = ["weight_one=-1.23456", "weight_two=9876.5", "bias_of_all=-1e-5"]


def explain(*arguments: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, ["explain", *arguments])


def test_the_lesson_on_the_lectures_graph_fits_a_screen_and_spells_out_each_step() -> None:
    told = explain("backprop")
    assert told.exit_code == 0 and len(told.stdout.splitlines()) <= 40
    for line in (
        "     │  │  ├─ w                                    2          −4     −4.000000",
        "  J = d² / 2 = 2² / 2   = 2",
        "  ∂c/∂w = x = −2   ∂c/∂x = w = 2",
        "  ∂J/∂d = d = 2",
        "  ∂J/∂w = ∂J/∂c · ∂c/∂w = 2 · (−2) = −4",
        "  w = 2 − 0.1 · (−4) = 2.4",
        "  J falls from 2 to 0.5",
    ):
        assert line in told.stdout.splitlines()
    assert explain("backpropagation").stdout == told.stdout


def test_other_numbers_and_the_learning_rate_are_used() -> None:
    told = json.loads(explain("backprop", "--set", "w=3", "--set", "y=1", "--learning-rate", "0.5", "--json").stdout)
    assert told["values"]["J"] == 0.5 and told["derivatives"]["w"] == -2.0
    assert told["step"]["parameters"] == {"w": 4.0, "b": 7.5}
    assert told["chain_rule"]["w"] == [{"through": "c", "upstream": 1.0, "local": -2.0}]
    assert [node["name"] for node in told["nodes"]] == ["c", "a", "d", "J"]
    assert told["numeric_derivatives"]["w"] == pytest.approx(-2.0, rel=1e-6)
    assert told["nodes"][0]["local_derivatives"] == {"w": -2.0, "x": 3.0}


def test_a_sum_over_paths_is_spelled_out() -> None:
    told = explain("backprop", "--expression", "J = w*x + w**2 + x*x").stdout
    assert "∂J/∂w  = ∂J/∂v1 · ∂v1/∂w + ∂J/∂v2 · ∂v2/∂w = 1 · (−2) + 1 · 4 = 2\n" in told
    assert "added up over all paths" in told and "∂v4/∂x = x + x = −4" in told
    assert "added up" not in explain("backprop").stdout


def test_gradients_that_vanish_are_not_shown_as_0() -> None:
    told = explain("backprop", "--expression", "sigmoid(" * 25 + "w" + ")" * 25).stdout
    assert re.search(r"└w +2 +2\.605e−17 ", told)
    assert "J = 0.123456789 · w" in explain("backprop", "--expression", "0.123456789*w").stdout


def test_kinks_are_said_and_smooth_places_are_not() -> None:
    told = explain("backprop", "--expression", "relu(w + x) + max(b, 8)").stdout
    assert "v2 = relu(v1) has a kink here: its slope is 0 on the left" in told
    assert "v3 = max(b, 8) has a kink here: both are equal" in told
    assert "differences do not confirm" in told and "at a kink they average both sides" in told
    smooth = explain("backprop", "--expression", "relu(w + x) + max(b, 8)", "--set", "w=1", "--set", "b=9").stdout
    assert "kink" not in smooth and "∂v2/∂v1 = 0 for v1 < 0" in smooth and "∂v3/∂b = 1 for b > 8" in smooth


def test_a_step_that_is_too_large_and_a_node_that_leads_nowhere_are_said() -> None:
    told = explain("backprop", "--learning-rate", "1", "--expression", "c = w*x; J = b**2").stdout
    assert "w, x, c: not used by J" not in told  # w and x are used, by c
    assert "c: not used by J, so the derivative is 0" in told and "J stays at 64" in told
    assert "J rises from 2 to 8, as the step is too large" in explain("backprop", "--learning-rate", "0.6").stdout
    told = explain("backprop", "--expression", "log(w)", "--learning-rate", "9").stdout
    assert "after the step the expression has no value" in told


@pytest.mark.parametrize(
    ("expression", "assignments"),
    [
        (LONG, LONG_NUMBERS),
        ("tanh(" * 30 + "w" + ")" * 30, []),
        ("+".join(["max(w,x)*exp(b/y)"] * 8), []),
        ("w" + "*w" * 39, []),
    ],
)
def test_any_graph_fits_80_columns_also_in_ascii(expression: str, assignments: list[str]) -> None:
    example = make_example(expression, assignments)
    text = teach_graph(example).text
    assert max(map(len, text.splitlines())) <= 80
    table = text.partition("\n\n")[0].encode("ascii", ENCODING_ERRORS).decode()
    assert "\\" not in table and max(map(len, table.splitlines())) <= 80


def test_the_tree_has_every_name_and_repeats_no_branch() -> None:
    graph = parse_expression("a = w*x; b = exp(a); a*b + b")
    branches = draw_tree(graph)
    assert {branch.name for branch in branches} == set(graph.names)
    shown = [branch.name for branch in branches if branch.name in ("a", "b") and not branch.is_repeated]
    assert sorted(shown) == ["a", "b"]
    assert len({branch.prefix for branch in draw_tree(parse_expression("w - x"))}) == 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("+*-"), st.sampled_from(["w", "x", "a", "b", "exp(w)"])), max_size=12))
def test_a_layout_leads_from_left_to_right_and_puts_no_two_names_in_a_place(parts: list[tuple[str, str]]) -> None:
    graph = parse_expression("a = w*x; b = a + 1; b" + "".join(f" {sign} {name}" for sign, name in parts))
    layout = arrange(graph)
    assert set(layout.places) == set(graph.names)
    points = [*layout.places.values(), *(point for bends in layout.bends.values() for point in bends)]
    assert len(set(points)) == len(points)
    for (name, user), bends in layout.bends.items():
        columns = [point[0] for point in (layout.places[name], *bends, layout.places[user])]
        assert columns == [columns[0] + step for step in range(len(columns))] and len(columns) > 1


def test_errors_have_one_message_and_exit_2() -> None:
    for arguments, message in (
        (["--expression", "J = (w*x"], "--expression, column 9: got the end"),
        (["--expression", "p*w"], "p: no value"),
        (["--expression", "w/(x + 2)"], "division by zero: 2 / 0"),
        (["--set", "x=1e200"], "too large for float64"),
        (["--set", "c=1"], "c is computed by the expression"),
        (["--learning-rate", "0"], "expected a number above 0"),
        (["--learning-rate", "nan"], "expected a number above 0"),
        (["--answers"], "--answers goes with --exercise"),
        (["--output", "a.md"], "--output goes with --exercise"),
        (["--row", "0"], "--row goes with --config"),
        (["--config", "binary", "--seed", "0"], "takes no --seed"),
        (["--config", "binary", "--exercise"], "takes no --exercise"),
        (["--plot", "graph.jpg"], "ends in .png or .svg"),
        (["--plot", "nowhere/graph.png"], "there is no folder nowhere"),
    ):
        outcome = explain("backprop", *arguments)
        assert outcome.exit_code == 2 and message in " ".join(outcome.stderr.split()) and outcome.stdout == ""
        assert "Traceback" not in outcome.stderr
    outcome = explain("neuron", "--seed", "0", "--expression", "w")
    assert outcome.exit_code == 2
    assert "--expression and --seed: belong to the lesson backprop" in outcome.stderr
    assert explain("--exercise").exit_code == 2
