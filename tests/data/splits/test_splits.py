"""Splits by group and time, and folds: against brute force, scikit-learn's splitters and their own promises."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, StratifiedKFold, TimeSeriesSplit

from nncli.config.sections import Data
from nncli.data.splits.dividing import Rows, divide
from nncli.data.splits.folding import fold_rows
from nncli.data.splits.grouping import hold_out_groups, nearest_sum
from nncli.data.splits.ordering import hold_out_latest
from nncli.data.splitting import Split, split_rows
from nncli.errors import DataError


def section(**options: Any) -> Data:
    return Data(source="csv", path="t.csv", target=("y",), **options)


def group_section(**options: Any) -> Data:
    return section(split={"by": "group", "column": "patient"}, **options)


def time_section(**options: Any) -> Data:
    return section(split={"by": "time", "column": "date"}, **options)


def parts_of(split: Split) -> list[np.ndarray]:
    return [split.train, split.validation, split.test]


def best_distance(sizes: Sequence[int], wanted: int) -> int:
    """By trying every choice of some, but not all."""
    sums = (sum(chosen) for count in range(1, len(sizes)) for chosen in combinations(sizes, count))
    return min(abs(each - wanted) for each in sums)


@pytest.mark.parametrize("seed", range(40))
def test_the_groups_held_out_are_as_near_to_the_wanted_rows_as_any_choice_is(seed: int) -> None:
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 40, generator.integers(2, 11))
    wanted = int(generator.integers(1, sizes.sum()))
    chosen = nearest_sum(sizes, wanted)
    assert 0 < len(chosen) < len(sizes)
    assert abs(int(sizes[chosen].sum()) - wanted) == best_distance(sizes.tolist(), wanted)


def test_very_many_groups_are_held_out_in_seconds_and_to_the_row() -> None:
    groups = np.random.default_rng(1).integers(0, 60_000, 300_000)
    held = hold_out_groups(groups, 0.2, np.random.default_rng(2))
    assert held.sum() == 60_000
    assert not set(groups[held]) & set(groups[~held])


@pytest.mark.parametrize("wanted", [2_000_000, 11_000_000, 19_000_000])
def test_groups_of_millions_of_rows_are_held_out_in_little_memory_and_nearly_to_the_row(wanted: int) -> None:
    sizes = np.array([5_000_001, 5_000_001, 7_000_003, 3_000_017, 10])
    found = nearest_sum(sizes, wanted)
    assert 0 < len(found) < len(sizes)
    assert abs(int(sizes[found].sum()) - wanted) - best_distance(sizes.tolist(), wanted) <= len(sizes) * 5


@pytest.mark.parametrize("seed", range(10))
def test_no_group_is_in_two_sets_and_the_seed_decides(seed: int) -> None:
    groups = np.random.default_rng(seed).integers(0, 30, 400)
    rows = Rows(400, groups=groups)
    split = divide(group_section(), rows, seed=seed)
    assert sorted(np.concatenate(parts_of(split))) == list(range(400))
    sets = [set(groups[part]) for part in parts_of(split)]
    assert not any(one & other for one, other in combinations(sets, 2))
    assert abs(len(split.test) - 80) <= 1
    again = divide(group_section(), rows, seed=seed)
    assert all(map(np.array_equal, parts_of(split), parts_of(again)))
    other = divide(group_section(), rows, seed=seed + 1)
    assert set(split.test) != set(other.test)


def test_of_equally_good_sizes_the_class_shares_decide() -> None:
    """Forty patients of ten rows, each of one class: by chance the test set has 10 to 70 % of the rarer one."""
    groups = np.repeat(np.arange(40), 10)
    classes = (groups % 10 < 3).astype(np.int64)
    for seed in range(20):
        split = divide(group_section(), Rows(400, strata=classes, groups=groups), seed=seed)
        assert len(split.test) == 80
        assert 0.2 < classes[split.test].mean() < 0.4


def test_equal_rows_and_groups_that_share_them_stay_together() -> None:
    groups = np.arange(200) // 4
    copies = np.arange(200)
    copies[4] = copies[0]  # a row of the second group equals one of the first
    copies[100] = copies[7]  # and one of another group equals one of the second
    rows = Rows(200, groups=groups, copies=copies)
    for seed in range(20):
        split = divide(group_section(duplicates="together"), rows, seed=seed)
        holders = [part for part in parts_of(split) if np.isin([0, 4, 100], part).any()]
        assert len(holders) == 1
        assert np.isin([*range(8), *range(100, 104)], holders[0]).all()


def test_the_latest_rows_are_the_test_set_and_no_moment_is_torn_apart() -> None:
    moments = np.random.default_rng(3).permutation(np.repeat(np.arange(50), 8))
    split = divide(time_section(), Rows(400, moments=moments), seed=1)
    train, validation, test = (moments[part] for part in parts_of(split))
    assert train.max() < validation.min() <= validation.max() < test.min()
    assert (len(train), len(validation), len(test)) == (288, 32, 80)
    other = divide(time_section(), Rows(400, moments=moments), seed=2)
    assert all(map(np.array_equal, parts_of(split), parts_of(other)))


@pytest.mark.parametrize("seed", range(20))
def test_the_cut_in_time_is_the_nearest_one(seed: int) -> None:
    generator = np.random.default_rng(seed)
    moments = generator.integers(0, generator.integers(2, 12), 60)
    held = hold_out_latest(moments, 0.3)
    distances = [abs((moments >= cut).sum() - 18) for cut in sorted(set(moments.tolist()))[1:]]
    assert abs(held.sum() - 18) == min(distances)


def test_without_a_rule_the_split_is_the_one_it_was() -> None:
    strata = np.arange(100) % 3
    for data in (section(), section(split={"by": "random"})):
        split = divide(data, Rows(100, strata=strata), seed=4)
        expected = split_rows(100, seed=4, test=0.2, validation=0.1, strata=strata)
        assert all(map(np.array_equal, parts_of(split), parts_of(expected)))


@pytest.mark.parametrize("folds", [2, 5, 7])
def test_folds_by_chance_are_even_in_all_and_in_each_class_as_those_of_scikit_learn(folds: int) -> None:
    strata = np.random.default_rng(5).choice(3, 203, p=[0.7, 0.2, 0.1])
    found = fold_rows(203, folds, seed=1, strata=strata)
    assert sorted(np.concatenate(found)) == list(range(203))
    theirs = [test for _, test in StratifiedKFold(folds, shuffle=True, random_state=1).split(strata, strata)]
    ours_by_class = np.stack([np.bincount(strata[rows], minlength=3) for rows in found])
    their_by_class = np.stack([np.bincount(strata[rows], minlength=3) for rows in theirs])
    assert (np.ptp(ours_by_class, axis=0) <= 1).all() and (np.ptp(their_by_class, axis=0) <= 1).all()
    assert np.ptp([len(rows) for rows in found]) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_folds_of_groups_are_as_even_as_those_of_scikit_learn(seed: int) -> None:
    groups = np.random.default_rng(seed).zipf(1.6, 500).clip(max=60)
    found = fold_rows(500, 4, seed=seed, groups=groups)
    assert sorted(np.concatenate(found)) == list(range(500))
    assert not any(set(groups[one]) & set(groups[other]) for one, other in combinations(found, 2))
    theirs = [len(test) for _, test in GroupKFold(4).split(groups, groups=groups)]
    assert sorted(map(len, found)) == sorted(theirs)


def test_folds_in_time_are_those_of_scikit_learn_where_each_row_has_its_moment() -> None:
    data = [time_section(fold={"of": 5, "test": number}, validation=0.1) for number in range(1, 6)]
    for each, (train, test) in zip(data, TimeSeriesSplit(5).split(np.arange(120)), strict=True):
        split = divide(each, Rows(120, moments=np.arange(120)), seed=1)
        np.testing.assert_array_equal(split.test, test)
        np.testing.assert_array_equal(np.sort(np.concatenate([split.train, split.validation])), train)
        assert split.train.max() < split.validation.min()


def test_blocks_of_uneven_moments_keep_their_order_and_none_is_empty() -> None:
    moments = np.repeat(np.arange(7), [1, 1, 300, 1, 1, 1, 1])
    found = fold_rows(len(moments), 5, seed=1, moments=moments)
    assert all(len(rows) for rows in found)
    ends = [(moments[rows].min(), moments[rows].max()) for rows in found]
    assert all(one[1] < other[0] for one, other in pairwise(ends))


@pytest.mark.parametrize(
    "rows",
    [
        Rows(90, strata=np.arange(90) % 3),
        Rows(90, groups=np.arange(90) // 3),
        Rows(90, copies=np.arange(90) // 2, strata=np.arange(90) % 3),
    ],
    ids=["chance", "groups", "copies"],
)
def test_every_row_is_tested_in_one_fold_and_never_trained_on_in_it(rows: Rows) -> None:
    make = group_section if rows.groups is not None else section
    tested = []
    for number in range(1, 6):
        split = divide(make(fold={"of": 5, "test": number}), rows, seed=3)
        assert sorted(np.concatenate(parts_of(split))) == list(range(90))
        assert len(split.validation) >= 5
        for values in (rows.groups, rows.copies):
            if values is not None:
                sets = [set(values[part]) for part in parts_of(split)]
                assert not any(one & other for one, other in combinations(sets, 2))
        tested.append(split.test)
    assert sorted(np.concatenate(tested)) == list(range(90))


def test_no_fold_leaves_all_rows_for_training_and_a_fold_beats_a_set_of_the_source() -> None:
    everything = divide(section(fold={"of": 5, "test": "none"}), Rows(50), seed=1)
    assert [len(part) for part in parts_of(everything)] == [50, 0, 0]
    fold = divide(section(fold={"of": 5, "test": 2}), Rows(50), seed=1, has_test=True, has_validation=True)
    assert [len(part) for part in parts_of(fold)] == [40, 0, 10]


def test_too_few_groups_or_moments_are_told() -> None:
    one = np.zeros(40, np.int64)
    with pytest.raises(DataError, match="all of one group"):
        divide(group_section(), Rows(40, groups=one), seed=1)
    with pytest.raises(DataError, match="all of one moment"):
        divide(time_section(), Rows(40, moments=one), seed=1)
    with pytest.raises(DataError, match="5 folds of whole groups need at least 5 groups, got 2"):
        divide(group_section(fold={"of": 5, "test": 1}), Rows(40, groups=np.arange(40) % 2), seed=1)
    with pytest.raises(DataError, match="need at least 6 different moments"):
        fold_rows(40, 5, seed=1, moments=np.arange(40) % 5)
    with pytest.raises(DataError, match="duplicates: together cannot be kept"):
        divide(time_section(duplicates="together"), Rows(40, moments=np.arange(40), copies=np.arange(40)), seed=1)
