"""`nncli train --folds`: the folds, the final network, what is kept, and that nothing is half done."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing
import yaml
from sklearn.metrics import accuracy_score
from warm_start import WarmProcess

from nncli.cli import app
from nncli.config.reading.loading import load_config
from nncli.pipeline.folding.final import choose_epochs, final_options

CONFIG = """
seed: 3
data: {source: csv, path: t.csv, target: y, drop: [patient], split: {by: group, column: patient}}
model: {layers: [{dense: {units: 6}}, output]}
optimizer: {name: adam, learning_rate: 0.02}
train: {epochs: 4, batch_size: full, executor: graph, health: false}
"""  # one batch: for a smaller last one, a second loop is traced in each training
ROWS, PATIENTS = 120, 24


def write(here: Path) -> Path:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(ROWS, 2))
    lines = ["patient,a,b,y"]
    lines += [f"P{n % PATIENTS},{a:.4f},{b:.4f},{'yes' if a + b > 0 else 'no'}" for n, (a, b) in enumerate(x)]
    (here / "t.csv").write_text("\n".join(lines) + "\n")
    (here / "t.yaml").write_text(CONFIG)
    return here / "t.yaml"


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    here = tmp_path_factory.mktemp("folded")
    outcome = nncli("train", write(here), "--folds", 4, "--runs-dir", here / "runs", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return here, json.loads(outcome.stdout)


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return {name: stored[name] for name in stored.files}


def test_every_row_is_predicted_by_the_fold_that_did_not_see_its_patient(folded: tuple[Path, dict[str, Any]]) -> None:
    _, answer = folded
    run = Path(answer["run"])
    known = arrays(run / "out_of_fold.npz")
    np.testing.assert_array_equal(known["rows"], np.arange(ROWS))
    for fold in range(1, 5):
        splits = arrays(run / f"fold-{fold}" / "splits.npz")
        np.testing.assert_array_equal(splits["test"], known["rows"][known["folds"] == fold])
        trained = {row % PATIENTS for part in ("train", "validation") for row in splits[part]}
        assert not trained & {row % PATIENTS for row in splits["test"]}


def test_means_deviations_and_the_score_of_all_rows_are_those_of_the_predictions(
    folded: tuple[Path, dict[str, Any]],
) -> None:
    _, answer = folded
    known = arrays(Path(answer["run"]) / "out_of_fold.npz")
    predicted, truth = known["predictions"][:, 0] > 0.5, known["targets"][:, 0] > 0.5
    scores = [accuracy_score(truth[known["folds"] == n], predicted[known["folds"] == n]) for n in range(1, 5)]
    spread = answer["folds"]["metrics"]["accuracy"]
    assert spread["values"] == pytest.approx(scores)
    assert (spread["mean"], spread["deviation"]) == pytest.approx((np.mean(scores), np.std(scores, ddof=1)))
    assert answer["folds"]["out_of_fold"]["metrics"]["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert answer["test"]["metrics"]["accuracy"] == pytest.approx(accuracy_score(truth, predicted))


def test_the_final_network_learns_from_all_rows_for_the_median_of_the_epochs(
    folded: tuple[Path, dict[str, Any]],
) -> None:
    here, answer = folded
    run = Path(answer["run"])
    assert len(arrays(run / "splits.npz")["train"]) == ROWS
    epochs = sorted(each["kept_epoch"] for each in answer["folds"]["each"])
    assert answer["epochs"] == answer["kept_epoch"] == int((epochs[1] + epochs[2]) / 2 + 0.5)
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["data"]["fold"] == {"of": 4, "test": "none"} and config["train"]["keep"] == "last"
    predicted = nncli("predict", here / "t.csv", "--run", run, "--json")
    assert predicted.exit_code == 0
    refused = nncli("eval", run)
    assert refused.exit_code == 2 and "learned from all rows" in refused.stderr and "--data PATH" in refused.stderr
    assert nncli("eval", run, "--data", here / "t.csv").exit_code == 0


def test_a_fold_is_an_ordinary_run_that_is_repeated_to_the_bit(folded: tuple[Path, dict[str, Any]]) -> None:
    here, answer = folded
    for run in (Path(answer["run"]) / "fold-2", Path(answer["run"])):
        outcome = nncli("reproduce", run, "--runs-dir", here / "again", "--json")
        assert outcome.exit_code == 0 and json.loads(outcome.stdout)["equal"]
    measured = nncli("eval", Path(answer["run"]) / "fold-2", "--json")
    assert json.loads(measured.stdout)["metrics"] == pytest.approx(answer["folds"]["each"][1]["metrics"], abs=1e-6)


def test_what_goes_on_or_lists_is_the_final_run(folded: tuple[Path, dict[str, Any]]) -> None:
    here, answer = folded
    listed = json.loads(nncli("runs", "--runs-dir", here / "runs", "--json").stdout)
    assert [Path(each["path"]).name for each in listed["runs"]] == [Path(answer["run"]).name]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--folds", "4", "--resume", "latest"], "--folds trains several networks"),
        (["--folds", "4", "--dry-run"], "does not go with --folds"),
        (["--folds", "4", "--set", "data.fold={of: 2, test: 1}"], "so does data.fold"),
        (["--folds", "30"], "need at least 30 groups, got 24"),
        (["--folds", "1"], "Invalid value for '--folds'"),
        (["--set", "data.fold={of: 4, test: none}"], "leaves no test set"),
        (["--set", "data.fold={of: 4, test: 5}"], "there are 4 folds, got test: 5"),
        (["--set", "data.split={by: group}"], "by: group needs `column`"),
    ],
)
def test_what_cannot_be_folded_is_one_message_and_leaves_nothing(
    tmp_path: Path, options: list[str], message: str
) -> None:
    outcome = nncli("train", write(tmp_path), *options, "--runs-dir", tmp_path / "runs")
    assert outcome.exit_code == 2 and message in " ".join(outcome.stderr.split())
    assert not (tmp_path / "runs").exists()


def test_a_fold_that_diverges_fails_the_run_which_then_has_no_model(tmp_path: Path) -> None:
    options = ["--set", "optimizer.learning_rate=1e30", "--set", "optimizer.name=sgd"]
    outcome = nncli("train", write(tmp_path), "--folds", 2, *options, "--runs-dir", tmp_path / "runs")
    assert outcome.exit_code == 4 and "fold 1 did not end" in " ".join(outcome.stderr.split())
    [run] = (tmp_path / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "failed" and not (run / "manifest.json").exists()


def test_one_that_is_stopped_has_no_model_and_says_so(tmp_path: Path) -> None:
    words = ["train", write(tmp_path), "--folds", 3, "--epochs", 100_000, "--runs-dir", tmp_path / "runs"]
    process = WarmProcess(*words)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("runs/*/fold-*/metrics.jsonl")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
    [run] = (tmp_path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    refused = nncli("predict", tmp_path / "t.csv", "--run", run)
    assert refused.exit_code == 2 and "has no model yet" in refused.stderr
    refused = nncli("train", "--resume", run)
    assert refused.exit_code == 2 and "ended before its training began" in refused.stderr


def test_a_source_with_a_test_set_of_its_own_keeps_it_for_the_final_network(tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(90, 3)), generator.integers(0, 2, 90)
    np.savez(tmp_path / "a.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    (tmp_path / "a.yaml").write_text(
        "data: {source: npz, path: a.npz}\nmodel: {layers: [output]}\n"
        "train: {epochs: 2, batch_size: full, executor: graph, keep: last, health: false}\n"
    )
    outcome = nncli("train", tmp_path / "a.yaml", "--folds", 3, "--runs-dir", tmp_path / "runs", "--json")
    answer = json.loads(outcome.stdout)
    assert answer["test"]["rows"] == 30 and answer["folds"]["tested_rows"] == 60 and answer["epochs"] == 2


def test_the_final_config_follows_the_loss_and_keeps_the_course_of_a_cosine(tmp_path: Path) -> None:
    path = write(tmp_path)
    rate = "optimizer.learning_rate={schedule: cosine, initial_learning_rate: 0.1}"
    told = load_config(
        str(path), [rate], final_options(load_config(str(path), [rate]).config, 4, 3, has_validation=False)
    )
    assert told.config.optimizer.learning_rate.decay_epochs == 4  # type: ignore[union-attr]
    assert told.config.train.epochs == 3
    plateau = "train.reduce_lr_on_plateau={monitor: val_accuracy, patience: 1}"
    loaded = load_config(str(path), [plateau])
    told = load_config(str(path), [plateau], final_options(loaded.config, 4, 3, has_validation=False))
    assert told.config.train.reduce_lr_on_plateau.monitor == "accuracy"  # type: ignore[union-attr]
    assert told.config.train.early_stopping.monitor == "loss"  # type: ignore[union-attr]


def test_the_median_is_rounded_up() -> None:
    assert choose_epochs([{"kept_epoch": n} for n in (3, 4)]) == 4
    assert choose_epochs([{"kept_epoch": n} for n in (9, 1, 2)]) == 2


@pytest.mark.long
def test_a_comparison_over_folds_tests_each_row_once_and_goes_on_the_same(tmp_path: Path) -> None:
    varied = ["--vary", "model.layers.0.dense.units=2,6", "--folds", 3, "--epochs", 2, "--runs-dir", tmp_path / "runs"]
    outcome = nncli("compare", write(tmp_path), *varied, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    result = json.loads(outcome.stdout)
    assert result["question"]["method"] == "corrected resampled t"
    cells = [Path(result["comparison"]) / f"dense.units=6-seed{seed}" for seed in (3, 4, 5)]
    tested = [arrays(cell / "splits.npz")["test"] for cell in cells]
    assert sorted(np.concatenate(tested)) == list(range(ROWS))
    record = json.loads((Path(result["comparison"]) / "run.json").read_text())
    assert record["request"]["folds"] == 3
    refused = nncli("compare", "--resume", result["comparison"], "--seeds", 9)
    assert refused.exit_code == 2 and "a seed for each of its folds" in refused.stderr
    again = nncli("compare", write(tmp_path), *varied, "--fixed-split")
    assert again.exit_code == 2 and "--folds 3 trains each variant once for each fold" in again.stderr
