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
        (["backpropagation", "--set", "w=1e300"], "too large for float64"),
        (["logits-twice", "--set", "w=1"], "only lessons have values to set"),
        (["nueron"], 'did you mean "neuron"?'),
    ],
)
def test_what_a_lesson_cannot_use_is_refused(arguments: list[str], message: str) -> None:
    outcome = explain(*arguments)
    assert outcome.exit_code == 2 and message in outcome.stderr and outcome.stdout == ""


def test_lessons_fit_80_columns_and_are_named_where_all_is_listed() -> None:
    for name, teach in LESSONS.items():
        lesson = teach([])
        assert lesson.id == name
        assert max(map(len, lesson.text.splitlines())) <= 80
        assert f"`nncli explain {name}`" in " ".join(explain().stdout.split())
    assert json.loads(explain("--json").stdout)["lessons"] == list(LESSONS)


def test_the_signs_of_a_lesson_have_letters_for_a_terminal_without_them() -> None:
    from nncli.console import ENCODING_ERRORS

    for teach in LESSONS.values():
        assert "\\" not in teach([]).text.encode("ascii", ENCODING_ERRORS).decode()
