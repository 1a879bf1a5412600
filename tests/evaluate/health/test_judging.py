"""The rules on made-up records: their limits, the epoch they name, what they leave out as explained by another."""

import math
from typing import Any

import pytest

from nncli.evaluate.health import find_at_once, judge_health


def record(epoch: int, loss: float = 1.0, ratio: float | None = 1.0, **measures: float) -> dict[str, Any]:
    layers = [
        {"layer": "dense_1", "gradient": 0.1, "spread": 0.5, "update": 0.05, **measures},
        {"layer": "output", "gradient": 0.1, "spread": 0.5, "update": 0.05, "variation": 0.5},
    ]
    return {"epoch": epoch, "loss": loss, "gradient_ratio": ratio, "layers": layers, "guessing_loss": math.log(10)}


def history(*losses: float, validation: tuple[float, ...] = ()) -> list[dict[str, float]]:
    return [
        {"loss": loss, "val_loss": value} for loss, value in zip(losses, validation or losses, strict=True)
    ]  # what metrics.jsonl has of each epoch


HEALTHY = history(1.2, 0.8, 0.6, 0.52, 0.5, 0.5, 0.5, 0.5)


def rules(*arguments: Any) -> list[tuple[str, int]]:
    return [(found.rule, found.epoch) for found in judge_health(*arguments)]


def test_a_healthy_training_has_no_verdict() -> None:
    assert rules([record(0, 2.3), record(1), record(8, 0.5)], HEALTHY) == []


@pytest.mark.parametrize(("ratio", "given"), [(0.9e-3, True), (1.1e-3, False), (0.0, False), (None, False)])
def test_a_gradient_below_a_thousandth_vanishes(ratio: float | None, given: bool) -> None:
    health = [record(0, 2.3, 1e-6), record(1, 2.0, ratio), record(8, 0.5)]
    assert rules(health, HEALTHY) == ([("vanishing", 1)] if given else [])
    assert (find_at_once(health[1], health) is not None) == given


def test_before_training_a_small_gradient_is_no_verdict_and_a_large_loss_is() -> None:
    assert rules([record(0, 2.3, 1e-6), record(8, 0.5)], HEALTHY) == []
    assert rules([record(0, 24.0), record(8, 0.5)], HEALTHY) == [("exploding", 0)]
    assert rules([record(0, math.nan)], []) == [("exploding", 0)]


def test_units_that_came_back_are_not_dead() -> None:
    died = [record(0, 2.3, dead=0.1), record(1, dead=0.9), record(2, dead=0.2), record(4, dead=0.9)]
    assert rules([*died, record(8, 0.5, dead=0.85)], HEALTHY) == [("dead", 4)]
    assert rules([*died, record(8, 0.5, dead=0.75)], HEALTHY) == []


def test_a_loss_above_that_of_guessing_that_still_falls_is_not_called_not_learning() -> None:
    falling = history(5.0, 4.6, 4.2, 3.9, 3.6, 3.3, 3.1, 2.9)
    assert rules([record(0, 5.4), record(8, 2.9)], falling) == [("still-improving", 8)]
    at_last = history(5.0, 4.6, 4.2, 3.9, 3.6, 3.3, 2.6, 2.31)  # at the loss of guessing it may as well stay
    assert rules([record(0, 5.4), record(8, 2.31)], at_last) == [("not-learning", 1)]


def test_what_follows_from_a_dead_layer_is_left_out() -> None:
    still = history(*[2.303] * 8)
    assert rules([record(0, 2.303), record(8, 2.303)], still) == [("not-learning", 1)]
    assert rules([record(0, 2.303, dead=0.1), record(8, 2.303, dead=1.0)], still) == [("dead", 8)]


def test_overfitting_begins_at_the_least_validation_loss() -> None:
    losses = (1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
    rising = history(*losses, validation=(1.0, 0.6, 0.5, 0.6, 0.8, 1.0, 1.2, 1.4))
    assert rules([record(0, 2.3), record(8, 0.01)], rising) == [("overfitting", 3)]
    flat = history(*losses, validation=(1.0, 0.6, 0.5, 0.5, 0.55, 0.6, 0.6, 0.6))
    assert rules([record(0, 2.3), record(8, 0.01)], flat) == []


def test_a_training_without_validation_or_with_few_epochs_is_judged() -> None:
    assert rules([record(0, 2.3), record(1, 2.0)], [{"loss": 2.0}]) == []
    assert rules([], HEALTHY) == []
    assert rules([record(4), record(8)], HEALTHY) == []
