"""Losses from training to the exported model: a run with each is trained, evaluated and used for prediction."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app

HEAD = "data: {source: csv, path: table.csv, target: y, task: %s}\nmodel: {layers: [dense: {units: 8}, %s]}\n"
TRAIN = "optimizer:\n  name: adam\n  global_clipnorm: 5.0\n  learning_rate: %s\ntrain: {epochs: 15, batch_size: 16}\n"
RATE = "{schedule: cosine, initial_learning_rate: 0.05, warmup_epochs: 1}"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """300 rows: a count whose mean is exp(1 + a), or one of three classes by a."""
    generator = np.random.default_rng(1)
    a, b = generator.normal(size=(2, 300))
    counts = generator.poisson(np.exp(1 + a))
    kinds = np.digitize(a, [-0.5, 0.5])
    rows = [f"{a[i]:.4f},{b[i]:.4f},{counts[i]},{'pqr'[kinds[i]]}" for i in range(300)]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,y,kind", *rows]) + "\n")
    return tmp_path


def used(folder: Path, text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Trains the config; the metrics of the test set, and the predictions for two rows."""
    (folder / "net.yaml").write_text(text)
    runs = ["--runs-dir", str(folder / "runs")]
    (folder / "new.csv").write_text("a,b\n-1.5,0\n1.5,0\n")
    said = []
    for command in (
        ["train", str(folder / "net.yaml")],
        ["eval", "--json"],
        ["predict", str(folder / "new.csv"), "--format", "jsonl"],
    ):
        outcome = typer.testing.CliRunner().invoke(app, [*command, *runs])
        assert outcome.exit_code == 0, outcome.stderr
        said.append(outcome.stdout)
    return json.loads(said[1]), [json.loads(line) for line in said[2].splitlines()]


@pytest.mark.parametrize("output", ["output", "dense: {units: 1, activation: softplus}"])
def test_poisson_predicts_the_mean_of_a_count(table: Path, output: str) -> None:
    text = (HEAD % ("positive_regression", output)).replace("target: y", "target: y, drop: [kind]")
    _, (low, high) = used(table, text + "loss: poisson\n" + TRAIN % RATE)
    values = [next(value for value in row.values() if isinstance(value, float)) for row in (low, high)]
    assert 0 < values[0] < 2.5 and 6 < values[1] < 20, "exp(-0.5) and exp(2.5)"


@pytest.mark.parametrize(
    "loss",
    [
        "{name: categorical_focal_crossentropy, from_logits: true}",
        "{name: categorical_focal_crossentropy, gamma: 1.0, label_smoothing: 0.05}",
    ],
)
def test_a_focal_loss_trains_a_classifier_with_probabilities(table: Path, loss: str) -> None:
    text = (HEAD % ("multiclass", "output")).replace("target: y", "target: kind, drop: [y]")
    _, (low, high) = used(table, f"{text}loss: {loss}\n" + TRAIN % "0.05")
    assert (low["prediction"], high["prediction"]) == ("p", "r")


def test_a_focal_loss_trains_a_binary_classifier(table: Path) -> None:
    lines = (table / "table.csv").read_text().replace(",q\n", ",p\n")
    (table / "table.csv").write_text(lines)
    text = (HEAD % ("binary", "output")).replace("target: y", "target: kind, drop: [y]")
    loss = "{name: binary_focal_crossentropy, apply_class_balancing: true, alpha: 0.6}"
    _, (low, high) = used(table, f"{text}loss: {loss}\n" + TRAIN % "0.05")
    assert (low["prediction"], high["prediction"]) == ("p", "r")
