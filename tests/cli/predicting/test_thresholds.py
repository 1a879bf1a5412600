"""Thresholds chosen on the validation set: in the run, in `eval` and in `predict`."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from nncli.cli import app


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rare positive class, which a network hardly ever finds more likely than not."""
    here = tmp_path_factory.mktemp("rare")
    generator = np.random.default_rng(2)
    lines = ["x,y,ill"]
    for _ in range(6000):
        x, y = generator.normal(size=2)
        ill = generator.random() < 1 / (1 + np.exp(-(1.5 * x + y - 2.6)))
        lines.append(f"{x:.4f},{y:.4f},{'yes' if ill else 'no'}")
    (here / "rare.csv").write_text("\n".join(lines) + "\n")
    (here / "rare.yaml").write_text(
        "data: {source: csv, path: rare.csv, target: ill, validation: 0.2}\n"
        "model: {layers: [{dense: {units: 4}}, output]}\ntrain: {epochs: 12}\n"
    )
    outcome = nncli("train", here / "rare.yaml", "--runs-dir", here / "runs", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert "predicts yes above 0." in outcome.stderr and "validation set" in outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


def test_eval_and_training_measure_with_the_chosen_threshold(run: Path) -> None:
    threshold = json.loads((run / "inputs.json").read_text())["target"]["thresholds"][0]
    assert 0.1 < threshold < 0.5
    outcome = nncli("eval", run, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    told = json.loads(outcome.stdout)
    assert told["thresholds"] == {"yes": threshold}
    trained = json.loads((run / "summary.json").read_text())["test"]["metrics"]
    assert told["metrics"]["f1"] == pytest.approx(trained["f1"], abs=1e-4)
    text = nncli("eval", run).stdout
    assert f"yes above {threshold:.3g}" in text and max(map(len, text.splitlines()[:-1])) <= 80


def test_predict_uses_it_and_an_option_overrides_it(run: Path) -> None:
    threshold = json.loads((run / "inputs.json").read_text())["target"]["thresholds"][0]
    table = run.parent.parent / "rare.csv"

    def predicted(*options: object) -> tuple[np.ndarray, np.ndarray, str]:
        outcome = nncli("predict", table, "--run", run, "--json", *options)
        assert outcome.exit_code == 0, outcome.stderr
        answers = json.loads(outcome.stdout)["predictions"]
        yes = np.array([answer["prediction"] == "yes" for answer in answers])
        for answer in answers:
            assert answer["probability"] == answer["probabilities"][answer["prediction"]]
        return yes, np.array([answer["probabilities"]["yes"] for answer in answers]), outcome.stderr

    yes, probability, said = predicted()
    assert (yes == (probability > threshold)).all() and f"yes above {threshold:.3g}" in said
    yes, probability, said = predicted("--threshold", 0.8)
    assert (yes == (probability > 0.8)).all() and "--threshold" in said
    yes, probability, said = predicted("--threshold", 0.5)
    assert (yes == (probability > 0.5)).all() and "above" not in said


def test_a_threshold_for_another_task_is_refused(run: Path, tmp_path: Path) -> None:
    assert nncli("train", "linear_regression", "--epochs", 1, "--runs-dir", tmp_path / "runs").exit_code == 0
    outcome = nncli("predict", run.parent.parent / "rare.csv", "--runs-dir", tmp_path / "runs", "--threshold", 0.3)
    assert outcome.exit_code == 2 and "regression" in outcome.stderr and "Traceback" not in outcome.stderr
    assert nncli("predict", "x.csv", "--run", run, "--threshold", 1.5).exit_code == 2
