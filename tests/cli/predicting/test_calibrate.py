"""`eval --calibrate`: the temperature in the weights, and so in every way to use the run."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from nncli.cli import app

pytestmark = pytest.mark.drawn


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


TASKS = {
    "binary": "model: {layers: [{dense: {units: 64}}, output]}",
    "members": "model: {members: 4, layers: [{dense: {units: 64}}, output]}",
    "softmax": "model: {layers: [{dense: {units: 64}}, {dense: {units: 3, activation: softmax}}]}\n"
    "loss: {name: sparse_categorical_crossentropy, from_logits: false}",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy classes that a network learns by heart: it is then far too sure."""
    here = tmp_path_factory.mktemp("noisy")
    generator = np.random.default_rng(2)
    lines = ["a,b,c,d,two,three"]
    for _ in range(900):
        row = generator.normal(size=4)
        two = row[0] + generator.normal(0, 1.0) > 0
        three = int(np.digitize(row[1] + generator.normal(0, 0.7), [-0.5, 0.5]))
        lines.append(",".join([*(f"{value:.4f}" for value in row), "yes" if two else "no", f"c{three}"]))
    (here / "noisy.csv").write_text("\n".join(lines) + "\n")
    return here


@pytest.mark.parametrize("name", TASKS)
def test_every_way_to_use_the_run_is_calibrated(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.setenv("NNCLI_CACHE_DIR", str(folder / "cache"))
    target, other = ("three", "two") if name == "softmax" else ("two", "three")
    (folder / f"{name}.yaml").write_text(
        f"name: {name}\ndata: {{source: csv, path: noisy.csv, target: {target}, drop: [{other}], validation: 0.4}}\n"
        f"{TASKS[name]}\noptimizer: {{name: adam, learning_rate: 0.01}}\ntrain: {{epochs: 200, keep: last}}\n"
    )
    outcome = nncli("train", folder / f"{name}.yaml", "--runs-dir", folder / "runs", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    run = Path(json.loads(outcome.stdout)["run"])
    before = json.loads(nncli("eval", run, "--json").stdout)
    assert before["offered"]["temperature"] > 1.2
    assert "--calibrate" in nncli("eval", run).stdout

    outcome = nncli("eval", run, "--calibrate", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert "logits divided by" in outcome.stderr
    after = json.loads(outcome.stdout)

    assert after["offered"] is None
    assert after["metrics"]["log_loss"] == pytest.approx(before["offered"]["log_loss"], rel=0.03)
    assert after["metrics"]["log_loss"] < before["metrics"]["log_loss"] - 0.02
    assert after["metrics"]["accuracy"] == pytest.approx(before["metrics"]["accuracy"], abs=0.02)
    temperature = json.loads((run / "summary.json").read_text())["temperature"]
    assert temperature == pytest.approx(before["offered"]["temperature"], rel=0.1)

    answers = json.loads(nncli("predict", folder / "noisy.csv", "--run", run, "--json").stdout)["predictions"][:20]
    facts = json.loads((run / "inputs.json").read_text())
    table = np.genfromtxt(folder / "noisy.csv", delimiter=",", skip_header=1, usecols=range(4), max_rows=20)
    model = keras.saving.load_model(run / "model.keras")
    found = model.predict({"numbers": table.astype("float32")}, verbose=0)
    last = facts["target"]["classes"][-1]
    told = [answer["probabilities"][last] for answer in answers]
    np.testing.assert_allclose(told, found[:, -1], atol=1e-4)
    (run / "model.tflite").unlink()  # then Keras predicts with weights.npz
    again = json.loads(nncli("predict", folder / "noisy.csv", "--run", run, "--json").stdout)["predictions"][:20]
    np.testing.assert_allclose([answer["probabilities"][last] for answer in again], told, atol=1e-4)

    once_more = nncli("eval", run, "--calibrate", "--json")
    assert "already calibrated" in once_more.stderr
    assert (run / "evaluation" / "calibration.png").stat().st_size > 5000


def test_a_regression_has_nothing_to_calibrate(tmp_path: Path) -> None:
    assert nncli("train", "linear_regression", "--epochs", 1, "--runs-dir", tmp_path / "runs").exit_code == 0
    outcome = nncli("eval", "--runs-dir", tmp_path / "runs", "--calibrate")
    assert outcome.exit_code == 2 and "probabilities" in outcome.stderr and "Traceback" not in outcome.stderr
