"""Tables split by a column: what is read, what is said, what is refused, and when a split is suggested."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from nncli import data
from nncli.config.sections import BUNDLED, Data
from nncli.data.dataset import Dataset
from nncli.data.profile.profiling import profile_table
from nncli.errors import DataError

ROWS = 200
PATIENTS = [f"P{number * 7 % 40:02}" for number in range(ROWS)]
DAYS = [str(np.datetime64("2024-01-05") + number * 13 % 50) for number in range(ROWS)]


def write(path: Path, **changes: list[str]) -> Path:
    columns = {
        "patient": PATIENTS,
        "date": DAYS,
        "x": [f"{np.sin(number):.4f}" for number in range(ROWS)],
        "y": [str(number % 3 % 2) for number in range(ROWS)],
        **changes,
    }
    lines = [",".join(columns), *(",".join(cells) for cells in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def load(path: Path, by: str | None = None, column: str | None = None, seed: int = 1, **options: Any) -> Dataset:
    split = {} if by is None else {"split": {"by": by, "column": column}}
    drop = ("patient", "date")
    section = Data(**{"source": "csv", "path": str(path), "target": ("y",), "drop": drop, **split, **options})
    return data.load(section, seed=seed, data_dir=None, progress=lambda what, share: None)


def values_of(dataset: Dataset, cells: list[str]) -> list[set[str]]:
    return [{cells[row] for row in part.rows} for part in (dataset.train, dataset.validation, dataset.test)]


def test_a_patient_is_in_one_set_though_the_column_is_no_input(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv"), "group", "patient")
    train, validation, test = values_of(dataset, PATIENTS)
    assert not train & validation and not train & test and not validation & test
    assert len(train) + len(validation) + len(test) == 40
    assert list(dataset.train.inputs) == ["numbers"] and dataset.train.inputs["numbers"].shape[1] == 1
    told = f"split by patient: of 40 groups, train {len(train)}, validation {len(validation)}, test {len(test)}"
    assert told in dataset.notes
    assert not dataset.warnings


def test_the_test_set_is_the_latest_and_its_dates_are_told(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv"), "time", "date")
    train, validation, test = values_of(dataset, DAYS)
    assert max(train) < min(validation) <= max(validation) < min(test)
    assert f"test {min(test)} to {max(test)}" in next(note for note in dataset.notes if "split by date" in note)


def test_dates_day_first_are_ordered_as_dates_and_not_as_texts(tmp_path: Path) -> None:
    dates = [f"{day % 28 + 1}.{day // 28 + 1}.2024" for day in range(ROWS)]
    dataset = load(write(tmp_path / "t.csv", date=dates), "time", "date")
    assert sorted(dataset.test.rows) == list(range(160, 200))


def test_numbers_are_an_order_of_time_as_they_are(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", date=[str(number // 2) for number in range(ROWS)]), "time", "date")
    assert sorted(dataset.test.rows) == list(range(160, 200))


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "gz", "xlsx"])
def test_every_kind_of_table_splits_alike(tmp_path: Path, kind: str) -> None:
    plain = write(tmp_path / "t.csv")
    expected = load(plain, "group", "patient")
    cells = [line.split(",") for line in plain.read_text().splitlines()]
    columns = {name: [row[place] for row in cells[1:]] for place, name in enumerate(cells[0])}
    typed = {**columns, "x": [float(x) for x in columns["x"]], "y": [int(y) for y in columns["y"]]}
    path = tmp_path / f"t.{'csv.gz' if kind == 'gz' else kind}"
    if kind == "parquet":
        pyarrow.parquet.write_table(pyarrow.table(typed), path)
    elif kind == "gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    elif kind == "jsonl":
        rows = [dict(zip(typed, row, strict=True)) for row in zip(*typed.values(), strict=True)]
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        openpyxl = pytest.importorskip("openpyxl", reason="the extra `excel` is not installed")
        book = openpyxl.Workbook()
        for row in [list(typed), *zip(*typed.values(), strict=True)]:
            book.active.append(row)
        book.save(path)
    dataset = load(path, "group", "patient", source="parquet" if kind == "parquet" else "csv")
    np.testing.assert_array_equal(dataset.test.rows, expected.test.rows)


def test_bundled_tables_and_archives_split_by_a_column_of_theirs(tmp_path: Path) -> None:
    section = Data(source="wine", split={"by": "time", "column": "proline"})
    dataset = data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)
    proline = dataset.train.inputs["numbers"][:, -1].max()
    assert proline < dataset.test.inputs["numbers"][:, -1].min()
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(1).integers(0, 20, (90, 3)), y=np.arange(90) % 2)
    section = Data(source="npz", path=str(tmp_path / "a.npz"), split={"by": "group", "column": "x0"})
    dataset = data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)
    groups = [set(part.inputs["numbers"][:, 0]) for part in (dataset.train, dataset.test)]
    assert not groups[0] & groups[1]


def test_a_group_that_is_an_input_too_and_one_that_is_too_large_are_warned_of(tmp_path: Path) -> None:
    giants = ["A" if number < 120 else "B" if number < 180 else "C" for number in range(ROWS)]
    dataset = load(write(tmp_path / "t.csv", patient=giants), "group", "patient", drop=("date",))
    assert any("`drop: [patient]` leaves it out" in warning for warning in dataset.warnings)
    share = f"{len(dataset.test) / ROWS:.0%}"
    assert share in ("10%", "30%")
    assert any(f"the test set has {share} of the rows in place of 20%" in warning for warning in dataset.warnings)


def test_a_date_that_is_an_input_too_is_told(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv"), "time", "date", drop=("patient",))
    assert any("new to the network (`drop: [date]`" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("changes", "by", "column", "message"),
    [
        ({}, "group", "patent", 'data.split.column: .* has no column "patent" .did you mean "patient"'),
        ({}, "group", "y", 'data.split.column names "y", which is the target'),
        ({"patient": ["", *PATIENTS[1:]]}, "group", "patient", r'1 row has no group in "patient".*row 1 \(empty\)'),
        ({"date": ["soon", "", *DAYS[2:]]}, "time", "date", r'2 rows have no date in "date".*row 1 "soon"'),
        ({"date": ["10:05"] * ROWS}, "time", "date", "times of day without dates"),
        ({"date": [""] * 3 + [str(n) for n in range(3, ROWS)]}, "time", "date", "3 rows have no date"),
        ({"patient": ["P1"] * ROWS}, "group", "patient", "all of one group"),
    ],
    ids=["unknown", "target", "missing group", "no date", "times", "missing number", "one group"],
)  # fmt: skip
def test_a_column_that_cannot_split_is_one_clear_message(
    tmp_path: Path, changes: dict[str, list[str]], by: str, column: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(write(tmp_path / "t.csv", **changes), by, column)


def test_a_test_file_stays_and_the_validation_set_keeps_groups_whole(tmp_path: Path) -> None:
    path, other = write(tmp_path / "t.csv"), write(tmp_path / "test.csv")
    dataset = load(path, "group", "patient", test=str(other))
    train, validation, _ = values_of(dataset, PATIENTS)
    assert not train & validation and len(dataset.test) == ROWS


def test_repeated_ids_and_days_in_order_suggest_a_split(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv"))
    assert len(dataset.warnings) == 1 and "say `split: {by: group, column: patient}` under data" in dataset.warnings[0]
    assert "drop: [patient]" in load(write(tmp_path / "t.csv"), drop=("date",)).warnings[0]
    path = write(tmp_path / "t.csv", patient=[str(number) for number in range(ROWS)], date=sorted(DAYS))
    assert "`split: {by: time, column: date}`" in load(path).warnings[0]
    found = {each.rule: each for each in profile_table(path, ["y"]).findings}
    assert "by: time, column: date" in found["split"].fix and "time_order" not in found
    assert not load(path, split={"by": "random"}).warnings


@pytest.mark.parametrize(
    "changes",
    [
        {"patient": [f"Q{number}" for number in range(ROWS)]},  # each once: an identifier of rows
        {"patient": [f"Q{number % 4}" for number in range(ROWS)]},  # few: a category
        {"patient": [f"{number % 40}.5" for number in range(ROWS)]},  # fractions: an amount
    ],
    ids=["once each", "few", "fractions"],
)
def test_ordinary_columns_suggest_nothing(tmp_path: Path, changes: dict[str, list[str]]) -> None:
    births = [str(np.datetime64("1950-01-05") + number * 131) for number in range(ROWS)]
    path = write(tmp_path / "t.csv", date=births, **changes)
    renamed = path.read_text().replace("date", "date_of_birth", 1)
    path.write_text(renamed)
    assert not load(path, drop=()).warnings


def test_no_real_table_is_accused(shared_data: Path) -> None:
    targets = {"diamonds": "price", "iris": "species", "mpg": "mpg", "penguins": "species", "titanic": "survived"}
    for name, target in targets.items():
        profile = profile_table(shared_data / "csv" / f"{name}.csv", [target])
        assert not [each for each in profile.findings if each.rule == "split"], name
    profile = profile_table(shared_data / "csv" / "emotions.csv", ["sad-lonely"])
    assert not [each for each in profile.findings if each.rule == "split"]


@pytest.mark.parametrize("source", [name for name in BUNDLED if not name.startswith("digit")])
def test_no_bundled_table_is_accused(source: str) -> None:
    dataset = data.load(Data(source=source), seed=1, data_dir=None, progress=lambda what, share: None)
    assert not [each for each in dataset.warnings if "split" in each]
