"""`eval --importance`: columns of a table, places of images."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from nncli.cli import app


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))


def test_columns_are_ordered_by_what_the_target_was_made_of(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    lines = ["shop,size,noise,day,price"]
    for row in range(600):
        shop, size, month = ("north", "south")[row % 2], generator.random(), 1 + row % 12
        price = 10 * size + 2 * (shop == "north") + generator.normal(0, 0.2)
        lines.append(f"{shop},{size:.4f},{generator.random():.4f},2024-{month:02d}-11,{price:.3f}")
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "t.yaml").write_text(
        "data: {source: csv, path: t.csv, target: price, columns: {day: date}}\n"
        "model: {layers: [{dense: {units: 16}}, output]}\n"
        "optimizer: {name: adam, learning_rate: 0.01}\ntrain: {epochs: 25}\n"
    )
    runs = tmp_path / "runs"
    assert nncli("train", tmp_path / "t.yaml", "--runs-dir", runs).exit_code == 0
    assert json.loads(nncli("eval", "--runs-dir", runs, "--json").stdout)["importance"] is None

    outcome = nncli("eval", "--runs-dir", runs, "--importance", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    told = json.loads(outcome.stdout)
    found = {column["name"]: column for column in told["importance"]["columns"]}
    assert list(found)[:2] == ["size", "shop"] and set(found) == {"size", "shop", "noise", "day"}
    assert found["size"]["clear"] and found["size"]["importance"] > 1
    assert found["noise"]["importance"] < 0.02
    assert told["importance"]["metric"] == "r2_score"
    text = nncli("eval", "--runs-dir", runs, "--importance").stdout
    assert "fall of r2_score" in text and max(map(len, text.splitlines()[:-1])) <= 80
    assert list(runs.glob("*/evaluation/importance.png"))


@pytest.mark.parametrize(
    ("layers", "methods"),
    [
        ("[{dense: {units: 10}}, output]", ["occlusion"]),
        ("[{conv2d: {filters: 4, kernel_size: 3}}, flatten, output]", ["occlusion", "LayerCAM"]),
    ],
)
def test_images_are_explained_by_what_fits_the_network(tmp_path: Path, layers: str, methods: list[str]) -> None:
    (tmp_path / "d.yaml").write_text(f"data: {{source: digits}}\nmodel: {{layers: {layers}}}\ntrain: {{epochs: 1}}\n")
    runs = tmp_path / "runs"
    trained = nncli("train", tmp_path / "d.yaml", "--runs-dir", runs)
    assert trained.exit_code == 0, trained.stderr
    outcome = nncli("eval", "--runs-dir", runs, "--importance", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    told = json.loads(outcome.stdout)
    assert told["importance"]["methods"] == methods
    examples = told["importance"]["examples"]
    assert [example["kind"] for example in examples] == ["worst"] * 4 + ["best"] * 4
    assert examples[0]["index"] == told["worst"][0]["index"]
    assert list(runs.glob("*/evaluation/importance.png"))


@pytest.mark.parametrize("config", ["multilabel", "logistic_regression"])
def test_labels_and_two_classes_are_explained(tmp_path: Path, config: str) -> None:
    runs = tmp_path / "runs"
    assert nncli("train", config, "--epochs", 1, "--runs-dir", runs).exit_code == 0
    outcome = nncli("eval", "--runs-dir", runs, "--importance", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["importance"]
