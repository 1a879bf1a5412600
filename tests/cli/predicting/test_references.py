"""What `eval` says of the network beside other models on the same rows."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from nncli.cli import app


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_eval_compares_with_models_fitted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    runs = tmp_path / "runs"
    trained = nncli("train", "logistic_regression", "--epochs", 3, "--runs-dir", runs, "--json")
    assert trained.exit_code == 0, trained.stderr

    first = nncli("eval", "--runs-dir", runs, "--json")
    assert first.exit_code == 0, first.stderr
    told = json.loads(first.stdout)["references"]
    assert told["metric"] == "auc" and told["value"] == pytest.approx(json.loads(first.stdout)["metrics"]["auc"])
    assert [model["name"] for model in told["models"]] == ["guessing", "logistic regression", "boosted trees"]
    guessing = told["models"][0]
    assert guessing["value"] == 0.5 and guessing["verdict"] == "ahead"
    assert guessing["difference"] == pytest.approx(told["value"] - 0.5)

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr("nncli.pipeline.predicting.scoring.references.fit_linear", fail)
    monkeypatch.setattr("nncli.pipeline.predicting.scoring.references.fit_trees", fail)
    again = nncli("eval", "--runs-dir", runs, "--json")
    assert again.exit_code == 0, again.stderr
    assert json.loads(again.stdout)["references"] == told
    text = nncli("eval", "--runs-dir", runs).stdout
    assert "beats guessing (0.5000) by 0." in text and "boosted trees" in text
    assert max(map(len, text.splitlines()[:-1])) <= 80


def test_other_data_and_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    generator = np.random.default_rng(0)
    lines = ["size,price"]
    for _ in range(60):
        size = generator.random()
        lines.append(f"{size:.4f},{5 + 3 * size + generator.normal(0, 0.1):.4f}")
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "t.yaml").write_text(
        "data: {source: csv, path: t.csv, target: price}\nmodel: {layers: [{dense: {units: 4}}, output]}\n"
        "train: {epochs: 2, executor: graph}\n"
    )
    runs = tmp_path / "runs"
    assert nncli("train", tmp_path / "t.yaml", "--runs-dir", runs).exit_code == 0
    told = json.loads(nncli("eval", "--runs-dir", runs, "--json").stdout)["references"]
    linear = next(model for model in told["models"] if model["name"] == "linear regression")
    assert linear["verdict"] == "behind" and linear["value"] > 0.9
    assert "behind linear regression" in nncli("eval", "--runs-dir", runs).stdout
    other = nncli("eval", "--runs-dir", runs, "--data", tmp_path / "t.csv", "--json")
    assert json.loads(other.stdout)["references"] is None

    assert nncli("train", "digits_softmax", "--epochs", 1, "--runs-dir", runs).exit_code == 0
    told = json.loads(nncli("eval", "--runs-dir", runs, "--json").stdout)["references"]
    assert [model["name"] for model in told["models"]] == ["guessing", "softmax regression"]


def test_a_model_that_cannot_be_fitted_is_left_out_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))

    def fail(*_: object) -> None:
        raise ValueError("Input X contains infinity\nor more")

    monkeypatch.setattr("nncli.pipeline.predicting.scoring.references.fit_trees", fail)
    runs = tmp_path / "runs"
    assert nncli("train", "linear_regression", "--epochs", 1, "--runs-dir", runs).exit_code == 0
    outcome = nncli("eval", "--runs-dir", runs, "--json")
    assert outcome.exit_code == 0 and "boosted trees could not be fitted" in outcome.stderr
    names = [model["name"] for model in json.loads(outcome.stdout)["references"]["models"]]
    assert names == ["guessing", "linear regression"]
