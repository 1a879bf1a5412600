"""The paired tests, checked against scipy.stats and hand computations."""

import math

import numpy as np
import pytest
import scipy.stats

from nncli.evaluate.comparing.paired import compare_pairs, holm

FIRST = [0.97, 0.955, 0.981, 0.969, 0.972]
SECOND = [0.951, 0.949, 0.953, 0.96, 0.958]
PAIRS = [a - b for a, b in zip(FIRST, SECOND, strict=True)]


def test_on_a_fixed_test_part_it_is_the_paired_t_test() -> None:
    told, wanted = compare_pairs(PAIRS), scipy.stats.ttest_rel(FIRST, SECOND)
    assert told.p == pytest.approx(wanted.pvalue)
    assert told.interval == pytest.approx(tuple(wanted.confidence_interval(0.95)))
    assert told.deviation == pytest.approx(np.std(PAIRS, ddof=1))
    assert told.interval_at(0.9) == pytest.approx(tuple(wanted.confidence_interval(0.9)))


def test_new_splits_have_the_corrected_variance() -> None:
    told = compare_pairs(PAIRS, overlap=0.25)
    error = math.sqrt(np.var(PAIRS, ddof=1) * (1 / 5 + 0.25))
    assert told.standard_error == pytest.approx(error)
    assert told.p == pytest.approx(2 * scipy.stats.t.sf(np.mean(PAIRS) / error, 4))
    assert told.p > compare_pairs(PAIRS).p


@pytest.mark.parametrize("margin", [0.005, 0.016, 0.05])
def test_equivalence_is_the_larger_of_two_one_sided_tests(margin: float) -> None:
    below = scipy.stats.ttest_1samp(PAIRS, margin, alternative="less").pvalue
    above = scipy.stats.ttest_1samp(PAIRS, -margin, alternative="greater").pvalue
    assert compare_pairs(PAIRS).equivalence(margin) == pytest.approx(max(below, above))


def test_a_single_seed_says_nothing() -> None:
    told = compare_pairs([0.3])
    assert (told.mean, told.p, told.interval, told.deviation) == (0.3, None, None, None)
    assert told.equivalence(1.0) is None


def test_equal_differences_without_rows_to_count_have_no_test() -> None:
    told = compare_pairs([0.02] * 5)
    assert told.p is None and told.interval is None and not told.has_spread


def test_equal_differences_of_few_rows_are_not_certain_and_of_many_are() -> None:
    """All five seeds count as one, which is worth k rows that could each have gone either way."""
    few, many = (compare_pairs([rows / 178] * 5, resolution=1 / 178) for rows in (2, 80))
    assert few.p == pytest.approx(2 * scipy.stats.t.sf(2 / math.sqrt(2), 4)) and few.p > 0.2
    assert many.p == pytest.approx(2 * scipy.stats.t.sf(80 / math.sqrt(80), 4)) and many.p < 0.001


def test_a_spread_below_what_the_rows_allow_is_raised() -> None:
    rows = [2, 2, 2, 2, 3]
    told = compare_pairs([each / 178 for each in rows], resolution=1 / 178)
    assert told.standard_error == pytest.approx(math.sqrt(2.2 / 5) / 178)
    assert told.deviation == pytest.approx(np.std(rows, ddof=1) / 178)
    assert told.p > scipy.stats.ttest_1samp(rows, 0).pvalue


def test_no_difference_on_few_rows_is_not_equivalence() -> None:
    assert compare_pairs([0.0] * 5, resolution=1 / 30).equivalence(0.005) > 0.05
    assert compare_pairs([0.0] * 5, resolution=1 / 10000).equivalence(0.005) < 0.001


def test_holm_adjusts_as_computed_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.02]) == pytest.approx([0.5, 0.04])
    assert holm([0.4, 0.9, 0.5]) == [1.0, 1.0, 1.0]
    assert holm([]) == []
