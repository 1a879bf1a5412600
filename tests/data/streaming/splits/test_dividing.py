"""Splits of streamed tables by group and time, and folds: their promises, checked on the lines of the file."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from nncli.config.sections import Data
from nncli.data import load
from nncli.data.dataset import Dataset
from nncli.data.streaming import assigning
from nncli.data.streaming.splits import distinct, grouping
from nncli.data.streaming.splits import rows as streamed_rows
from nncli.data.streaming.tables import sources, split_keys
from nncli.data.tables.files import csv_types
from nncli.errors import DataError

ROWS = 3_000
BY_GROUP = {"split": {"by": "group", "column": "patient"}}
BY_TIME = {"split": {"by": "time", "column": "date"}}
BY_STAMP = {"split": {"by": "time", "column": "stamp"}}


def columns() -> dict[str, np.ndarray]:
    """Patients with one to many rows each; dates of a year in no order; numbers, some negative, as moments; and a class
    that depends on the patient. Every ninth row has no target."""
    generator = np.random.default_rng(0)
    patient = (generator.pareto(1.0, ROWS) * 40).astype(np.int64) % 400
    day = np.datetime64("2024-01-01") + generator.integers(0, 366, ROWS)
    size = generator.normal(10, 4, ROWS).round(3)
    label = np.where(patient % 5 + size / 10 + generator.normal(0, 0.5, ROWS) > 3, "yes", "no")
    label[::9] = ""
    return {
        "patient": np.char.add("P", patient.astype(str)),
        "date": np.datetime_as_string(day),
        "stamp": (generator.normal(0, 1e6, ROWS).round() / 4).astype(str),
        "size": size.astype(str),
        "label": label,
    }


COLUMNS = columns()
LABELLED = np.flatnonzero(COLUMNS["label"] != "")


def write(made: dict[str, np.ndarray], path: Path) -> Path:
    lines = [",".join(made), *(",".join(cells) for cells in zip(*made.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(COLUMNS, tmp_path_factory.mktemp("table") / "visits.csv")


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Every table counts as larger than a window, is read in small pieces and blocks, and has its own cache."""
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 0)
    small(monkeypatch, 1 << 13, 700)
    yield


def small(monkeypatch: pytest.MonkeyPatch, piece: int, block: int) -> None:
    monkeypatch.setattr(sources, "_PIECE", piece)
    monkeypatch.setattr(sources, "_PIECE_ROWS", piece >> 5)
    monkeypatch.setattr(assigning, "_BLOCK", block)
    monkeypatch.setattr(streamed_rows, "_BLOCK", block)


def bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """More groups than are dealt one by one, and more than are looked at in one pass."""
    monkeypatch.setattr(grouping, "MOST_GROUPS", 64)
    monkeypatch.setattr(split_keys, "MOST_GROUPS", 64)
    monkeypatch.setattr(distinct, "_MOST_ROWS", 300)


def loaded(path: Path, memory: str = "stream", seed: int = 1, **more: Any) -> Dataset:
    settings = {"source": "csv", "path": str(path), "target": ["label"], "features": ["size"], "memory": memory}
    data = Data.model_validate({**settings, **more})
    return load(data, seed=seed, data_dir=None, progress=lambda what, share: None)


def parts_of(dataset: Dataset) -> list[np.ndarray]:
    return [dataset.train.rows, dataset.validation.rows, dataset.test.rows]


def assert_same_rows(ours: Dataset, theirs: Dataset) -> None:
    for one, other in zip(parts_of(ours), parts_of(theirs), strict=True):
        np.testing.assert_array_equal(one, other)


def told(dataset: Dataset) -> set[str]:
    return {note for note in (*dataset.notes, *dataset.warnings) if "repeat another row" not in note}


@pytest.mark.parametrize(("column", "seed"), [("patient", 1), ("patient", 2), ("stamp", 1)])
def test_groups_are_dealt_as_in_memory(path: Path, column: str, seed: int) -> None:
    split = {"split": {"by": "group", "column": column}}
    ours, theirs = (loaded(path, memory, seed, **split) for memory in ("stream", "all"))
    assert_same_rows(ours, theirs)
    assert told(ours) == told(theirs)
    assert len(ours.test) == round(0.2 * len(LABELLED))


def check_groups(dataset: Dataset, tolerance: float) -> None:
    rows = parts_of(dataset)
    assert sorted(np.concatenate(rows).tolist()) == LABELLED.tolist()
    sets = [set(COLUMNS["patient"][each]) for each in rows]
    assert not any(one & other for one, other in combinations(sets, 2))
    assert len(dataset.test) == pytest.approx(0.2 * len(LABELLED), abs=tolerance)
    assert len(dataset.validation) == pytest.approx(0.08 * len(LABELLED), abs=tolerance)
    counts = [f"{name} {len(each)}" for name, each in zip(("train", "validation", "test"), sets, strict=True)]
    assert f"split by patient: of {sum(map(len, sets))} groups, {', '.join(counts)}" in dataset.notes


def test_of_very_many_groups_none_is_in_two_sets(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle(monkeypatch)
    one = loaded(path, **BY_GROUP)
    check_groups(one, tolerance=5)
    other = loaded(path, seed=2, **BY_GROUP)
    check_groups(other, tolerance=5)
    assert set(one.test.rows) != set(other.test.rows)


@pytest.mark.parametrize("more", [BY_GROUP, BY_TIME, {"fold": {"of": 4, "test": 2}}], ids=["group", "time", "fold"])
@pytest.mark.parametrize("bundled", [False, True])
def test_the_sets_do_not_depend_on_the_pieces_in_which_rows_are_read(
    path: Path, more: dict[str, Any], bundled: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if bundled:
        bundle(monkeypatch)
    one = loaded(path, **more)
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "other"))
    small(monkeypatch, 1 << 20, 123)
    other = loaded(path, **more)
    assert one.fingerprint == other.fingerprint
    assert_same_rows(one, other)


@pytest.mark.parametrize("more", [BY_TIME, BY_STAMP], ids=["dates", "numbers"])
def test_the_latest_rows_are_tested_exactly_as_in_memory(path: Path, more: dict[str, Any]) -> None:
    ours, theirs = (loaded(path, memory, **more) for memory in ("stream", "all"))
    assert_same_rows(ours, theirs)
    cells = COLUMNS[more["split"]["column"]]
    moments = cells.astype("M8[D]").astype(np.int64) if more is BY_TIME else cells.astype(float)
    train, validation, test = (moments[rows] for rows in parts_of(ours))
    assert train.max() < validation.min() <= validation.max() < test.min()
    cuts = np.unique(moments[LABELLED])[1:]
    distances = [abs((moments[LABELLED] >= cut).sum() - 0.2 * len(LABELLED)) for cut in cuts]
    assert abs(len(test) - 0.2 * len(LABELLED)) == min(distances)


@pytest.mark.parametrize("more", [BY_GROUP, BY_TIME, BY_STAMP], ids=["group", "time", "numbers"])
def test_columns_of_a_parquet_file_split_it_as_in_memory(more: dict[str, Any], tmp_path: Path) -> None:
    """Numbers as groups, and moments of Arrow's own types."""
    made = {
        "patient": np.char.lstrip(COLUMNS["patient"], "P").astype(np.int64),
        "date": pyarrow.array(COLUMNS["date"].astype("M8[D]")),
        "stamp": COLUMNS["stamp"].astype(float),
        "size": COLUMNS["size"].astype(float),
        "label": [text or None for text in COLUMNS["label"].tolist()],
    }
    pyarrow.parquet.write_table(pyarrow.table(made), tmp_path / "visits.parquet", row_group_size=500)
    path = tmp_path / "visits.parquet"
    ours, theirs = (loaded(path, memory, source="parquet", **more) for memory in ("stream", "all"))
    assert_same_rows(ours, theirs)
    assert told(ours) == told(theirs)


def test_what_is_told_of_dates_is_told_as_in_memory(path: Path) -> None:
    ours, theirs = (loaded(path, memory, features=["size", "date"], **BY_TIME) for memory in ("stream", "all"))
    own, others = ([note for note in each.notes if "split by" in note] for each in (ours, theirs))
    assert own == others
    assert own[0].startswith("split by date: train 2024-01-01 to 2024-")
    assert "date: rows are split by it and it is learned from" in own[1]


def test_times_of_day_are_told_where_there_are_some(tmp_path: Path) -> None:
    hours = np.arange(600)
    made = {
        "at": np.char.replace(
            np.datetime_as_string(np.datetime64("2024-03-01") + hours.astype("m8[h]"), "s"), "T", " "
        ),
        "size": hours.astype(str),
        "label": np.array(["a", "b"])[hours % 2],
    }
    path = write(made, tmp_path / "hours.csv")
    split = {"split": {"by": "time", "column": "at"}}
    ours, theirs = (loaded(path, memory, **split) for memory in ("stream", "all"))
    assert_same_rows(ours, theirs)
    [note] = [note for note in ours.notes if note.startswith("split by at")]
    assert note == (
        "split by at: train 2024-03-01 to 2024-03-18 23:00:00, validation 2024-03-19 to 2024-03-20 23:00:00, test "
        "2024-03-21 to 2024-03-25 23:00:00"
    )


@pytest.mark.parametrize("more", [{}, BY_GROUP, BY_TIME], ids=["chance", "group", "time"])
def test_every_row_is_tested_in_one_fold_and_never_trained_on_in_it(path: Path, more: dict[str, Any]) -> None:
    found = [loaded(path, fold={"of": 4, "test": number}, **more) for number in range(1, 5)]
    tested = np.concatenate([each.test.rows for each in found])
    assert len(set(tested.tolist())) == len(tested)
    untested = set(LABELLED.tolist()) - set(tested.tolist())
    if more is BY_TIME:
        assert max(COLUMNS["date"][sorted(untested)]) < min(COLUMNS["date"][tested]), "the earliest block"
    else:
        assert not untested
    for number, each in enumerate(found, 1):
        train, validation, test = (set(rows.tolist()) for rows in parts_of(each))
        assert not (train & test or train & validation or validation & test)
        if more is BY_TIME:
            dates = COLUMNS["date"]
            assert max(dates[each.train.rows]) < min(dates[each.validation.rows])
            assert max(dates[each.validation.rows]) < min(dates[each.test.rows])
        else:
            assert len(train | validation | test) == len(LABELLED)
        if more is BY_GROUP:
            assert not set(COLUMNS["patient"][sorted(test)]) & set(COLUMNS["patient"][sorted(train | validation)])
        if more:
            assert_same_rows(each, loaded(path, "all", fold={"of": 4, "test": number}, **more))


def test_folds_by_chance_are_as_even_as_those_in_memory_in_each_class(path: Path) -> None:
    for number in range(1, 4):
        ours, theirs = (loaded(path, memory, fold={"of": 3, "test": number}) for memory in ("stream", "all"))
        for one, other in zip(parts_of(ours), parts_of(theirs), strict=True):
            counts = [np.unique(COLUMNS["label"][rows], return_counts=True)[1] for rows in (one, other)]
            np.testing.assert_array_equal(*counts)


def test_a_fold_of_none_trains_on_all_rows(path: Path) -> None:
    dataset = loaded(path, fold={"of": 3, "test": "none"}, **BY_GROUP)
    assert dataset.train.rows.tolist() == LABELLED.tolist()
    assert len(dataset.validation) == len(dataset.test) == 0


def test_a_test_set_of_its_own_leaves_all_groups_and_moments_for_the_others(path: Path) -> None:
    for more in (BY_GROUP, BY_TIME):
        ours, theirs = (loaded(path, memory, test=str(path), **more) for memory in ("stream", "all"))
        assert_same_rows(ours, theirs)
        assert len(ours.test) == len(ours.train) + len(ours.validation) == len(LABELLED)


@pytest.mark.parametrize(
    ("column", "cells", "more", "message"),
    [
        ("patient", {1_001: ""}, BY_GROUP, r'has no group in "patient".*: row 1002 \(empty\)'),
        ("date", {1_001: "soon"}, BY_TIME, 'has no date in "date".*: row 1002 "soon"'),
        ("stamp", {1_001: "later"}, BY_STAMP, 'has no date in "stamp".*: row 1002 "later"'),
        ("patient", "P1", BY_GROUP, r"the 2,666 rows that a test set is to be taken from are all of one group"),
        ("stamp", "7", BY_STAMP, r"the 2,666 rows that a test set is to be taken from are all of one moment"),
        ("patient", "P1", {**BY_GROUP, "fold": {"of": 3, "test": 1}}, "3 folds of whole groups need at least 3 groups"),
        ("stamp", "7", {**BY_STAMP, "fold": {"of": 3, "test": 1}}, "3 folds in order of time need at least 4 differ"),
        ("date", "12:30", BY_TIME, "times of day without dates"),
        ("patient", "", {"split": {"by": "group", "column": "ward"}}, 'data.split.column: .* has no column "ward"'),
    ],
)
def test_cells_that_do_not_say_where_a_row_belongs_are_told(
    column: str, cells: dict[int, str] | str, more: dict[str, Any], message: str, tmp_path: Path
) -> None:
    changed = {name: values.astype("U12") for name, values in COLUMNS.items()}
    if isinstance(cells, str):
        changed[column][:] = cells
    else:
        for row, cell in cells.items():
            changed[column][row] = cell
    path = write(changed, tmp_path / "visits.csv")
    for memory in ("stream", "all"):
        with pytest.raises(DataError, match=message):
            loaded(path, memory, **more)


@pytest.mark.parametrize("words", [0, 700], ids=["numbers", "words first"])
def test_groups_of_a_csv_that_look_like_numbers_are_dealt_as_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: int
) -> None:
    """Also where the reader of long texts makes numbers of them."""
    monkeypatch.setattr(csv_types, "WORTH_BYTES", 1 << 10)
    small(monkeypatch, 1 << 13, 300)
    numbers = np.random.default_rng(0).integers(10, 90, 2_000)
    groups = [f"A{group}" if row < words else str(group) for row, group in enumerate(numbers)]
    path = tmp_path / "wards.csv"
    lines = (f"{group},{row % 7},{'yes' if row % 3 else 'no'}" for row, group in enumerate(groups))
    path.write_text("\n".join(["ward,size,label", *lines]) + "\n")
    ours, theirs = (loaded(path, memory, split={"by": "group", "column": "ward"}) for memory in ("stream", "all"))
    assert_same_rows(ours, theirs)


def test_zero_is_one_group_whatever_its_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, 1 << 13, 300)
    groups = (np.arange(2_000) % 10).astype(float)
    groups[1_000:][groups[1_000:] == 0] = -0.0
    made = pyarrow.table({"ward": groups, "size": np.arange(2_000) % 7, "label": np.arange(2_000) % 3})
    pyarrow.parquet.write_table(made, tmp_path / "wards.parquet", row_group_size=250)
    for seed in range(3):
        dataset = loaded(
            tmp_path / "wards.parquet", seed=seed, source="parquet", split={"by": "group", "column": "ward"}
        )
        sets = [set(groups[rows].tolist()) for rows in parts_of(dataset)]
        assert not any(one & other for one, other in combinations(sets, 2))
        assert any("of 10 groups" in note for note in dataset.notes)
