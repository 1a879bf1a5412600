"""Sets by a hash: exact shares of each class, whatever the order in which rows are read."""

import numpy as np
import pytest

from nncli.data.streaming import assigning
from nncli.data.streaming.assigning import TEST, TRAIN, VALIDATION, assign, hash_numbers
from nncli.errors import DataError


def assigned(
    rows: int, classes: np.ndarray | None, seed: int = 1, test: float = 0.2, validation: float = 0.1
) -> np.ndarray:
    numbers = np.arange(rows, dtype=np.int64) * 3
    return assign(
        rows,
        lambda first, end: numbers[first:end],
        None if classes is None else (lambda first, end: classes[first:end]),
        0 if classes is None else int(classes.max()) + 1,
        seed=seed,
        test=0.2,
        validation=0.1,
    )


def test_each_class_gives_its_share_to_each_set() -> None:
    classes = np.repeat(np.arange(4), [5_000, 900, 50, 1])
    sets = assigned(len(classes), classes)
    for index, size in enumerate([5_000, 900, 50]):
        counts = np.bincount(sets[classes == index], minlength=3)
        assert counts[TEST] == pytest.approx(0.2 * size, abs=1)
        assert counts[VALIDATION] == pytest.approx(0.08 * size, abs=1)
    assert sets[-1] == TRAIN, "a class with a single row is trained on"
    assert (sets == TEST).sum() == round(0.2 * len(classes))


def test_without_classes_the_smallest_hashes_are_held_out() -> None:
    sets, hashes = assigned(1_000, None), hash_numbers(np.arange(1_000) * 3, 1)
    assert (sets == TEST).sum() == 200
    assert (sets == VALIDATION).sum() == 80
    assert hashes[sets == TEST].max() < hashes[sets == VALIDATION].min()
    assert hashes[sets == VALIDATION].max() < hashes[sets == TRAIN].min()


def test_the_sets_do_not_depend_on_the_blocks_in_which_rows_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = np.random.default_rng(0).integers(0, 3, 2_000)
    whole = assigned(2_000, classes)
    monkeypatch.setattr(assigning, "_BLOCK", 77)
    assert np.array_equal(assigned(2_000, classes), whole)


def test_another_seed_gives_other_sets_that_are_unrelated() -> None:
    one, other = assigned(20_000, None, seed=1), assigned(20_000, None, seed=2)
    both = ((one == TEST) & (other == TEST)).mean()
    assert both == pytest.approx(0.04, abs=0.006)  # 0.2 of 0.2


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="9 rows are too few"):
        assigned(9, None)
