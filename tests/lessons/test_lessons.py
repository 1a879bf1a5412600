"""The lessons: the lecture's numbers, computed; other numbers, and what is no number."""

import json

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.lessons import LESSONS
from nncli.lessons.backpropagation import run_backward, run_forward, try_derivative


def explain(*arguments: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, ["explain", *arguments])


def test_the_graph_of_the_lecture_has_the_numbers_of_the_lecture() -> None:
    values = run_forward({"w": 2.0, "b": 8.0, "x": -2.0, "y": 2.0})
    derivatives = run_backward(values)
    assert [values[name] for name in "cadJ"] == [-4.0, 4.0, 2.0, 2.0]
    assert (derivatives["b"], derivatives["w"]) == (2.0, -4.0)


@pytest.mark.parametrize("seed", range(5))
def test_back_propagation_finds_what_trying_finds_for_any_numbers(seed: int) -> None:
    given = dict(zip("wbxy", np.random.default_rng(seed).normal(0.0, 3.0, 4).tolist(), strict=True))
    derivatives = run_backward(run_forward(given))
    for name in given:
        assert derivatives[name] == pytest.approx(try_derivative(name, given), rel=1e-6, abs=1e-9)


def test_the_lesson_is_printed_step_by_step_with_the_numbers_that_were_chosen() -> None:
    told = explain("backpropagation")
    assert told.exit_code == 0
    assert "J = d² / 2 = 2² / 2   = 2\n" in told.stdout
    assert "∂J/∂w = ∂J/∂c · ∂c/∂w = 2 · (−2) = −4\n" in told.stdout
    other = json.loads(explain("backpropagation", "--set", "w=3", "--set", "y=1", "--json").stdout)
    assert other["values"]["J"] == 0.5 and other["derivatives"]["w"] == -2.0


def test_the_neuron_adds_up_its_products_and_shows_each_activation() -> None:
    told = explain("neuron")
    assert "z     = 1 + (−3) + 1 = −1\n" in told.stdout
    other = json.loads(explain("neuron", "--set", "w=1,2,3", "--set", "x=1,1,1", "--set", "b=-2", "--json").stdout)
    assert other["z"] == 4.0 and other["a"]["relu"] == 4.0
    assert other["a"]["sigmoid"] == pytest.approx(1 / (1 + np.exp(-4.0)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neuron", "--set", "q=1"], 'there is no value "q"'),
        (["neuron", "--set", "w=1,2,3"], "w, x and b have 3, 2 and 1 numbers"),
        (["neuron", "--set", "w=1e308,1e308", "--set", "x=9,9"], "overflows float64"),
        (["backpropagation", "--set", "w=nan"], "expected a number"),
        (["backpropagation", "--set", "w"], "expected a number"),
        (["backpropagation", "--set", "w=1,2"], "expected a number"),
        (["backpropagation", "--set", "w=1e300"], "overflows float64"),
        (["logits-twice", "--set", "w=1"], "--set: only lessons take it"),
        (["nueron"], 'did you mean "neuron"?'),
    ],
)
def test_what_a_lesson_cannot_use_is_refused(arguments: list[str], message: str) -> None:
    outcome = explain(*arguments)
    assert outcome.exit_code == 2 and message in outcome.stderr and outcome.stdout == ""


def test_all_is_listed_and_every_lesson_with_what_one_sees() -> None:
    listed = json.loads(explain("--json").stdout)
    assert listed["lessons"] == [{"id": name, "title": entry.title} for name, entry in LESSONS.items()]
    told = explain().stdout
    assert all(name in told for name in LESSONS)
    assert list(listed["topics"]) == ["layers", "optimizers", "schedules", "losses"]
    assert "logits-twice" in [rule["id"] for rule in listed["rules"]]


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_fits_a_screen_with_its_sketch_and_has_letters_for_an_ascii_terminal(name: str) -> None:
    from nncli.console import ENCODING_ERRORS

    told = explain(name)
    lines = told.stdout.splitlines()
    assert told.exit_code == 0 and told.stderr == ""
    assert len(lines) <= 40 and max(map(len, lines)) <= 80
    assert lines[0] == f"{name}: {LESSONS[name].title}"
    assert "\\" not in told.stdout.encode("ascii", ENCODING_ERRORS).decode()
