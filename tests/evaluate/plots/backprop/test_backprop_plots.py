"""Pictures of computation graphs and of gradients: their form, what stands in them, and that they can be repeated."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import typer.testing
from matplotlib.figure import Figure

from nncli.cli import app
from nncli.evaluate.plots.backprop import graph as graphs
from nncli.evaluate.plots.backprop.weights import weight_gradients
from nncli.lessons.backpropagation import make_example
from nncli.pipeline.backprop.picture import draw_example


def texts_of(monkeypatch: pytest.MonkeyPatch, *, numbers: bool) -> list[str]:
    kept: list[Figure] = []
    monkeypatch.setattr(graphs, "to_bytes", lambda figure, form: kept.append(figure) or b"")
    draw_example(make_example(), "png", numbers=numbers)
    return [text.get_text() for text in kept[0].axes[0].texts]


def test_the_picture_has_formulas_values_gradients_and_local_derivatives(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = texts_of(monkeypatch, numbers=True)
    assert {"w", "x", "b", "y", "c = w · x", "a = c + b", "d = a − y", "J = d² / 2"} <= set(shown)
    # values: w, a is 4 and c is −4; gradients: −4 of w, 4 of x
    assert (shown.count("−4"), shown.count("4"), shown.count("8")) == (2, 2, 1)


def test_the_picture_of_an_exercise_has_the_given_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = texts_of(monkeypatch, numbers=False)
    assert sorted(text for text in shown if text.strip("−").isdigit()) == ["2", "2", "8", "−2"]


def test_png_and_svg_are_written_and_are_the_same_every_time(tmp_path: Path) -> None:
    for name in ("graph.png", "graph.svg"):
        contents = []
        for _ in range(2):
            outcome = typer.testing.CliRunner().invoke(app, ["explain", "backprop", "--plot", str(tmp_path / name)])
            assert outcome.exit_code == 0 and f"picture: {tmp_path / name}\n" in outcome.stdout
            contents.append((tmp_path / name).read_bytes())
        assert contents[0] == contents[1]
    assert contents[0].startswith(b"<?xml") and ElementTree.fromstring(contents[0]).tag.endswith("svg")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_that_is_no_picture_of_a_lesson_is_replaced_on_demand_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.png"
    own.write_bytes(b"a picture of one's own")
    arguments = ["explain", "backprop", "--plot", str(own)]
    refused = typer.testing.CliRunner().invoke(app, arguments)
    assert refused.exit_code == 2 and "exists already" in refused.stderr
    assert own.read_bytes() == b"a picture of one's own"
    assert typer.testing.CliRunner().invoke(app, [*arguments, "--force"]).exit_code == 0
    assert own.read_bytes().startswith(b"\x89PNG")


def test_json_names_the_picture(tmp_path: Path) -> None:
    arguments = ["explain", "backprop", "--plot", str(tmp_path / "graph.png"), "--json"]
    told = json.loads(typer.testing.CliRunner().invoke(app, arguments).stdout)
    assert told["plot"] == str(tmp_path / "graph.png") and told["values"]["J"] == 2.0


def test_gradients_of_arrays_of_any_shape_are_drawn() -> None:
    generator = np.random.default_rng(1)
    shapes = {"conv/kernel": (3, 3, 1, 4), "bias": (4,), "kernel": (200, 3), "scale": (), "zero": (2, 2)}
    arrays = {name: generator.normal(size=shape) * (name != "zero") for name, shape in shapes.items()}
    assert weight_gradients(arrays).startswith(b"\x89PNG")
    assert weight_gradients({"bias": np.ones(1)}, form="svg").startswith(b"<?xml")
