"""Splits: deterministic, disjoint, stratified, and possible for classes of one row."""

import numpy as np
import pytest

from nncli.data.dataset import distinct_values
from nncli.data.splitting import split_rows
from nncli.errors import DataError


def test_the_same_seed_gives_the_same_parts_and_another_seed_others() -> None:
    first = split_rows(100, seed=3, test=0.2, validation=0.1)
    again = split_rows(100, seed=3, test=0.2, validation=0.1)
    other = split_rows(100, seed=4, test=0.2, validation=0.1)
    np.testing.assert_array_equal(first.test, again.test)
    np.testing.assert_array_equal(first.validation, again.validation)
    assert set(first.test) != set(other.test)


def test_parts_are_disjoint_and_complete_and_of_the_asked_size() -> None:
    split = split_rows(1000, seed=1, test=0.2, validation=0.1)
    assert (len(split.train), len(split.validation), len(split.test)) == (720, 80, 200)
    assert sorted(np.concatenate([split.train, split.validation, split.test])) == list(range(1000))


def test_classes_keep_their_shares() -> None:
    strata = np.repeat([0, 1, 2], [700, 200, 100])
    split = split_rows(1000, seed=1, test=0.2, validation=0.1, strata=strata)
    assert np.bincount(strata[split.test]).tolist() == [140, 40, 20]
    assert np.bincount(strata[split.validation]).tolist() == [56, 16, 8]


def test_rows_within_a_class_are_picked_at_random() -> None:
    strata = np.repeat([0, 1], 500)
    test = split_rows(1000, seed=1, test=0.2, validation=None, strata=strata).test
    assert 200 < test[strata[test] == 0].mean() < 300


def test_a_class_of_one_row_goes_to_training() -> None:
    strata = np.array([0] * 50 + [1] * 50 + [2])
    for seed in range(20):
        split = split_rows(101, seed=seed, test=0.2, validation=0.1, strata=strata)
        assert 100 in split.train


def test_many_small_classes_leave_one_row_each_for_training() -> None:
    strata = np.repeat(np.arange(40), 2)
    split = split_rows(80, seed=1, test=0.2, validation=0.1, strata=strata)
    assert len(split.test) == 16
    assert set(strata[split.train]) == set(range(40))


def test_a_part_that_the_source_has_is_not_taken() -> None:
    split = split_rows(100, seed=1, test=None, validation=None)
    assert (len(split.train), len(split.validation), len(split.test)) == (100, 0, 0)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="9 rows are too few"):
        split_rows(9, seed=1, test=0.2, validation=0.1)
    with pytest.raises(DataError, match="no class has two rows"):
        split_rows(20, seed=1, test=0.2, validation=0.1, strata=np.arange(20))


@pytest.mark.parametrize("values", [[], [3], [2, 1, 2, 1, 1], [0.5, -1.0, 0.5]])
def test_distinct_values_are_those_of_numpy(values: list[float]) -> None:
    np.testing.assert_array_equal(distinct_values(np.array(values)), np.unique(np.array(values)))
