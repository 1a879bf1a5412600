"""How verdicts are worded."""

import pytest

from nncli.evaluate.comparing.sentences import describe, list_rows, short_names
from nncli.evaluate.comparing.verdicts import Terms, judge

SCORES = ([0.95, 0.96, 0.97, 0.95], [0.94, 0.95, 0.95, 0.945], [0.95, 0.94, 0.96, 0.93])


def told(
    first: list[float],
    second: list[float],
    *,
    rows: int | None = None,
    margin: float | None = None,
    identical: bool = False,
    metric: str = "accuracy",
) -> str:
    terms = Terms(0.0, rows and 1 / rows, margin)
    scores = {"relu": dict(enumerate(first)), "tanh": dict(enumerate(second))}
    [pair] = judge(scores, terms, [frozenset(scores)] if identical else ()).pairs.values()
    return describe(pair, metric, test_rows=rows, margin=margin, pairs=1)


def test_a_clear_difference_is_told_in_points() -> None:
    assert told([0.95, 0.96, 0.97], [0.90, 0.92, 0.91]) == "relu beats tanh by 5.0 points (95 %: 2.5 to 7.5, 3 seeds)"


def test_what_is_clear_only_by_itself_says_among_how_many_pairs_it_is_not() -> None:
    scores = {name: dict(enumerate(values)) for name, values in (("a", SCORES[0]), ("b", SCORES[1]), ("c", SCORES[2]))}
    pair = judge(scores, Terms()).pairs["a", "b"]
    text = describe(pair, "accuracy", test_rows=None, margin=None, pairs=3)
    assert "not distinguishable" in text and text.endswith("seeds); clear as the only pair, not as one of 3")


def test_what_rests_on_a_handful_of_rows_says_so() -> None:
    first, second = [160 / 178, 161 / 178, 162 / 178], [158 / 178, 159 / 178, 159 / 178]
    text = told(first, second, rows=178)
    assert text.startswith("relu and tanh are not distinguishable: 1.3 points (95 %: ")
    assert text.endswith(", 3 seeds), from 2, 2 and 3 of 178 rows")
    assert "rows" not in told([0.95, 0.96, 0.97], [0.90, 0.92, 0.91], rows=1000)


def test_other_cases_have_a_sentence_each() -> None:
    assert told([0.9, 0.8], [0.9, 0.8], identical=True) == "relu and tanh are identical with every seed"
    assert told([0.9], [0.8]) == "no verdict from one seed: relu is ahead of tanh by 10.0 points"
    assert told([0.9, 0.9], [0.8, 0.8]).startswith("no verdict: relu is ahead of tanh by 10.0 points with every seed")
    assert told([0.9], []) == "no verdict on relu and tanh: no seed with which both trainings ended"


@pytest.mark.parametrize(("margin", "answer"), [(0.02, "equal within 2 points"), (0.001, "not shown to be equal")])
def test_a_margin_is_answered_after_the_verdict(margin: float, answer: str) -> None:
    text = told([0.951, 0.952, 0.95, 0.953], [0.952, 0.951, 0.951, 0.952], margin=margin)
    assert "not distinguishable" in text and answer in text


def test_regression_is_told_in_its_own_metric() -> None:
    text = told([0.5, 0.52, 0.51], [0.4, 0.43, 0.405], metric="r2_score")
    assert "by 0.098 R²" in text


def test_rows_of_many_seeds_are_told_as_a_range() -> None:
    assert list_rows([2, 2, 3]) == "2, 2 and 3"
    assert list_rows([1, 2, 3, 0, -1, 2]) == "-1 to 3"
    assert list_rows([4]) == "4"


def test_a_name_is_shortened_to_its_value_where_that_is_a_word() -> None:
    assert short_names(["a.b=relu", "a.b=tanh"]) == {"a.b=relu": "relu", "a.b=tanh": "tanh"}
    assert short_names(["rate=0.1", "rate=0.2"]) == {"rate=0.1": "rate=0.1", "rate=0.2": "rate=0.2"}
    assert short_names(["a=x", "b=y"]) == {"a=x": "a=x", "b=y": "b=y"}
    assert short_names(["mnist_cnn", "mnist_vit"]) == {"mnist_cnn": "mnist_cnn", "mnist_vit": "mnist_vit"}
