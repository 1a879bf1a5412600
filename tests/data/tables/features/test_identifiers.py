"""Codes, identifiers and amounts: the rule in nncli/data/tables/features/identifiers.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.config.facts import TableInput, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.tables.features.identifiers import are_identifiers
from nncli.data.tables.files.columns import number_column
from nncli.data.tables.files.csv_types import WORTH_BYTES
from nncli.errors import DataError

ROWS = 400
RANDOM = np.random.default_rng(3)
ACCOUNTS = RANDOM.choice(np.arange(10**7, 10**8), ROWS, replace=False)
SIZES = np.round(RANDOM.normal(10, 2, ROWS), 2)


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": "csv", "path": str(path), "target": "y", **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def write(path: Path, cell: Callable[[int], object], target: Callable[[int], object] | None = None) -> Path:
    answer = target or (lambda i: int(SIZES[i] > 10))
    path.write_text("c,size,y\n" + "".join(f"{cell(i)},{SIZES[i]},{answer(i)}\n" for i in range(ROWS)))
    return path


def learned(dataset: Dataset) -> dict[str, str]:
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    return {column.name: column.kind for column in (*inputs.numbers, *inputs.categories)}


def test_account_numbers_are_not_learned_from_unless_the_config_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", lambda i: ACCOUNTS[i])
    dataset = load(path)
    assert learned(dataset) == {"size": "number"}
    assert any("tell rows apart" in note and "`columns: {c: number}` keeps it" in note for note in dataset.notes)
    assert learned(load(path, columns={"c": "number"})) == {"c": "number", "size": "number"}
    assert learned(load(path, features=("c", "size"))) == {"c": "number", "size": "number"}


def test_different_whole_numbers_that_move_with_the_target_are_amounts(tmp_path: Path) -> None:
    order = np.argsort(np.argsort(SIZES)) * 3 + 1000
    assert learned(load(write(tmp_path / "t.csv", lambda i: order[i])))["c"] == "number"
    assert learned(load(write(tmp_path / "r.csv", lambda i: order[i], lambda i: SIZES[i] ** 2)))["c"] == "number"


def test_an_identifier_is_rather_learned_from_than_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("c,k,y\n" + "".join(f"{ACCOUNTS[i]},same,{i % 2}\n" for i in range(ROWS)))
    assert learned(load(path)) == {"c": "number"}


def test_unrelated_columns_are_called_identifiers_and_related_ones_are_not() -> None:
    found = {"unrelated": 0, "related": 0}
    for seed in range(100):
        random = np.random.default_rng(seed)
        target = random.normal(size=300)
        values = random.choice(np.arange(10**5, 10**6), 300, replace=False)
        ordered = np.sort(values)[np.argsort(np.argsort(target + random.normal(size=300)))]
        for name, numbers in (("unrelated", values), ("related", ordered)):
            column = number_column(name, numbers.astype(np.float64))
            found[name] += are_identifiers(column, [number_column("y", np.round(target, 3))])
    assert found["unrelated"] >= 95 and found["related"] == 0


def test_leading_zeros_make_codes_of_a_column_also_far_down_a_large_file(tmp_path: Path) -> None:
    codes = ["01234", "94110", "00602"]
    dataset = load(write(tmp_path / "t.csv", lambda i: codes[i % 3]))
    assert learned(dataset) == {"size": "number", "c": "category"}
    assert any(note.startswith("c: codes, read as a category") for note in dataset.notes)
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput) and set(inputs.categories[0].vocabulary) == set(codes)
    path = tmp_path / "large.csv"
    rows = WORTH_BYTES // 8
    lines = [f"{'01234' if i == rows - 1 else 90000 + i % 9},{i % 97}.5,{i % 2}\n" for i in range(rows)]
    path.write_text("c,x,y\n" + "".join(lines))
    assert learned(load(path)) == {"x": "number", "c": "category"}
    assert learned(load(path, columns={"c": "number"})) == {"c": "number", "x": "number"}


def test_a_zero_before_other_numbers_is_no_code(tmp_path: Path) -> None:
    cells = ["0012", "3.5", "-7"]
    assert learned(load(write(tmp_path / "t.csv", lambda i: cells[i % 3])))["c"] == "number"


@pytest.mark.parametrize(("name", "kind"), [("zip", "category"), ("area_code", "category"), ("price", "number")])
def test_the_name_of_a_column_says_that_its_numbers_are_codes(tmp_path: Path, name: str, kind: str) -> None:
    path = write(tmp_path / "t.csv", lambda i: [10115, 20095, 80331][i % 3])
    path.write_text(path.read_text().replace("c,size", f"{name},size", 1))
    assert learned(load(path))[name] == kind


def test_few_whole_numbers_are_said_to_be_read_as_amounts(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", lambda i: i % 7))
    assert learned(dataset)["c"] == "number"
    assert any("c: few whole numbers, read as amounts (`columns: {c: category}`" in note for note in dataset.notes)
    said = load(write(tmp_path / "t.csv", lambda i: i % 7), columns={"c": "number"})
    assert not any("read as amounts" in note for note in said.notes)


COUNTS = np.minimum(np.random.default_rng(5).poisson(2, ROWS), 10)


@pytest.mark.parametrize(
    ("name", "target", "task"),
    [
        ("y", lambda i: i % 11, Task.REGRESSION),
        ("label", lambda i: i % 11, Task.MULTICLASS),
        ("y", lambda i: i % 5, Task.MULTICLASS),
        ("y", lambda i: COUNTS[i], Task.REGRESSION),
        ("number_of_rooms", lambda i: 1 + i % 5, Task.REGRESSION),
    ],
    ids=["eleven values", "eleven classes", "five classes", "a count", "named a number"],
)
def test_whole_numbers_are_classes_or_amounts_by_their_values_and_name(
    tmp_path: Path, name: str, target: Callable[[int], object], task: Task
) -> None:
    path = write(tmp_path / "t.csv", lambda i: "abc"[i % 3], target)
    path.write_text(path.read_text().replace("size,y", f"size,{name}", 1))
    dataset = load(path, target=name)
    assert dataset.facts.target.task is task
    other = "multiclass" if task is Task.REGRESSION else "regression"
    assert any(f"say `task: {other}`" in note for note in dataset.notes)


def test_a_class_with_fewer_rows_than_sets_is_a_warning_with_its_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", lambda i: "abc"[i % 3], lambda i: "Total" if i in (7, 30) else "pq"[i % 2])
    [warning] = load(path).warnings
    assert warning.startswith('class "Total" has only 2 rows (8, 31)') and "`values: {OTHER: [Total]}`" in warning
    assert not load(write(tmp_path / "u.csv", lambda i: "abc"[i % 3])).warnings


def test_a_spelling_belongs_to_one_value() -> None:
    for values in ({"a": ("x",), "b": ("x",)}, {"a": ("a",)}, {"a": ("b",), "b": ("c",)}):
        with pytest.raises(ValueError, match="listed twice"):
            Data(source="csv", path="t.csv", target=("y",), values=values)


def test_rows_without_a_target_are_counted_when_another_table_is_measured(tmp_path: Path) -> None:
    facts = load(write(tmp_path / "t.csv", lambda i: "abc"[i % 3])).facts
    other = write(tmp_path / "u.csv", lambda i: "abc"[i % 3], lambda i: "" if i < 5 else i % 2)
    part = data.load_labelled(str(other), facts)
    assert (len(part), part.unlabelled) == (ROWS - 5, 5)
    path = write(tmp_path / "none.csv", lambda i: "abc"[i % 3], lambda i: "")
    with pytest.raises(DataError, match="no row has a value in the target"):
        data.load_labelled(str(path), facts)
