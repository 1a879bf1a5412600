"""Equal rows of streamed tables: dropped or kept together, as a comparison of the lines of the file has it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.config.sections import Data
from nncli.data import load
from nncli.data.dataset import Dataset
from nncli.data.splits.dividing import Rows, divide
from nncli.data.streaming import assigning
from nncli.data.streaming.assigning import TEST, TRAIN, VALIDATION
from nncli.data.streaming.splits import distinct, grouping
from nncli.data.streaming.splits import rows as streamed_rows
from nncli.data.streaming.splits.dividing import divide_streamed
from nncli.data.streaming.splits.rows import KeyedRows
from nncli.data.streaming.tables import sources, split_keys
from nncli.errors import DataError

ROWS = 2_000
BY_GROUP = {"split": {"by": "group", "column": "ward"}}
BY_TIME = {"split": {"by": "time", "column": "date"}}


def columns() -> dict[str, np.ndarray]:
    """Few different rows, some of them with different labels; equal numbers are written in several ways."""
    generator = np.random.default_rng(0)
    size = generator.integers(0, 700, ROWS) / 2 - 100
    written = np.array(
        [f"{value:.{place}f}" for value, place in zip(size, generator.integers(1, 4, ROWS), strict=True)]
    )
    written[size == 0] = "-0.0"
    written[::50] = ""
    return {
        "ward": np.char.add("W", generator.integers(0, 1_500, ROWS).astype(str)),
        "date": np.datetime_as_string(np.datetime64("2024-01-01") + generator.integers(0, 300, ROWS)),
        "size": written,
        "city": np.array(["Rome", "Oslo", ""])[generator.integers(0, 3, ROWS)],
        "label": np.where(size + generator.normal(0, 30, ROWS) > 70, "yes", "no"),
    }


COLUMNS = columns()
INPUTS = [
    (None if size == "" else float(size), city) for size, city in zip(COLUMNS["size"], COLUMNS["city"], strict=True)
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = [",".join(COLUMNS), *(",".join(cells) for cells in zip(*COLUMNS.values(), strict=True))]
    path = tmp_path_factory.mktemp("table") / "wards.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 0)
    monkeypatch.setattr(sources, "_PIECE", 1 << 13)
    monkeypatch.setattr(assigning, "_BLOCK", 300)
    monkeypatch.setattr(streamed_rows, "_BLOCK", 300)
    monkeypatch.setattr(distinct, "_MOST_ROWS", 400)


def loaded(path: Path, duplicates: str, memory: str = "stream", **more: Any) -> Dataset:
    settings = {"source": "csv", "path": str(path), "target": ["label"], "features": ["size", "city"]}
    data = Data.model_validate({**settings, "duplicates": duplicates, "memory": memory, **more})
    return load(data, seed=1, data_dir=None, progress=lambda what, share: None)


def parts_of(dataset: Dataset) -> list[list[int]]:
    return [part.rows.tolist() for part in (dataset.train, dataset.validation, dataset.test)]


def test_of_equal_rows_the_first_is_kept(path: Path) -> None:
    dataset = loaded(path, "drop")
    first: dict[Any, int] = {}
    for row, (inputs, label) in enumerate(zip(INPUTS, COLUMNS["label"], strict=True)):
        first.setdefault((inputs, label), row)
    assert sorted(row for rows in parts_of(dataset) for row in rows) == sorted(first.values())
    assert f"{ROWS - len(first):,} rows dropped, equal to an earlier one" in dataset.notes
    assert len(dataset.test) == round(0.2 * len(first))
    size = dataset.train.inputs["numbers"][:, 0]
    cells = [INPUTS[row][0] for row in dataset.train.rows.tolist()]
    np.testing.assert_array_equal(size, np.array([np.nan if cell is None else cell for cell in cells], np.float32))
    labels = COLUMNS["label"][dataset.train.rows] == "yes"
    np.testing.assert_array_equal(dataset.train.targets[:, 0] == 1, labels)


@pytest.mark.parametrize("more", [BY_GROUP, BY_TIME], ids=["group", "time"])
def test_dropped_rows_leave_the_sets_of_the_others_as_in_memory(path: Path, more: dict[str, Any]) -> None:
    ours, theirs = (loaded(path, "drop", memory, **more) for memory in ("stream", "all"))
    assert parts_of(ours) == parts_of(theirs)


@pytest.mark.parametrize("more", [{}, {"fold": {"of": 3, "test": 2}}, BY_GROUP], ids=["chance", "fold", "group"])
def test_equal_rows_stay_together(path: Path, more: dict[str, Any]) -> None:
    ours, theirs = (loaded(path, "together", memory, **more) for memory in ("stream", "all"))
    rows = parts_of(ours)
    assert sorted(row for part in rows for row in part) == list(range(ROWS))
    different = [{INPUTS[row] for row in part} for part in rows]
    assert sum(map(len, different)) == len(set(INPUTS)), "no row is in two sets"
    if more is BY_GROUP:
        assert rows == parts_of(theirs)
        wards = [set(COLUMNS["ward"][part]) for part in rows]
        assert sum(map(len, wards)) == len(set(COLUMNS["ward"]))
    else:
        shares = [{INPUTS[row] for row in part} for part in parts_of(theirs)]
        assert [len(each) for each in different] == [len(each) for each in shares]


def test_every_different_row_is_tested_in_one_fold(path: Path) -> None:
    found = [loaded(path, "together", fold={"of": 3, "test": number}) for number in (1, 2, 3)]
    assert sorted(row for each in found for row in each.test.rows.tolist()) == list(range(ROWS))


def test_the_sets_do_not_depend_on_the_pieces_in_which_rows_are_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = [loaded(path, duplicates).fingerprint for duplicates in ("drop", "together")]
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "other"))
    monkeypatch.setattr(sources, "_PIECE", 1 << 20)
    monkeypatch.setattr(streamed_rows, "_BLOCK", 77)
    monkeypatch.setattr(distinct, "_MOST_ROWS", 1 << 22)
    assert [loaded(path, duplicates).fingerprint for duplicates in ("drop", "together")] == first


def test_what_cannot_be_kept_is_told_as_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for duplicates, more, message in (
        ("together", BY_TIME, "together cannot be kept in a split by time"),
        ("drop", {"test": str(path)}, "drop cannot change a given split, and data.test is"),
    ):
        for memory in ("stream", "all"):
            with pytest.raises(DataError, match=message):
                loaded(path, duplicates, memory, **more)
    monkeypatch.setattr(grouping, "MOST_GROUPS", 100)
    monkeypatch.setattr(split_keys, "MOST_GROUPS", 100)
    with pytest.raises(DataError, match="together cannot be kept in a split by more than 64 groups") as refused:
        loaded(path, "together", **BY_GROUP)
    assert "duplicates: drop" in str(refused.value.hint)


@pytest.mark.parametrize("seed", range(6))
def test_equal_rows_are_dealt_by_the_class_of_the_first(seed: int) -> None:
    """Of half of the different rows, every copy has a class of its own."""
    generator = np.random.default_rng(seed)
    copies = generator.integers(0, 600, 3_000)
    classes = np.where(copies % 2, copies % 3, generator.integers(0, 3, 3_000))
    hashes = np.random.default_rng(1).integers(0, 2**64, 600, np.uint64)[copies]
    rows = KeyedRows(
        3_000,
        lambda first, end: np.arange(first, end),
        lambda first, end: classes[first:end],
        3,
        copies=lambda first, end: hashes[first:end],
    )
    first = np.sort(np.unique(copies, return_index=True)[1])
    for options in ({}, {"fold": {"of": 4, "test": 2}}):
        data = Data(source="csv", path="t.csv", target=("y",), duplicates="together", **options)
        ours = divide_streamed(data, rows, seed=seed, has_test=False).of
        for copy in np.unique(copies):
            assert len(set(ours[copies == copy].tolist())) == 1
        split = divide(data, Rows(3_000, strata=classes, copies=copies), seed=seed)
        for place, theirs in ((TRAIN, split.train), (VALIDATION, split.validation), (TEST, split.test)):
            counts = [
                np.bincount(classes[np.intersect1d(first, each)], minlength=3)
                for each in (np.flatnonzero(ours == place), theirs)
            ]
            np.testing.assert_allclose(*counts, atol=1)
