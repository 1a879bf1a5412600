"""`train --dry-run` and `train --overfit-batch`: what they find, how they end, and that nothing is left of them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing
import yaml

from nncli.cli import app


def run(*words: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, ["train", *map(str, words)])


def config(here: Path, **sections: Any) -> Path:
    path = here / "tried.yaml"
    path.write_text(yaml.safe_dump({"data": {"source": "iris"}, **sections}))
    return path


def table(here: Path, rows: list[str]) -> dict[str, Any]:
    (here / "rows.csv").write_text("a,b,target\n" + "\n".join(rows) + "\n")
    return {"source": "csv", "path": "rows.csv", "target": "target", "duplicates": "keep"}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()


def nothing_is_left(here: Path) -> bool:
    return not (here / "runs").exists() and not list((here / "temporary").iterdir())


def test_a_network_that_can_learn_says_yes_and_leaves_no_run(tmp_path: Path) -> None:
    outcome = run("digits_softmax", "--overfit-batch", "--json")
    found = json.loads(outcome.stdout)
    assert outcome.exit_code == 0 and found["learned"] and found["rows"] == 32
    [attempt] = found["attempts"]
    assert attempt["score"] == 1.0 and attempt["loss"] <= 0.1 * attempt["first_loss"]
    assert attempt["first_loss"] == pytest.approx(np.log(10), rel=0.2)  # ten classes, nothing learned yet
    assert nothing_is_left(tmp_path)


def test_dropout_noise_augmentation_and_penalties_are_switched_off_and_named(tmp_path: Path) -> None:
    layers = [
        {"random_translation": {"height_factor": 0.2, "width_factor": 0.2}},
        {"flatten": {}},
        {"gaussian_noise": {"stddev": 1.0}},
        {"dense": {"units": 32, "kernel_regularizer": {"l2": 1.0}}},
        {"dropout": {"rate": 0.9}},
        "output",
    ]
    path = config(tmp_path, data={"source": "digits"}, model={"layers": layers})
    outcome = run(path, "--overfit-batch", "16", "--json")
    found = json.loads(outcome.stdout)
    assert outcome.exit_code == 0 and found["rows"] == 16
    assert found["switched_off"] == ["random_translation_1", "gaussian_noise_1", "dense_1", "dropout_1"]


def test_a_linear_network_on_xor_says_no_with_exit_code_1_and_what_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nncli.pipeline.rehearsing.overfit.MOST_STEPS", 400)
    rows = [f"{a}.{digit},{b}.{digit},{a ^ b}" for digit in range(1, 9) for a in (0, 1) for b in (0, 1)]
    data = table(tmp_path, [*rows])
    linear = run(config(tmp_path, data=data, model={"layers": ["output"]}), "--overfit-batch", "16")
    assert linear.exit_code == 1 and linear.stdout.startswith("no: the network did not learn 16 rows")
    assert "no hidden layer" in linear.stdout
    layers = [{"dense": {"units": 32, "activation": "relu"}}, "output"]
    hidden = run(config(tmp_path, data=data, model={"layers": layers}), "--overfit-batch", "16")
    assert hidden.exit_code == 0 and hidden.stdout.startswith("yes: the network learned 16 rows by heart")


def test_rows_that_contradict_each_other_are_told_and_do_not_count_against_the_network(tmp_path: Path) -> None:
    rows = [f"{n},{n % 7},{n % 2}" for n in range(28)] + ["5,5,0"] * 3 + ["5,5,1"] * 3
    layers = [{"dense": {"units": 64, "activation": "relu"}}, "output"]
    data = {**table(tmp_path, rows), "validation": 0.1, "test": 0.1}
    path = config(tmp_path, data=data, model={"layers": layers})
    outcome = run(path, "--overfit-batch", "27", "--json", "--set", "optimizer={name: adam, learning_rate: 0.01}")
    found = json.loads(outcome.stdout)
    assert outcome.exit_code == 0, outcome.output
    assert found["enough"] < 1.0 and "the same inputs as others, but another target" in found["notes"][0]


def test_an_optimizer_that_is_too_slow_is_told_from_a_network_that_cannot_learn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nncli.pipeline.rehearsing.overfit.MOST_STEPS", 300)
    layers = [{"dense": {"units": 16, "activation": "relu"}}, "output"]
    slow = {"name": "sgd", "learning_rate": 1e-6}
    found = json.loads(
        run(config(tmp_path, model={"layers": layers}, optimizer=slow), "--overfit-batch", "--json").stdout
    )
    assert found["learned"] and [attempt["learned"] for attempt in found["attempts"]] == [False, True]
    assert "not with its own optimizer" in found["advice"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--overfit-batch", "1"], "expected 2 rows or more"),
        (["--overfit-batch", "-3"], "expected 2 rows or more"),
        (["--overfit-batch", "5000"], "the training set has"),
        (["--overfit-batch", "--resume", "latest"], "does not go with --resume"),
        (["--dry-run", "--resume", "latest"], "does not go with --resume"),
        (["--dry-run", "--max-minutes", "3"], "does not go with --max-minutes"),
        (["--dry-run", "--overfit-batch"], "does not go with --overfit-batch"),
    ],
)
def test_what_does_not_fit_is_refused_with_exit_code_2(words: list[str], told: str, tmp_path: Path) -> None:
    outcome = run(*words)
    assert outcome.exit_code == 2 and told in outcome.stderr and nothing_is_left(tmp_path)


def test_a_dry_run_goes_through_to_the_export_and_leaves_nothing(tmp_path: Path) -> None:
    outcome = run("digits_softmax", "--dry-run", "--epochs", "7", "--json")
    found = json.loads(outcome.stdout)
    assert outcome.exit_code == 0 and nothing_is_left(tmp_path)
    assert found["epochs_asked"] == 7 and found["executor"] == "graph"
    assert found["total_seconds"] == pytest.approx(found["other_seconds"] + 7 * found["epoch_seconds"])
    assert found["verified"]["rows"] == 8 and found["verified"]["largest_difference"] < 1e-4
    assert found["folder_bytes"] > sum(found["exports"].values()) > 0


def test_a_dry_run_stops_inside_a_long_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nncli.pipeline.rehearsing.dry_run._MEASURED_SECONDS", 0.0)
    found = json.loads(run("digits_softmax", "--dry-run", "--json").stdout)
    assert found["steps"] == 1 and found["epochs"] == 1
    # 1,150 rows in batches of 32 are 36 steps; a validation is added to them.
    assert found["epoch_seconds"] > 35 * found["step_seconds"]


def test_a_run_folder_without_room_or_right_to_write_is_found_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nncli.pipeline.rehearsing.dry_run._free", lambda place: 1000)
    outcome = run("--dry-run", "--epochs", "1")
    assert outcome.exit_code == 1 and "and 1,000 are free there" in outcome.stderr
    (tmp_path / "file").write_text("")
    outcome = run("--dry-run", "--runs-dir", tmp_path / "file" / "runs")
    assert outcome.exit_code == 1 and "cannot be written" in outcome.stderr


def test_ctrl_c_leaves_nothing_of_a_dry_run(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "nncli", "train", "--dry-run"]
    temporary = tmp_path / "temporary"
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(temporary)})
    deadline = time.monotonic() + 120
    while not list(temporary.glob("nncli-dry-run-*/*/config.yaml")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert not list(temporary.glob("nncli-dry-run-*")) and not (tmp_path / "runs").exists()
