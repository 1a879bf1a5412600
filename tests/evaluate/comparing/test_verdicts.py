"""What is said of two and more variants, and how often it is wrong."""

import numpy as np
import pytest
import scipy.stats

from nncli.evaluate.comparing.verdicts import Standing, Terms, judge


def standing(rows: dict[str, list[float]], terms: Terms | None = None, identical: tuple = ()) -> Standing:
    scores = {name: dict(enumerate(values)) for name, values in rows.items()}
    return judge(scores, terms or Terms(), [frozenset(pair) for pair in identical])


def kinds(found: Standing) -> dict[tuple[str, str], str]:
    return {key: pair.kind for key, pair in found.pairs.items()}


def test_the_best_is_judged_against_each_other_variant() -> None:
    found = standing({"low": [0.5, 0.52, 0.49], "high": [0.9, 0.93, 0.91], "same": [0.92, 0.9, 0.91]})
    assert found.order == ("high", "same", "low")
    assert [(each.second, each.kind) for each in found.against_the_best] == [("same", "unclear"), ("low", "better")]
    assert found.ranks == {"high": (1, 2), "same": (1, 2), "low": (3, 3)}


def test_all_pairs_are_corrected_for_since_the_best_is_chosen_from_the_same_scores() -> None:
    rows = {"a": [0.9, 0.95, 0.93, 0.97], "b": [0.9, 0.92, 0.93, 0.9], "c": [0.85, 0.92, 0.91, 0.9]}
    found = standing(rows)
    p_values = {
        (first, second): scipy.stats.ttest_rel(rows[first], rows[second]).pvalue for first, second in found.pairs
    }
    smallest = min(p_values, key=lambda pair: p_values[pair])
    assert found.pairs[smallest].adjusted_p == pytest.approx(3 * p_values[smallest])


def test_means_that_agree_while_seeds_differ_are_not_identical() -> None:
    assert kinds(standing({"a": [0.9, 0.8], "b": [0.8, 0.9]})) == {("a", "b"): "unclear"}
    assert kinds(standing({"a": [0.9, 0.8], "b": [0.9, 0.8]}, identical=(("a", "b"),))) == {("a", "b"): "identical"}


def test_one_seed_no_seed_and_no_spread_have_no_verdict() -> None:
    assert kinds(standing({"a": [0.9], "b": [0.1]})) == {("a", "b"): "one_seed"}
    assert kinds(standing({"a": [0.9, 0.8], "b": []})) == {("a", "b"): "none"}
    assert kinds(standing({"a": [0.75, 0.75], "b": [0.5, 0.5]})) == {("a", "b"): "no_spread"}


def test_a_failed_training_leaves_the_other_seeds_to_be_compared() -> None:
    scores = {"a": {1: 0.9, 2: 0.92, 3: 0.91}, "b": {1: 0.5, 3: 0.52}}
    [pair] = judge(scores, Terms()).pairs.values()
    assert pair.seeds == (1, 3) and pair.difference.values == pytest.approx((0.4, 0.39))


def test_a_margin_is_answered() -> None:
    near = {"a": [0.951, 0.952, 0.95, 0.953], "b": [0.952, 0.951, 0.951, 0.952]}
    [pair] = standing(near, Terms(margin=0.005)).pairs.values()
    assert pair.equal_within and pair.kind == "unclear"
    [pair] = standing(near, Terms(margin=0.0005)).pairs.values()
    assert pair.equal_within is False
    [pair] = standing(near).pairs.values()
    assert pair.equal_within is None


@pytest.mark.parametrize("variants", [2, 3, 5])
@pytest.mark.parametrize("rows", [None, 30, 178])
def test_of_1000_comparisons_of_equals_few_have_any_verdict(variants: int, rows: int | None) -> None:
    generator, hits = np.random.default_rng(variants), 0
    for _ in range(1000):
        if rows is None:
            scores = generator.normal(size=(variants, 5))
        else:
            scores = generator.binomial(rows, 0.9, (variants, 5)) / rows
        found = standing({str(i): row for i, row in enumerate(scores.tolist())}, Terms(0.0, rows and 1 / rows))
        hits += any(pair.kind == "better" for pair in found.pairs.values())
    assert hits <= 65


def test_a_difference_of_two_deviations_is_found_with_five_seeds() -> None:
    generator, hits = np.random.default_rng(0), 0
    for _ in range(1000):
        differences = 2 + generator.normal(size=5)
        [pair] = standing({"a": differences.tolist(), "b": [0.0] * 5}).pairs.values()
        hits += pair.kind == "better"
    assert hits >= 800
