"""`nncli ensemble`: the mean of the seeds, in Keras, in model.tflite and in every export; what cannot be joined."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import typer.testing
from sklearn.datasets import load_diabetes
from sklearn.metrics import accuracy_score, r2_score

from nncli.cli import app
from nncli.runtime.predictor import Predictor

TABLE = """
data: {{source: csv, path: t.csv, target: {target}}}
model: {{layers: [{{dense: {{units: 6}}}}, output]}}
optimizer: {{name: adam, learning_rate: 0.02}}
train: {{epochs: 3, batch_size: 36, executor: graph, health: false}}
"""  # 216 rows in equal batches: for a smaller last one, a second loop is traced in each training


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def write(here: Path, target: str = "kind") -> Path:
    generator = np.random.default_rng(1)
    x, colours = generator.normal(size=(300, 2)), generator.integers(0, 30, 300)
    lines = ["a,b,colour,kind,amount"]
    for (a, b), colour in zip(x, colours, strict=True):
        kind = "pqr"[int(a > 0.3) + int(b > 0.3)]
        lines.append(f"{a:.4f},{'' if b > 2 else f'{b:.4f}'},c{colour},{kind},{100 + 20 * a - 7 * b:.3f}")
    (here / "t.csv").write_text("\n".join(lines) + "\n")
    other = "amount" if target == "kind" else "kind"
    text = TABLE.format(target=target).replace("target: ", f"drop: [{other}], target: ")
    (here / "t.yaml").write_text(text)
    return here / "t.yaml"


def compare(here: Path, config: Path, *options: object) -> Path:
    vary = ["--vary", "model.layers.0.dense.units=6,7", "--seeds", 3, "--jobs", 1, "--runs-dir", here / "runs"]
    outcome = nncli("compare", config, *vary, *options, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["comparison"])


def join(here: Path, *options: object) -> dict[str, Any]:
    outcome = nncli("ensemble", "latest", "--runs-dir", here / "runs", "--json", *options)
    assert outcome.exit_code == 0, outcome.stderr
    return dict(json.loads(outcome.stdout))


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    here = tmp_path_factory.mktemp("joined")
    comparison = compare(here, write(here), "--fixed-split")
    return here, comparison, join(here, "--variant", "units=6")


def predictions(here: Path, run: Path) -> np.ndarray:
    """The probabilities of all rows of the table, as `nncli predict` gives them."""
    outcome = nncli("predict", here / "t.csv", "--run", run, "--format", "jsonl", "--top", 3)
    rows = [json.loads(line) for line in outcome.stdout.splitlines()]
    return np.array([[row["probabilities"][name] for name in "pqr"] for row in rows])


def test_it_predicts_the_mean_of_its_members(joined: tuple[Path, Path, dict[str, Any]]) -> None:
    here, comparison, answer = joined
    assert answer["ensemble"]["seeds"] == [1, 2, 3] and answer["ensemble"]["variant"] == "dense.units=6"
    members = [predictions(here, comparison / f"dense.units=6-seed{seed}") for seed in (1, 2, 3)]
    np.testing.assert_allclose(predictions(here, Path(answer["run"])), np.mean(members, axis=0), atol=2e-6)


def test_its_score_is_that_of_the_shared_test_rows(joined: tuple[Path, Path, dict[str, Any]]) -> None:
    here, comparison, answer = joined
    with np.load(comparison / "dense.units=6-seed1" / "splits.npz") as splits:
        rows = splits["test"]
    truth = np.array([line.split(",")[3] for line in (here / "t.csv").read_text().split()[1:]])[rows]
    names = np.array(list("pqr"))
    score = accuracy_score(truth, names[predictions(here, Path(answer["run"]))[rows].argmax(axis=1)])
    assert answer["test"]["metrics"]["accuracy"] == pytest.approx(score)
    for seed, value in zip((1, 2, 3), answer["ensemble"]["singles"], strict=True):
        own = predictions(here, comparison / f"dense.units=6-seed{seed}")[rows].argmax(axis=1)
        assert value == pytest.approx(accuracy_score(truth, names[own]))
    gain = answer["ensemble"]["over_mean"]
    assert gain["value"] == pytest.approx(score - np.mean(answer["ensemble"]["singles"]))
    assert gain["interval"][0] <= gain["value"] <= gain["interval"][1]
    measured = nncli("eval", answer["run"], "--json")
    assert json.loads(measured.stdout)["metrics"] == pytest.approx(answer["test"]["metrics"], abs=1e-6)


def test_keras_loads_it_without_nncli_and_agrees_with_the_exported_model(
    joined: tuple[Path, Path, dict[str, Any]],
) -> None:
    _, _, answer = joined
    run = Path(answer["run"])
    model = keras.saving.load_model(run / "model.keras")
    inputs = {
        "numbers": np.array([[0.5, np.nan], [-1.0, 0.2]], np.float32),
        "categories": np.array([[1], [0]], np.int32),
    }
    expected = model.predict(inputs, verbose=0)
    np.testing.assert_allclose(Predictor((run / "model.tflite").read_bytes()).predict(inputs), expected, atol=1e-5)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-5)


def test_it_is_exported_and_refused_as_it_should(joined: tuple[Path, Path, dict[str, Any]], tmp_path: Path) -> None:
    here, _, answer = joined
    run = answer["run"]
    exported = nncli("export", run, "--format", "saved_model", "--output", tmp_path / "m", "--json")
    assert exported.exit_code == 0, exported.stderr
    assert json.loads(exported.stdout)["checked"]["largest_difference"] < 1e-4
    for words, message in (
        (["export", run, "--format", "script", "--output", tmp_path / "m.py"], "a script trains one network"),
        (["eval", run, "--calibrate"], "--calibrate is for a single network"),
        (["train", "--resume", run], "is an ensemble, not a training"),
        (["reproduce", run], "only a finished training can be reproduced"),
        (["ensemble", run], "no comparison"),
        (["ensemble", "latest", "--runs-dir", here / "runs", "--variant", "units"], "no one variant is called so"),
    ):
        outcome = nncli(*words)
        assert outcome.exit_code != 0 and message in " ".join(outcome.stderr.split()), words


def test_a_damaged_member_is_noticed(joined: tuple[Path, Path, dict[str, Any]]) -> None:
    here, comparison, _ = joined
    weights = comparison / "dense.units=7-seed2" / "weights.npz"
    content = weights.read_bytes()
    weights.write_bytes(content[:-9] + b"123456789")
    outcome = nncli("ensemble", comparison, "--runs-dir", here / "runs", "--variant", "units=7")
    weights.write_bytes(content)
    assert outcome.exit_code == 2 and "damaged" in outcome.stderr


def test_seeds_with_splits_of_their_own_are_refused_with_the_fix(tmp_path: Path) -> None:
    compare(tmp_path, write(tmp_path), "--seeds", 2, "--epochs", 1, "--set", "train.batch_size=full")
    outcome = nncli("ensemble", "latest", "--runs-dir", tmp_path / "runs")
    assert outcome.exit_code == 2
    assert "nncli compare --fixed-split" in outcome.stderr
    assert "read their inputs in different ways" in outcome.stderr or "share" in outcome.stderr


@pytest.mark.long
def test_values_are_averaged_in_their_own_unit_on_the_rows_that_all_seeds_share(tmp_path: Path) -> None:
    """Two seeds with splits of their own: half of the rows are tested, so that a quarter is shared."""
    config = tmp_path / "d.yaml"
    config.write_text(
        "data: {source: diabetes, test: 0.5}\nmodel: {layers: [{dense: {units: 6}}, output]}\n"
        "optimizer: {name: adam, learning_rate: 0.02}\n"
        "train: {epochs: 3, batch_size: full, executor: graph, health: false}\n"
    )
    vary = ["--vary", "optimizer.name=adam,sgd", "--seeds", 2, "--jobs", 1, "--runs-dir", tmp_path / "runs"]
    comparison = Path(json.loads(nncli("compare", config, *vary, "--json").stdout)["comparison"])
    answer = join(tmp_path, "--variant", "optimizer=adam")
    runs = [comparison / f"optimizer=adam-seed{seed}" for seed in (1, 2)]
    tested = []
    for run in runs:
        with np.load(run / "splits.npz") as splits:
            tested.append(splits["test"])
    shared = np.intersect1d(*tested)
    bunch = load_diabetes(scaled=False)
    inputs = {"numbers": bunch.data[shared].astype(np.float32)}
    values = np.mean([Predictor((run / "model.tflite").read_bytes()).predict(inputs) for run in runs], axis=0)
    assert answer["ensemble"]["shared_rows"] == len(shared) < len(tested[0])
    assert answer["test"]["metrics"]["r2_score"] == pytest.approx(r2_score(bunch.target[shared], values), abs=1e-4)
    measured = json.loads(nncli("eval", answer["run"], "--json").stdout)
    assert measured["rows"] == len(shared)
    assert measured["metrics"] == pytest.approx(answer["test"]["metrics"], rel=1e-5)
