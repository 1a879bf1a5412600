"""Row-wise tests against scipy's."""

import numpy as np
import pytest
import scipy.stats

from nncli.evaluate.comparing.rowwise import compare_rows, describe, mcnemar


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (3, 2), (12, 2), (40, 70)])
def test_mcnemar_is_the_exact_sign_test_of_the_rows_that_one_alone_got_right(first: int, second: int) -> None:
    wanted = scipy.stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(wanted)


def test_rows_that_both_got_right_or_wrong_do_not_count() -> None:
    first = np.array([1, 1, 1, 0, 0, 1, 0], bool)
    second = np.array([1, 0, 0, 0, 1, 1, 0], bool)
    assert compare_rows(first, second) == {"only_first": 2, "only_second": 1, "p": 1.0}


def test_errors_have_an_interval_of_their_mean_difference() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.random(400), generator.random(400) + 0.2
    told = compare_rows(first, second)
    error = scipy.stats.sem(second - first)
    assert told["mean"] == pytest.approx((second - first).mean())
    assert told["interval"] == pytest.approx((told["mean"] - 1.96 * error, told["mean"] + 1.96 * error), abs=0.01)


def test_it_is_told_over_all_seeds() -> None:
    assert describe([]) is None
    told = describe([{"p": 0.5}, {"p": 0.01}])
    assert told == "row by row: McNemar p 0.01 to 0.5, 1 of 2 below 0.05"
    assert describe([{"p": 1.0}, {"p": 1.0}]) == "row by row: McNemar p 1, 0 of 2 below 0.05"
    told = describe([{"mean": 1.0, "interval": (0.5, 1.5)}, {"mean": 1.0, "interval": (-0.5, 1.5)}])
    assert told == "row by row: bootstrap of squared errors, clear with 1 of 2 seeds"
