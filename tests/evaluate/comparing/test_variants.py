"""What a set of trainings says of its variants: equality, the common target, failed trainings."""

from typing import Any

import numpy as np
import pytest

from nncli.evaluate.comparing.summary import summarize
from nncli.evaluate.comparing.variants import mean_curves


def cell(variant: str, seed: int, test: float, course: list[float], verdict: str = "better") -> dict[str, Any]:
    measured = {
        "metrics": {"accuracy": test},
        "baseline": {"metrics": {"accuracy": 0.1}},
        "judged": {"verdict": verdict},
    }
    summary = {"test": measured, "seconds_per_epoch": 0.1, "parameters": 10, "epochs": len(course)}
    history = [{"val_accuracy": value, "val_loss": 1.0} for value in course]
    run = {"variant": variant, "seed": seed, "run": f"{variant}{seed}", "task": "multiclass", "fingerprint": str(seed)}
    return {**run, "summary": summary, "history": history}


def test_variants_are_identical_only_where_every_seed_is() -> None:
    differing = [cell("a", 1, 0.9, [0.9]), cell("b", 1, 0.8, [0.8]), cell("a", 2, 0.8, [0.8]), cell("b", 2, 0.9, [0.9])]
    [verdict] = summarize(differing)["verdicts"]
    assert verdict["mean"] == pytest.approx(0) and verdict["verdict"] == "unclear"
    same = [cell(name, seed, 0.9, [0.9]) for seed in (1, 2) for name in "ab"]
    [verdict] = summarize(same)["verdicts"]
    assert (verdict["verdict"], verdict["text"]) == ("identical", "a and b are identical with every seed")


def test_new_splits_are_another_question_than_one_test_part() -> None:
    cells = [
        cell(name, seed, 0.9 + seed / 100 + (name == "a") / (10 + seed), [0.9]) for seed in (1, 2, 3) for name in "ab"
    ]
    rows = {"train": 70, "validation": 10, "test": 20}
    fixed = summarize([{**each, "rows": rows, "test_part": "same"} for each in cells])
    splits = summarize([{**each, "rows": rows, "test_part": str(each["seed"])} for each in cells])
    assert (fixed["question"]["kind"], fixed["question"]["overlap"]) == ("fixed_test", 0)
    assert (splits["question"]["kind"], splits["question"]["overlap"]) == ("new_splits", 20 / 80)
    assert splits["verdicts"][0]["p"] > fixed["verdicts"][0]["p"]


def test_variants_that_saw_different_data_have_no_verdict() -> None:
    cells = [cell("a", 1, 0.9, [0.9]), {**cell("b", 1, 0.8, [0.8]), "fingerprint": "other"}]
    assert summarize(cells)["verdicts"] is None


def test_the_rows_of_each_seed_are_compared_beside() -> None:
    right = np.array([True, True, False, True])
    cells = [{**cell(name, 1, 0.9, [0.9]), "answers": right if name == "a" else ~right} for name in "ab"]
    [verdict] = summarize(cells)["verdicts"]
    assert verdict["row_tests"] == [{"seed": 1, "only_first": 3, "only_second": 1, "p": 0.625}]


def test_the_target_is_no_level_of_a_network_that_learned_nothing() -> None:
    cells = [
        cell("good", 1, 0.95, [0.8, 0.95]),
        cell("fair", 1, 0.9, [0.5, 0.9]),
        cell("stuck", 1, 0.1, [0.1, 0.1], "nothing"),
    ]
    result = summarize(cells)
    assert result["target"] == 0.9
    epochs = {variant["name"]: variant["epochs_to_target"]["values"] for variant in result["variants"]}
    assert epochs == {"good": [2], "fair": [2], "stuck": [None]}


def test_the_target_is_no_level_of_a_network_that_learned_little() -> None:
    """An accuracy of 0.23 where guessing has 0.1 is learned, but no level to count epochs to."""
    cells = [
        cell("relu", 1, 0.94, [0.5, 0.94]),
        cell("sigmoid", 1, 0.23, [0.1, 0.22]),
        cell("slow", 1, 0.08, [0.06], "unclear"),
    ]
    result = summarize(cells)
    assert result["target"] == 0.94
    assert [variant["epochs_to_target"]["reached"] for variant in result["variants"]] == [1, 0, 0]


def test_where_nothing_was_learned_at_all_there_is_still_a_target() -> None:
    assert summarize([cell("a", 1, 0.1, [0.1], "nothing")])["target"] == 0.1


def test_a_diverged_training_takes_no_part_in_the_target() -> None:
    diverged = {**cell("b", 1, 0.0, [0.1]), "summary": None}
    result = summarize([cell("a", 1, 0.9, [0.9]), diverged])
    assert result["target"] == 0.9 and result["verdicts"][0]["verdict"] == "none"
    assert [variant["diverged"] for variant in result["variants"]] == [0, 1]


def test_the_curve_of_a_variant_is_the_mean_as_far_as_all_of_its_trainings_go() -> None:
    histories = {"a": ([1.0, 3.0, 9.0], [3.0, 5.0]), "b": ([None],)}
    cells = [
        {"variant": name, "history": [{"val_loss": value} for value in values]}
        for name, group in histories.items()
        for values in group
    ]
    assert mean_curves(cells, "val_loss") == {"a": [2.0, 4.0]}
