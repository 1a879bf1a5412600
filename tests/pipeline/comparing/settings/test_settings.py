"""Budgets, learning rates and differing keys, without training."""

from pathlib import Path
from typing import Any

import pytest

from nncli.config.reading.loading import load_config
from nncli.config.sections import Config
from nncli.errors import UsageError
from nncli.pipeline.comparing.settings.budget import Budget
from nncli.pipeline.comparing.settings.differing import differing_keys, flat_config
from nncli.pipeline.comparing.settings.learning_rates import choose_rates, describe_rates, rates_to_try
from nncli.pipeline.comparing.variants import ComparisonRequest

NETWORK = "data: {source: digits}\nmodel: {layers: [output]}\n"


def config(tmp_path: Path, more: str = "") -> Config:
    path = tmp_path / "net.yaml"
    path.write_text(NETWORK + more)
    return load_config(str(path)).config


@pytest.mark.parametrize("text", ["epochs=0", "epochs=2.5", "seconds=-1", "seconds=nan", "seconds=inf", "hours=1"])
def test_a_budget_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected epochs=N or seconds=N"):
        Budget.parse(text)


def test_a_budget_sets_the_epochs_and_lets_nothing_stop_earlier(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NETWORK + "train: {epochs: 5, early_stopping: {monitor: val_accuracy, patience: 2}}\n")
    request = ComparisonRequest.parse([str(path)], ["optimizer.name=sgd,adam"], budget="epochs=7")
    train = request.variants[0].load(request, 1).config.train
    assert train.epochs == 7 and train.early_stopping is not None
    assert train.early_stopping.monitor == "val_accuracy" and train.early_stopping.patience > 7


def test_a_schedule_that_ends_with_the_epochs_has_no_budget_of_seconds(tmp_path: Path) -> None:
    cosine = "optimizer: {name: sgd, learning_rate: {schedule: cosine, initial_learning_rate: 0.1}}\n"
    with pytest.raises(UsageError, match="cosine"):
        Budget(seconds=1.0).options(config(tmp_path, cosine))
    assert Budget(epochs=3).options(config(tmp_path, cosine))[0][1] == 3


def test_a_tenth_and_ten_times_the_learning_rate_are_tried(tmp_path: Path) -> None:
    told = rates_to_try(config(tmp_path, "optimizer: {name: adam, learning_rate: 0.003}\n"))
    assert told == [(rate, f"optimizer.learning_rate={rate}") for rate in ("0.0003", "0.003", "0.03")]
    falling = "optimizer: {name: adam, learning_rate: {schedule: exponential, initial_learning_rate: 0.02}}\n"
    assert rates_to_try(config(tmp_path, falling))[2][1] == "optimizer.learning_rate.initial_learning_rate=0.2"
    piecewise = "optimizer: {name: adam, learning_rate: {schedule: piecewise, boundaries: [2], values: [0.1, 0.01]}}\n"
    with pytest.raises(UsageError, match="piecewise"):
        rates_to_try(config(tmp_path, piecewise))


def outcome(variant: str, seed: int, loss: float | None) -> dict[str, Any]:
    return {"variant": variant, "seed": seed, "summary": None if loss is None else {"best": {"val_loss": loss}}}


def test_the_rate_with_the_lowest_mean_validation_loss_is_taken_and_a_diverging_one_is_not() -> None:
    tried = {f"relu {rate}": ("relu", rate) for rate in ("0.01", "0.1", "1")}
    outcomes = [outcome("relu 0.01", 1, 0.5), outcome("relu 0.01", 2, 0.7), outcome("relu 0.1", 1, 0.9)]
    outcomes += [outcome("relu 0.1", 2, 0.2), outcome("relu 1", 1, 0.1), outcome("relu 1", 2, None)]
    kept, told = choose_rates(outcomes, tried)
    assert [(each["variant"], each["seed"]) for each in kept] == [("relu", 1), ("relu", 2)]
    assert [each["summary"]["best"]["val_loss"] for each in kept] == [0.9, 0.2]
    assert told == [
        {"variant": "relu", "chosen": "0.1", "validation_losses": {"0.01": 0.6, "0.1": pytest.approx(0.55), "1": None}}
    ]
    assert describe_rates(told, {"relu": "relu"}) == ["learning rate of relu: 0.1 of 0.01, 0.1, 1 by validation loss"]


def test_only_keys_that_differ_are_told(tmp_path: Path) -> None:
    first, second = config(tmp_path, "seed: 1\n"), config(tmp_path, "seed: 2\ntrain: {batch_size: 64}\n")
    told = differing_keys({"a": flat_config(first), "b": flat_config(second)})
    assert told == {"train.batch_size": {"a": 32, "b": 64}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "epochs=3", "epochs": 3}, "--budget and --epochs"),
        ({"lr_range": True, "vary": ["optimizer.learning_rate=0.1,0.2"]}, "--lr-range"),
        ({"margin": 0.0}, "--margin 0"),
        ({"margin": float("nan")}, "--margin nan"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ComparisonRequest.parse(["digits_softmax"], **{"vary": ["optimizer.name=sgd,adam"], **options})
