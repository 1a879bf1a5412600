"""What is said not to be equal for all variants."""

from typing import Any

from nncli.evaluate.comparing.fairness import describe_unequal, find_unequal


def cell(variant: str, **changes: Any) -> dict[str, Any]:
    summary = {"parameters": 1000, "epochs": 20, "updates": 400, "seconds_per_epoch": 0.5}
    return {"variant": variant, "summary": {**summary, **changes}}


def whats(*cells: dict[str, Any]) -> list[str]:
    return [each["what"] for each in find_unequal(cells)]


def test_up_to_a_tenth_is_equal_and_more_is_not() -> None:
    assert whats(cell("a"), cell("b", parameters=1100)) == []
    assert whats(cell("a"), cell("b", parameters=1101)) == ["parameters"]


def test_updates_are_told_where_they_differ_otherwise_than_the_epochs() -> None:
    assert whats(cell("a"), cell("b", epochs=30, updates=600, seconds_per_epoch=0.33)) == ["epochs"]
    assert whats(cell("a"), cell("b", updates=600)) == ["updates"]


def test_short_times_and_failed_trainings_do_not_count() -> None:
    assert whats(cell("a", seconds_per_epoch=0.01), cell("b", seconds_per_epoch=0.02)) == []
    assert whats(cell("a"), cell("b", seconds_per_epoch=0.8)) == ["seconds"]
    assert whats(cell("a"), {"variant": "b", "summary": None}) == []


def test_means_over_the_seeds_are_told() -> None:
    unequal = find_unequal([cell("a", epochs=10, updates=200), cell("a", epochs=20), cell("b", epochs=30, updates=600)])
    names = {"a": "relu", "b": "tanh"}
    assert describe_unequal(unequal, names)[0] == "not equal: epochs, from 15 (relu) to 30 (tanh)"
