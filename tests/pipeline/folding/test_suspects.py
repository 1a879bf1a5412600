"""`nncli data --suspect-labels`: labels that were made wrong are listed, by row or file, with a CSV and a sheet."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import typer.testing
from PIL import Image
from sklearn.datasets import load_iris

from nncli.cli import app

pytestmark = pytest.mark.drawn

NETWORK = "model: {layers: [{dense: {units: 16}}, output]}\noptimizer: {name: adam, learning_rate: 0.02}\n"
# With batches that divide the rows of a fold, there is one loop to trace.
TRAINING = "keep: last, executor: graph, health: false"


@pytest.fixture(autouse=True)
def curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the folds, which nobody sees, are not drawn."""
    monkeypatch.setattr("nncli.evaluate.plots.learning_curves", lambda *_, **named: b"")


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_wrong_species_are_listed_by_row(tmp_path: Path) -> None:
    bunch = load_iris()
    names = [str(bunch.target_names[label]) for label in bunch.target]
    wrong = {4: "virginica", 140: "setosa"}
    for row, name in wrong.items():
        names[row] = name
    lines = ["a,b,c,d,species", *(",".join([*map(str, x), name]) for x, name in zip(bunch.data, names, strict=True))]
    (tmp_path / "iris.csv").write_text("\n".join(lines))
    data = "data: {source: csv, path: iris.csv, target: species}\n"
    (tmp_path / "iris.yaml").write_text(f"{data}{NETWORK}train: {{epochs: 30, batch_size: 12, {TRAINING}}}\n")
    outcome = nncli("data", tmp_path / "iris.yaml", "--suspect-labels", "--output", tmp_path / "s.csv", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    found = json.loads(outcome.stdout)
    assert {row + 1 for row in wrong} <= {each["row"] for each in found["suspects"][:4]}
    first = next(each for each in found["suspects"] if each["row"] == 5)
    assert (first["given"], first["suggested"], first["file"]) == ("virginica", "setosa", None)
    with (tmp_path / "s.csv").open() as file:
        listed = list(csv.DictReader(file))
    assert [int(each["row"]) for each in listed] == [each["row"] for each in found["suspects"]]
    assert [float(each["margin"]) for each in listed] == sorted(float(each["margin"]) for each in listed)


@pytest.mark.long
def test_wrong_images_are_listed_by_file_and_drawn(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    for number in range(60):
        bright = number % 2 == 0
        kind = "light" if bright != (number == 8) else "dark"  # the ninth lies in the wrong folder
        pixels = generator.integers(150, 255, (8, 8)) if bright else generator.integers(0, 100, (8, 8))
        (tmp_path / "images" / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "images" / kind / f"{number:02}.png")
    data = "data: {source: images, path: images, validation: 0.17}\n"
    (tmp_path / "i.yaml").write_text(f"{data}{NETWORK}train: {{epochs: 30, batch_size: 8, {TRAINING}}}\n")
    sheet = tmp_path / "sheet.png"
    outcome = nncli("data", tmp_path / "i.yaml", "--suspect-labels", "--sheet", sheet, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    found = json.loads(outcome.stdout)
    assert found["suspects"][0]["file"] == "dark/08.png" and found["suspects"][0]["suggested"] == "light"
    with Image.open(sheet) as drawn:
        assert drawn.format == "PNG" and min(drawn.size) > 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["linear_regression", "--suspect-labels"], "looks for wrong classes, and progression is a number"),
        (["iris", "--output", "x.csv"], "--output is for the list of --suspect-labels"),
        (["digits_softmax", "--suspect-labels", "--target", "y"], "does not go with --target"),
        (["softmax_regresion", "--suspect-labels"], "softmax_regression"),
    ],
)
def test_what_has_no_labels_is_refused_before_anything_is_trained(words: list[str], message: str) -> None:
    outcome = nncli("data", *words)
    assert outcome.exit_code == 2 and message in " ".join(outcome.stderr.split())
