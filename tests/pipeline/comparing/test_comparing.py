"""Comparisons that train or take finished runs: splits, budgets, learning rates, and trainings that fail."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import pipeline
from nncli.console import Console
from nncli.errors import NncliError, RunError, UsageError
from nncli.pipeline.comparing import cell_training
from nncli.run import files

NETWORK = """
data: {source: iris}
model: {layers: [{dense: {units: 4}}, output]}
optimizer: {name: adam, learning_rate: 0.01}
train: {epochs: 2, batch_size: 36, executor: graph, health: false, early_stopping: {patience: 1}}
"""  # 108 rows in equal batches: for a smaller last one, a second loop is traced in each training


@pytest.fixture
def config(tmp_path: Path) -> str:
    return write_config(tmp_path)


def write_config(folder: Path) -> str:
    path = folder / "net.yaml"
    path.write_text(NETWORK)
    return str(path)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A comparison on two seeds with splits of their own, and its folder."""
    here = tmp_path_factory.mktemp("drawn")
    return compare(here, [write_config(here)], ["optimizer.learning_rate=0.001,0.1"])[0], here


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A comparison on one seed that searches for learning rates."""
    here = tmp_path_factory.mktemp("searched")
    return compare(here, [write_config(here)], ["optimizer.name=sgd,adam"], lr_range=True, seeds=1)[0]


def compare(tmp_path: Path, words: list[str], vary: list[str] | None, **options: Any) -> tuple[Any, str]:
    told = io.StringIO()
    request = pipeline.ComparisonRequest.parse(words, vary, **{"seeds": 2, "jobs": "1", **options})
    folders = pipeline.Folders(tmp_path / "runs")
    return pipeline.compare(request, folders=folders, console=Console(stderr=told)), told.getvalue()


def records(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    runs = [Path(run) for variant in result["variants"] for run in variant["runs"]]
    return [json.loads((run / name).read_text()) for run in runs]


def test_seeds_draw_new_splits_unless_the_split_is_fixed(drawn: tuple[Any, Path], tmp_path: Path, config: str) -> None:
    free, _ = drawn
    fixed, _ = compare(tmp_path, [config], ["model.layers.0.dense.units=3,6"], fixed_split=True)
    assert free.result["question"]["kind"] == "new_splits"
    assert free.result["question"]["overlap"] == pytest.approx(30 / 120)
    assert fixed.result["question"]["kind"] == "fixed_test"
    prints = [{each["data"]["fingerprint"] for each in records(told.result, files.RECORD)} for told in (free, fixed)]
    assert [len(each) for each in prints] == [2, 1]
    summaries = records(fixed.result, files.SUMMARY)
    assert summaries[0]["test"]["metrics"] != summaries[1]["test"]["metrics"], "the weights still follow the seed"
    assert fixed.warnings and fixed.warnings[0].startswith("not equal: parameters, from 27 (dense.units=3)")


def test_a_grid_varies_every_key_with_every_other(tmp_path: Path, config: str) -> None:
    vary = ["model.layers.0.dense.units=3,6", "optimizer.name=sgd,adam"]
    told, _ = compare(tmp_path, [config], vary, seeds=1)
    assert [variant["name"] for variant in told.result["variants"]] == [
        f"dense.units={units} optimizer={name}" for units in (3, 6) for name in ("sgd", "adam")
    ]
    assert set(told.result["differing"]) == {"model.layers[0].dense.units", "optimizer.name"}
    assert {each["verdict"] for each in told.result["verdicts"]} <= {"one_seed", "identical"}
    cells = list(csv.DictReader((told.folder.path / files.CELLS).read_text().splitlines()))
    assert [cell["parameters"] for cell in cells] == ["27", "27", "51", "51"]


def test_the_answers_of_the_test_rows_are_those_of_the_score(searched: Any) -> None:
    for variant in searched.result["variants"]:
        with np.load(Path(variant["runs"][0]) / files.ANSWERS) as answers:
            assert answers["right"].mean() == pytest.approx(variant["test"]["values"][0])
    sgd, adam = (set(variant["runs"]) for variant in searched.result["variants"])
    [verdict] = searched.result["verdicts"]
    net = verdict["row_tests"][0]["only_first"] - verdict["row_tests"][0]["only_second"]
    assert net / 30 == pytest.approx(verdict["mean"]) and sgd != adam


def test_a_failed_training_is_told_and_the_rest_goes_on(
    tmp_path: Path, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_into = cell_training.train_into

    def fail_at(folder: Any, prepared: Any, *rest: Any) -> Any:
        if prepared.config.seed == 2 and prepared.config.optimizer.name == "sgd":
            with cell_training.recorded(folder):
                raise NncliError("there is not enough memory")
        return train_into(folder, prepared, *rest)

    monkeypatch.setattr(cell_training, "train_into", fail_at)
    told, said = compare(tmp_path, [config], ["optimizer.name=sgd,adam"])
    assert "warning: seed 2  optimizer=sgd  there is not enough memory" in said
    sgd, adam = told.result["variants"]
    assert (sgd["failed"], sgd["diverged"], adam["failed"]) == (1, 0, 0)
    assert told.result["verdicts"][0]["seeds"] == [1]
    cells = list(csv.DictReader((told.folder.path / files.CELLS).read_text().splitlines()))
    assert [cell["status"] for cell in cells] == ["finished", "finished", "failed", "finished"]
    assert cells[2]["failure"] == "there is not enough memory"


def test_a_comparison_of_which_every_training_failed_says_why(
    tmp_path: Path, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Any, *rest: Any) -> Any:
        with cell_training.recorded(folder):
            raise NncliError("no room")

    monkeypatch.setattr(cell_training, "train_into", fail)
    with pytest.raises(NncliError, match="every training failed; the first one: no room"):
        compare(tmp_path, [config], ["optimizer.name=sgd,adam"])


def test_a_budget_gives_each_training_the_same(tmp_path: Path, config: str) -> None:
    epochs, _ = compare(tmp_path, [config], ["optimizer.learning_rate=0.01,30"], seeds=1, budget="epochs=4")
    assert [each["epochs"] for each in records(epochs.result, files.SUMMARY)] == [4, 4]
    seconds, _ = compare(tmp_path, [config], ["optimizer.name=sgd,adam"], seeds=1, budget="seconds=0.3")
    for variant in seconds.result["variants"]:
        lines = (Path(variant["runs"][0]) / files.METRICS).read_text().splitlines()
        assert 3 <= len(lines) < 100_000


def test_three_learning_rates_are_tried_and_one_is_compared(searched: Any) -> None:
    told = searched
    assert [variant["name"] for variant in told.result["variants"]] == ["optimizer=sgd", "optimizer=adam"]
    for variant, rates in zip(told.result["variants"], told.result["learning_rates"], strict=True):
        losses = rates["validation_losses"]
        assert list(losses) == ["0.001", "0.01", "0.1"] and rates["chosen"] == min(losses, key=lambda r: losses[r])
        assert f"learning_rate={rates['chosen']}" in variant["runs"][0]
    assert len(list(csv.DictReader((told.folder.path / files.CELLS).read_text().splitlines()))) == 6
    assert told.notes[0].startswith("learning rate of sgd: ")


def test_finished_runs_are_compared_without_training(drawn: tuple[Any, Path]) -> None:
    trained, here = drawn
    runs = [run for variant in trained.result["variants"] for run in variant["runs"]]
    told, said = compare(here, runs, None)
    assert [variant["name"] for variant in told.result["variants"]] == ["learning_rate=0.001", "learning_rate=0.1"]
    for key in ("values", "interval", "p", "row_tests", "verdict"):
        assert told.result["verdicts"][0][key] == trained.result["verdicts"][0][key]
    assert told.result["differing"] == {
        "optimizer.learning_rate": {"learning_rate=0.001": 0.001, "learning_rate=0.1": 0.1}
    }
    assert "trainings" not in said and not told.is_trained
    low, high = runs[:2], runs[2:]
    for words, message in (
        ([low[0], high[1]], "were given other rows: train, validation, test"),
        (low, "one network with one config"),
        ([*low, high[0]], "cannot be paired"),
        (low[:1], "got one run to compare"),
        ([low[0], "digits_softmax"], "got runs and configs"),
    ):
        with pytest.raises(UsageError, match=message):
            compare(here, words, None)
    with pytest.raises(UsageError, match="--epochs cannot change"):
        compare(here, [low[0], high[0]], None, epochs=3)
    with pytest.raises(RunError, match="is a comparison"):
        compare(here, [str(trained.folder.path), high[0]], None)


def test_networks_of_different_tasks_are_refused_with_a_way_to_see_them(tmp_path: Path, config: str) -> None:
    with pytest.raises(UsageError, match="no common metric: binary, multiclass") as refused:
        compare(tmp_path, [config, "logistic_regression"], None)
    assert refused.value.hint is not None and "`nncli check CONFIG`" in refused.value.hint
