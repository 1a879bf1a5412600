"""The parts of which streamed splits are made, against the splits in memory and NumPy, on many rows made at random."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nncli.config.sections import Data
from nncli.data.splits.dividing import Rows, divide
from nncli.data.streaming.assigning import TEST, TRAIN, VALIDATION
from nncli.data.streaming.splits import distinct, grouping
from nncli.data.streaming.splits import rows as streamed_rows
from nncli.data.streaming.splits.distinct import distinct_hashes
from nncli.data.streaming.splits.dividing import divide_streamed
from nncli.data.streaming.splits.folding import deal_classes
from nncli.data.streaming.splits.ordering import Timeline
from nncli.data.streaming.splits.rows import NO_SET, KeyedRows, Read
from nncli.errors import DataError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed_rows, "_BLOCK", 97)


def section(by: str | None, **options: Any) -> Data:
    rule = {} if by is None else {"split": {"by": by, "column": "c"}}
    return Data(source="csv", path="t.csv", target=("y",), **rule, **options)


def reader(values: np.ndarray) -> Read:
    return lambda first, end: values[first:end]


def keyed(count: int, **known: np.ndarray) -> KeyedRows:
    numbers = reader(np.arange(count, dtype=np.int64) * 2)
    return KeyedRows(count, numbers, **{name: reader(values) for name, values in known.items()})


def sets_in_memory(data: Data, rows: Rows, seed: int = 1, *, has_test: bool = False) -> np.ndarray:
    split = divide(data, rows, seed=seed, has_test=has_test)
    found = np.full(rows.count, NO_SET, np.uint8)
    for place, chosen in ((TRAIN, split.train), (VALIDATION, split.validation), (TEST, split.test)):
        found[chosen] = place
    return found


def streamed_sets(data: Data, rows: KeyedRows, seed: int = 1, *, has_test: bool = False) -> np.ndarray:
    return divide_streamed(data, rows, seed=seed, has_test=has_test).of


def told_or(divide: Callable[..., np.ndarray], *given: Any, **named: Any) -> np.ndarray | str:
    """The sets, or what is wrong with the moments."""
    try:
        return divide(*given, **named)
    except DataError as error:
        return error.message


@pytest.mark.parametrize("seed", range(30))
def test_cuts_in_time_and_folds_of_blocks_are_those_in_memory(seed: int) -> None:
    """Few and many moments, negative and huge ones, and one that most rows have."""
    generator = np.random.default_rng(seed)
    count, most = int(generator.integers(40, 900)), int(generator.choice([7, 30, 10**6, 2**62]))
    moments = generator.integers(-most, most, count)
    moments[generator.random(count) < generator.choice([0.0, 0.6])] = moments[0]
    while len(np.unique(moments)) < 7:
        moments[generator.integers(count)] = generator.integers(-most, most)
    rows = Rows(count, moments=moments)
    folds = [{"fold": {"of": 5, "test": number}} for number in range(2, 6)]
    for has_test, options in [(False, {}), (True, {}), (False, {"test": 0.9, "validation": 0.5})] + [
        (False, fold) for fold in folds
    ]:
        data = section("time", **options)
        ours = told_or(streamed_sets, data, keyed(count, moments=moments), has_test=has_test)
        theirs = told_or(sets_in_memory, data, rows, has_test=has_test)
        np.testing.assert_array_equal(ours, theirs)


def test_the_moment_of_a_rank_is_that_of_the_sorted_moments() -> None:
    moments = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, 1_000)
    moments[::3] = moments[0]
    line, ordered = Timeline(reader(moments), len(moments)), np.sort(moments)
    for rank in (0, 1, 333, 500, 999):
        found = line.at(rank)
        assert found.moment == ordered[rank]
        assert (found.before, found.rows) == ((moments < ordered[rank]).sum(), (moments == ordered[rank]).sum())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("bundled", [False, True])
def test_groups_of_any_sizes_are_never_torn_apart(seed: int, bundled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups that are dealt one by one are in the sets that they have in memory; in bundles, shares are nearly kept."""
    if bundled:
        monkeypatch.setattr(grouping, "MOST_GROUPS", 256)
        monkeypatch.setattr(distinct, "_MOST_ROWS", 500)
    generator = np.random.default_rng(seed)
    groups = np.minimum(generator.zipf(1.3, 5_000), 4_000)
    classes = (generator.random(5_000) < 0.1 + 0.5 * (groups % 3 == 0)).astype(np.int64)
    different, first, codes = np.unique(groups, return_index=True, return_inverse=True)
    hashes = np.random.default_rng(9).integers(0, 2**64, len(different), np.uint64)
    by_appearance = np.argsort(first)
    place = np.argsort(by_appearance)
    rows = KeyedRows(
        5_000,
        reader(np.arange(5_000)),
        reader(classes),
        2,
        groups=reader(hashes[codes]),
        group_order=None if bundled else hashes[by_appearance],
    )
    for options in ({}, {"fold": {"of": 4, "test": 3}}, {"test": 0.4}):
        data = section("group", **options)
        ours = divide_streamed(data, rows, seed=seed, has_test=False)
        tested = int((ours.of == TEST).sum())
        for code in range(len(different)):
            assert len(set(ours.of[codes == code].tolist())) == 1
        assert ours.groups == {each: len(set(codes[ours.of == each])) for each in (TRAIN, VALIDATION, TEST)}
        largest = int(np.bincount(codes).max())
        wanted = 5_000 / 4 if "fold" in options else 5_000 * options.get("test", 0.2)
        assert tested == pytest.approx(wanted, abs=2 if largest < wanted else largest)
        if not bundled:
            theirs = sets_in_memory(data, Rows(5_000, strata=classes, groups=place[codes]), seed)
            np.testing.assert_array_equal(ours.of, theirs)


def test_bundles_keep_the_shares_of_the_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST_GROUPS", 1 << 10)
    hashes = np.random.default_rng(0).integers(0, 2**64, 20_000, np.uint64)
    codes = np.random.default_rng(1).integers(0, 20_000, 60_000)
    classes = (np.random.default_rng(2).random(60_000) < 0.3).astype(np.int64)
    rows = KeyedRows(60_000, reader(np.arange(60_000)), reader(classes), 2, groups=reader(hashes[codes]))
    ours = divide_streamed(section("group"), rows, seed=1, has_test=False).of
    assert (ours == TEST).sum() == pytest.approx(12_000, abs=10)
    for place in (TRAIN, VALIDATION, TEST):
        assert classes[ours == place].mean() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("most", [50, 1 << 22])
def test_different_hashes_are_found_with_their_first_row_a_range_after_another(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distinct, "_MOST_ROWS", most)
    values = np.random.default_rng(0).integers(0, 2**64, 700, np.uint64)
    hashes = values[np.random.default_rng(1).integers(0, 700, 5_000)]
    hashes[1::2] = values[3]
    found = list(distinct_hashes(reader(hashes), len(hashes)))
    assert (len(found) > 1) == (most == 50)
    expected = np.unique(hashes, return_index=True, return_counts=True)
    for ours, theirs in zip(("values", "first", "rows"), expected, strict=True):
        np.testing.assert_array_equal(np.concatenate([getattr(each, ours) for each in found]), theirs)


@pytest.mark.parametrize("folds", [2, 3, 7])
def test_folds_by_chance_share_out_each_class(folds: int) -> None:
    classes = np.random.default_rng(0).choice(4, 1_003, p=[0.6, 0.3, 0.09, 0.01])
    rows = KeyedRows(1_003, reader(np.arange(1_003)), reader(classes), 4)
    sets = []
    for number in range(1, folds + 1):
        data = section(None, fold={"of": folds, "test": number})
        sets.append(divide_streamed(data, rows, seed=3, has_test=False).of)
        theirs = sets_in_memory(data, Rows(1_003, strata=classes), 3)
        for place in (TRAIN, VALIDATION, TEST):
            counts = [np.bincount(classes[each == place], minlength=4) for each in (sets[-1], theirs)]
            np.testing.assert_allclose(*counts, atol=1)
    tested = np.stack([each == TEST for each in sets])
    assert (tested.sum(axis=0) == 1).all()
    assert tested.sum(axis=1).max() - tested.sum(axis=1).min() <= 1
    validated = np.stack([each == VALIDATION for each in sets]).sum(axis=0)
    assert validated.max() <= 2, "each fold is validated on other rows"


def test_turns_go_on_from_class_to_class() -> None:
    sizes = np.array([5, 1, 0, 7])
    turns = np.arange(13) % 4
    classes = np.repeat(np.arange(4), sizes)
    expected = [[((turns == fold) & (classes == index)).sum() for index in range(4)] for fold in range(4)]
    np.testing.assert_array_equal(deal_classes(sizes, 4), expected)
