"""What all lessons have in common: names, commands that continue them, pictures, sketches, JSON."""

import json
import shlex
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest
import typer.main
import typer.testing
from PIL import Image

from nncli.cli import app
from nncli.config.describing.topics import TOPICS
from nncli.config.reading.shipped import shipped_names
from nncli.config.rules.explanations import read_explanations
from nncli.lessons import LESSONS, find_lesson

ORDER = [
    *("neuron", "logistic", "cost", "gradient-descent", "activations"),
    *("output", "softmax", "loss", "logits", "multilabel"),
    *("adam", "layers", "convolution", "attention", "backprop"),
    *("batches", "initialisation", "overfitting", "normalisation"),
]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
DRAWN = [name for name in LESSONS if name != "backprop"]


def explain(*arguments: str) -> typer.testing.Result:  # type: ignore[name-defined]
    return typer.testing.CliRunner().invoke(app, ["explain", *arguments])


def test_the_lessons_are_those_of_the_lecture_in_its_order() -> None:
    assert list(LESSONS) == ORDER


@pytest.mark.parametrize(
    ("typed", "lesson"),
    [
        ("relu", "activations"),
        ("sigmoid", "activations"),
        ("from_logits", "logits"),
        ("gradient_descent", "gradient-descent"),
        ("Gradient Descent", "gradient-descent"),
        ("batch", "batches"),
        ("backpropagation", "backprop"),
        ("initialization", "initialisation"),
        ("normalization", "normalisation"),
        ("transformers", "attention"),
        ("cnn", "convolution"),
        ("softmax_regression", "softmax"),
        ("cross-entropy", "loss"),
    ],
)
def test_common_spellings_lead_to_a_lesson(typed: str, lesson: str) -> None:
    assert json.loads(explain(typed, "--json").stdout)["lesson"] == lesson
    assert json.loads(explain(*typed.split(), "--json").stdout)["lesson"] == lesson


def test_no_spelling_hides_a_rule_a_layer_or_another_lesson() -> None:
    spellings = [spelling for entry in LESSONS.values() for spelling in entry.spellings]
    assert len(spellings) == len(set(spellings))
    offers = {name.replace("_", "-") for topic in TOPICS.values() for name in topic()}
    assert not {*spellings} & {*LESSONS, *read_explanations(), *TOPICS, *offers}
    assert all(find_lesson(spelling) for spelling in spellings)


@pytest.mark.parametrize("name", ["adam", "output", "layers"])
def test_a_name_of_two_things_is_the_lesson_which_names_the_way_to_the_other(name: str) -> None:
    told = explain(name).stdout
    assert told.startswith(f"{name}: {LESSONS[name].title}") and f"nncli explain {name} --options\n" in told
    other = json.loads(explain(name, "--options", "--json").stdout)
    assert "lesson" not in other and (other.get("name") == name or list(other) == [name])


def test_other_names_need_no_options_and_a_lesson_alone_has_none() -> None:
    assert explain("conv2d").stdout == explain("conv2d", "--options").stdout
    assert explain("logits_twice").stdout == explain("logits-twice").stdout
    outcome = explain("cost", "--options")
    assert outcome.exit_code == 2 and "cost is a lesson" in outcome.stderr


@pytest.mark.parametrize("name", LESSONS)
def test_the_commands_that_continue_a_lesson_work(name: str) -> None:
    assert LESSONS[name].go_on
    for line in LESSONS[name].go_on:
        _, command, *words = shlex.split(line)
        context = COMMANDS[command].make_context(command, list(words))
        if command == "explain":
            assert explain(*words).exit_code == 0, line
            continue
        named = context.params.get("config") or context.params.get("configs") or []
        for config in [named] if isinstance(named, str) else named:
            assert config in shipped_names(), line


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_numbers_text_and_commands_as_json(name: str) -> None:
    told = json.loads(explain(name, "--json").stdout, parse_constant=lambda text: pytest.fail(text))
    assert told["lesson"] == name and told["title"] == LESSONS[name].title
    assert told["next"][: len(LESSONS[name].go_on)] == list(LESSONS[name].go_on)
    assert told["text"] in explain(name).stdout and "sketch" not in told
    assert told["set"] and len(told) > 6


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_names_the_numbers_that_can_be_set_and_takes_each(name: str) -> None:
    line = explain(name).stdout.partition("\n--set: ")[2].partition("\nnext:")[0]
    assert line.replace(",", " ").split() == list(LESSONS[name].values)
    wrong = explain(name, "--set", "nothing=1")
    told = f"the lesson has {', '.join(LESSONS[name].values)}"
    assert wrong.exit_code == 2 and told in " ".join(wrong.stderr.split())


@pytest.mark.parametrize("name", DRAWN)
def test_a_lesson_draws_a_picture_that_opens_and_is_not_blank(name: str, tmp_path: Path) -> None:
    file = tmp_path / "lesson.PNG"
    outcome = explain(name, "--plot", str(file))
    assert outcome.exit_code == 0 and f"picture: {file}" in outcome.stdout
    assert "│" not in outcome.stdout, "the picture takes the place of the sketch"
    with Image.open(file) as picture:
        assert picture.format == "PNG" and min(picture.size) > 300
        assert np.asarray(picture.convert("L")).std() > 5


def test_a_picture_is_an_svg_by_its_ending_and_replaces_a_lessons_picture_alone(tmp_path: Path) -> None:
    file = tmp_path / "softmax.svg"
    assert explain("softmax", "5", "-1", "--plot", str(file)).exit_code == 0
    assert xml.etree.ElementTree.parse(file).getroot().tag.endswith("svg")
    before = file.read_bytes()
    assert explain("softmax", "5", "-1", "--plot", str(file)).exit_code == 0 and file.read_bytes() == before
    for kind in ("png", "svg"):
        own = tmp_path / f"own.{kind}"
        own.write_bytes(b"a picture of one's own")
        outcome = explain("softmax", "--plot", str(own))
        assert outcome.exit_code == 2 and "is no picture of a lesson" in outcome.stderr
        assert own.read_bytes() == b"a picture of one's own"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["softmax", "--plot", "a.jpg"], "--plot a.jpg: expected a file that ends in .png or .svg"),
        (["softmax", "--plot", "a"], "expected a file that ends in .png or .svg"),
        (["softmax", "--plot", "nowhere/a.png"], "there is no such folder"),
        (["neuron", "3"], "neuron takes no 3 after its name"),
        (["adam", "--options", "--set", "w=1"], "--set: only lessons take it"),
        (["--set", "w=1"], "--set: for which lesson?"),
        (["conv2d", "3"], 'nothing called "conv2d 3"'),
        (["sotfmax"], 'did you mean "softmax"?'),
    ],
)
def test_what_no_lesson_can_use_is_refused(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = explain(*arguments)
    assert outcome.exit_code == 2 and message in outcome.stderr and outcome.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["softmax", "--set", "z=1e5,-123456.789,3.14159265"], ["neuron", "--set", "w=1e200,2"]]
)
def test_long_numbers_of_a_user_are_wrapped(arguments: list[str]) -> None:
    told = explain(*arguments)
    assert told.exit_code == 0
    assert max(map(len, told.stdout.splitlines())) <= 80


def test_no_lesson_waits_for_tensorflow_or_for_libraries_that_only_draw() -> None:
    code = (
        "from nncli import pipeline; from nncli.lessons import LESSONS; import sys\n"
        "for name in LESSONS: pipeline.explain(name)\n"
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
