"""What a set of trainings says of its variants: equality, the common target, failed trainings."""

from typing import Any

from nncli.evaluate.comparison import summarize_variants


def cell(variant: str, seed: int, test: float, course: list[float], verdict: str = "better") -> dict[str, Any]:
    measured = {
        "metrics": {"accuracy": test},
        "baseline": {"metrics": {"accuracy": 0.1}},
        "judged": {"verdict": verdict},
    }
    summary = {"test": measured, "seconds_per_epoch": 0.1, "parameters": 10}
    history = [{"val_accuracy": value, "val_loss": 1.0} for value in course]
    run = {"variant": variant, "seed": seed, "run": f"{variant}{seed}", "task": "multiclass", "fingerprint": str(seed)}
    return {**run, "summary": summary, "history": history}


def test_variants_are_equal_only_where_every_seed_is() -> None:
    differing = [cell("a", 1, 0.9, [0.9]), cell("b", 1, 0.8, [0.8]), cell("a", 2, 0.8, [0.8]), cell("b", 2, 0.9, [0.9])]
    difference = summarize_variants(differing, None)["difference"]
    assert difference["mean"] == 0 and not difference["equal"] and not difference["clear"]
    same = [cell(name, seed, 0.9, [0.9]) for seed in (1, 2) for name in "ab"]
    assert summarize_variants(same, None)["difference"]["equal"]


def test_the_target_is_no_level_of_a_network_that_learned_nothing() -> None:
    cells = [
        cell("good", 1, 0.95, [0.8, 0.95]),
        cell("fair", 1, 0.9, [0.5, 0.9]),
        cell("stuck", 1, 0.1, [0.1, 0.1], "nothing"),
    ]
    result = summarize_variants(cells, None)
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
    result = summarize_variants(cells, None)
    assert result["target"] == 0.94
    assert [variant["epochs_to_target"]["reached"] for variant in result["variants"]] == [1, 0, 0]


def test_where_nothing_was_learned_at_all_there_is_still_a_target() -> None:
    assert summarize_variants([cell("a", 1, 0.1, [0.1], "nothing")], None)["target"] == 0.1


def test_a_diverged_training_takes_no_part_in_the_target() -> None:
    diverged = {**cell("b", 1, 0.0, [0.1]), "summary": None}
    result = summarize_variants([cell("a", 1, 0.9, [0.9]), diverged], None)
    assert result["target"] == 0.9 and result["difference"] is None
    assert [variant["diverged"] for variant in result["variants"]] == [0, 1]
