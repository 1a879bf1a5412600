"""The lessons: the lecture's numbers, computed; other numbers, and what is no number."""

import json

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.lessons import LESSONS


def explain(*arguments: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, ["explain", *arguments])


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
        (["neuron", "--set", "b=1,2"], "fix: give b one number"),
        (["logistic", "--set", "w=1,2"], "expected a number\nfix: for example --set w=0.5\n"),
        (["adam", "--set", "w=a"], "fix: for example --set w=0.5, or --set w=1,2 for several"),
        (["backpropagation", "--set", "w=1e300"], "too large for float64"),
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


@pytest.mark.parametrize("name", [name for name in LESSONS if name != "backprop"])
def test_no_line_of_a_lesson_needs_wrapping(name: str) -> None:
    assert max(map(len, LESSONS[name].teach().text.splitlines())) <= 80
