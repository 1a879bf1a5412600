"""What is said of a model that learned nothing, and of predictions that cannot be."""

import numpy as np
import pytest

from nncli.config.facts import DataFacts, NumberColumn, TableInput, Target, Task
from nncli.pipeline.predicting.remarks import (
    count_impossible,
    describe_impossible,
    describe_other_data,
    describe_verdict,
)

NOTHING = {"verdict": "nothing", "loss": 1.2, "baseline_loss": 1.1}


def facts(task: Task, minimum: float) -> DataFacts:
    column = NumberColumn(name="size", mean=0.0, deviation=1.0, median=0.0)
    target = Target(task=task, columns=("price",), minimum=(minimum,), mean=(9.0,), median=(9.0,), deviation=(1.0,))
    return DataFacts(source="csv", inputs=TableInput(numbers=(column,)), target=target, rows={"train": 10})


def test_values_below_zero_are_impossible_only_where_the_target_never_is_there() -> None:
    predictions = np.array([[1.0], [-0.5], [-2.0], [0.0]])
    assert count_impossible(facts(Task.REGRESSION, 0.0), predictions) == 2
    assert count_impossible(facts(Task.REGRESSION, -3.0), predictions) == 0
    assert count_impossible(facts(Task.POSITIVE_REGRESSION, 0.0), predictions) == 0
    told = describe_impossible(facts(Task.REGRESSION, 0.0), 2, 4)
    assert told.startswith("2 of 4 predictions below zero, which price never is") and "positive_regression" in told


@pytest.mark.parametrize(
    ("losses", "val_losses", "remedy"),
    [
        ([1.0, 1.0, 0.999], [1.0, 1.0, 1.0], "ten times as large"),
        ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], "ten times smaller"),
        ([1.0, 0.5, 0.1], [1.0, 0.9, 1.4], "dropout or l2"),
        ([1.0, 0.9, 0.8], [1.0, 0.9, 0.8], "more epochs"),
        ([1.05, 1.0, 0.96], [0.98, 0.94, 0.95], "the inputs may carry little information about the target"),
        ([1.0], [1.0], "another learning rate"),
    ],
)
def test_what_to_try_follows_from_the_course_of_the_losses(
    losses: list[float], val_losses: list[float], remedy: str
) -> None:
    history = [{"loss": loss, "val_loss": val} for loss, val in zip(losses, val_losses, strict=True)]
    told = describe_verdict(NOTHING, history)
    assert told is not None and told.startswith("learned nothing: no better than guessing (loss 1.2")
    assert remedy in told


def test_a_loss_far_above_that_of_guessing_asks_for_smaller_steps_though_it_falls() -> None:
    history = [{"loss": 1e9, "val_loss": 2e5}, {"loss": 80.0, "val_loss": 2e5}]
    told = describe_verdict({"verdict": "nothing", "loss": 14.4, "baseline_loss": 2.3}, history)
    assert told is not None and "ten times smaller" in told


def test_a_model_that_learned_is_not_accused_for_data_of_another_kind() -> None:
    told = describe_other_data(NOTHING)
    assert told is not None and told.startswith("no better than guessing on this data (loss 1.2")
    assert "learned nothing" not in told
    assert describe_other_data({**NOTHING, "verdict": "better"}) is None


def test_nothing_is_said_of_a_model_that_learned() -> None:
    assert describe_verdict({"verdict": "better", "loss": 0.1, "baseline_loss": 2.3}, []) is None
    unclear = describe_verdict({"verdict": "unclear", "loss": 1.0, "baseline_loss": 1.1}, [])
    assert unclear is not None and "may be chance" in unclear
    sure = describe_verdict({"verdict": "overconfident", "loss": 3.0, "baseline_loss": 1.1}, [])
    assert sure is not None and "overconfident" in sure
    wild = describe_verdict({"verdict": "outliers", "loss": 9.0, "baseline_loss": 1.0}, [])
    assert wild is not None and "worst rows" in wild
