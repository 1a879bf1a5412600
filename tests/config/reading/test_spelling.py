"""The name that was meant: the nearest, told only where nothing else is as near."""

import pytest

from nncli.config.reading.spelling import did_you_mean, edit_distance, nearest_names

LOSSES = ["binary_crossentropy", "categorical_crossentropy", "mean_squared_error", "mean_absolute_error", "huber"]


@pytest.mark.parametrize(
    ("one", "other", "changes"),
    [
        ("", "", 0),
        ("units", "units", 0),
        ("unit", "units", 1),
        ("nuits", "units", 1),
        ("kitten", "sitting", 3),
        ("", "ab", 2),
    ],
)
def test_a_swap_of_neighbours_is_one_change_like_any_other(one: str, other: str, changes: int) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == changes


@pytest.mark.parametrize(
    ("got", "known", "meant"),
    [
        ("unit", ["units", "use_bias"], ["units"]),
        ("Learning-Rate", ["learning_rate", "rho"], ["learning_rate"]),
        ("l", ["l1", "l2"], ["l1", "l2"]),
        ("mse", LOSSES, ["mean_squared_error"]),
        ("lr", ["learning_rate", "momentum"], ["learning_rate"]),
        ("categorical", LOSSES, ["categorical_crossentropy"]),
        ("crossentropy_binary", ["binary_crossentropy", "huber"], ["binary_crossentropy"]),
        ("zzz", LOSSES, []),
        ("x" * 100_000, LOSSES, []),
        ("", LOSSES, []),
        ("units", [], []),
    ],
)
def test_the_nearest_name_is_the_one_meant(got: str, known: list[str], meant: list[str]) -> None:
    assert nearest_names(got, known) == meant


def test_a_suggestion_names_one_or_all_that_are_as_near_or_lists_what_is_known() -> None:
    assert did_you_mean("unit", ["units"]) == '; did you mean "units"?'
    assert did_you_mean("l", ["l1", "l2"]) == '; did you mean "l1" or "l2"?'
    assert did_you_mean("zzz", ["l1", "l2"]) == "; known: l1, l2"
    assert did_you_mean("zzz", []) == ""
