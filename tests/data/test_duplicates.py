"""`data.duplicates`: equal rows kept as they fall, dropped, or put into the same set, whatever the source is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nncli.config.sections import Data, Duplicates
from nncli.data.dataset import Dataset, Part
from nncli.data.loading import load
from nncli.data.profile.profiling import profile_data
from nncli.data.splitting import split_rows
from nncli.errors import DataError

ROWS, AGAIN = 60, 20
GENERATOR = np.random.default_rng(0)
NUMBERS = GENERATOR.normal(size=(ROWS, 3)).round(4)
PIXELS = GENERATOR.integers(0, 255, (ROWS, 8, 8)).astype(np.uint8)
CLASSES = np.arange(ROWS) % 2
ORDER = [*range(ROWS), *range(AGAIN)]


def make(source: str, folder: Path) -> Data:
    """60 different rows or images, 20 of which come twice."""
    if source == "csv":
        lines = [",".join(map(str, [*NUMBERS[row], "ny"[CLASSES[row]]])) for row in ORDER]
        (folder / "t.csv").write_text("\n".join(["a,b,c,y", *lines]) + "\n")
        return Data(source="csv", path=str(folder / "t.csv"), target=("y",))
    if source == "images":
        for place, row in enumerate(ORDER):
            (folder / "i" / str(CLASSES[row])).mkdir(parents=True, exist_ok=True)
            Image.fromarray(PIXELS[row]).save(folder / "i" / str(CLASSES[row]) / f"{place:03}.png")
        return Data(source="images", path=str(folder / "i"))
    arrays = NUMBERS if source == "npz" else PIXELS
    np.savez(folder / "t.npz", x=arrays[ORDER], y=CLASSES[ORDER])
    return Data(source="npz", path=str(folder / "t.npz"))


def read(data: Data, duplicates: Duplicates = "keep", seed: int = 1) -> Dataset:
    changed = data.model_copy(update={"duplicates": duplicates})
    return load(changed, seed=seed, data_dir=None, progress=lambda what, share: None)


def contents(part: Part) -> list[bytes]:
    rows = [np.asarray(values, np.float64).reshape(len(part), -1) for _, values in sorted(part.inputs.items())]
    return [row.tobytes() for row in np.concatenate(rows, axis=1)]


def parts(dataset: Dataset) -> list[Part]:
    return [dataset.train, dataset.validation, dataset.test]


def shared(dataset: Dataset) -> int:
    """How many different rows lie in more than one set."""
    sets = [set(contents(part)) for part in parts(dataset)]
    return sum(map(len, sets)) - len(set().union(*sets))


SOURCES = pytest.mark.parametrize("source", ["csv", "npz", "npz_images", "images"])


@SOURCES
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_together_parts_no_equal_rows_and_loses_none(source: str, seed: int, tmp_path: Path) -> None:
    data = make(source, tmp_path)
    assert shared(read(data, seed=seed)) > 0  # else the next line proves nothing
    dataset = read(data, "together", seed)
    assert shared(dataset) == 0
    assert sorted(np.concatenate([part.rows for part in parts(dataset)])) == list(range(ROWS + AGAIN))
    assert not [note for note in dataset.notes if "repeat" in note]


@SOURCES
def test_drop_keeps_the_first_of_each_with_its_number_in_the_source(source: str, tmp_path: Path) -> None:
    data = make(source, tmp_path)
    dataset = read(data, "drop")
    rows = np.concatenate([part.rows for part in parts(dataset)])
    assert shared(dataset) == 0 and len(rows) == ROWS
    assert any("20" in note and "dropped, equal to an earlier one" in note for note in dataset.notes)
    if source != "images":  # there the order is that of the classes
        assert sorted(rows) == list(range(ROWS))


@SOURCES
def test_targets_stay_with_their_rows(source: str, tmp_path: Path) -> None:
    data = make(source, tmp_path)
    answers = {}
    for duplicates in ("keep", "drop", "together"):
        dataset = read(data, duplicates)  # type: ignore[arg-type]
        for part in parts(dataset):
            for row, target in zip(part.rows.tolist(), part.targets.reshape(-1).tolist(), strict=True):
                assert answers.setdefault(row, target) == target


def test_equal_features_with_other_targets_are_not_dropped_but_stay_together(tmp_path: Path) -> None:
    lines = [f"{row % 30},{row % 7},{'ny'[row >= 30]}" for row in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *lines * 2]) + "\n")
    data = Data(source="csv", path=str(tmp_path / "t.csv"), target=("y",))
    assert sum(map(len, parts(read(data, "drop")))) == 60
    assert shared(read(data, "together")) == 0


def test_keep_splits_as_before_the_key_was_there() -> None:
    split = split_rows(60, seed=5, test=0.2, validation=0.1, strata=np.arange(60) % 3)
    assert split.test.tolist() == [5, 10, 11, 23, 25, 30, 33, 34, 36, 37, 41, 57]
    assert split.validation.tolist() == [0, 1, 9, 58, 59]


@pytest.mark.parametrize("strata", [None, np.arange(60) % 3])
def test_rows_that_are_all_different_are_split_as_without_groups(strata: np.ndarray | None) -> None:
    groups = np.random.default_rng(6).permutation(60).astype(np.uint64)
    plain = split_rows(60, seed=5, test=0.2, validation=0.1, strata=strata)
    grouped = split_rows(60, seed=5, test=0.2, validation=0.1, strata=strata, groups=groups)
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(grouped, name), getattr(plain, name))


def test_groups_keep_the_shares_of_the_classes() -> None:
    strata = np.repeat([0, 1], [400, 100])
    split = split_rows(500, seed=1, test=0.2, validation=0.1, strata=strata, groups=np.arange(500) // 2)
    assert np.bincount(strata[split.test]).tolist() == [80, 20]


def test_too_few_different_rows_are_refused_with_the_fix() -> None:
    with pytest.raises(DataError, match="9 different rows are too few") as error:
        split_rows(90, seed=1, test=0.2, validation=0.1, groups=np.arange(90) % 9)
    assert "duplicates: keep" in str(error.value.hint)


@pytest.mark.parametrize("duplicates", ["drop", "together"])
def test_a_split_that_is_given_is_not_changed(duplicates: Duplicates, tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", x_train=NUMBERS, y_train=CLASSES, x_test=NUMBERS, y_test=CLASSES)
    np.savez(tmp_path / "v.npz", x_train=PIXELS, y_train=CLASSES, x_val=PIXELS, y_val=CLASSES)
    table = make("csv", tmp_path)
    for data in (
        Data(source="npz", path=str(tmp_path / "s.npz")),
        Data(source="npz", path=str(tmp_path / "v.npz")),
        table.model_copy(update={"test": table.path}),
    ):
        with pytest.raises(DataError, match="cannot change a given split") as error:
            read(data, duplicates)
        assert ("leave `test` out" in str(error.value.hint)) == (data.source == "csv")
        assert len(read(data).train) > 0


@SOURCES
@pytest.mark.parametrize("duplicates", ["keep", "drop", "together"])
def test_a_look_at_the_data_tells_the_sets_that_training_makes(
    source: str, duplicates: Duplicates, tmp_path: Path
) -> None:
    data = make(source, tmp_path).model_copy(update={"duplicates": duplicates})
    profile = profile_data(data, seed=1, data_dir=None, progress=lambda what, share: None)
    assert profile.parts == read(data, duplicates).facts.rows
    assert ("shared" in {finding.rule for finding in profile.findings}) == (duplicates == "keep")
