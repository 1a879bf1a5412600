"""The fast path of reading a CSV gives what the slow path gives, or leaves the file to it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest

from nncli.config.sections import MISSING, Data
from nncli.config.text_format import TextFormat
from nncli.data import load
from nncli.data.tables.files import csv_types
from nncli.data.tables.files.columns import Table
from nncli.data.tables.files.parquet import read_parquet
from nncli.data.tables.files.reading import read_csv
from nncli.errors import DataError

ROWS = 3000


def text_of(changes: dict[int, str]) -> str:
    """A table of numbers, texts and missing cells, some of its rows replaced."""
    lines = ["a,b,name,d"]
    for row in range(ROWS):
        lines.append(changes.get(row, f"{row},{row / 7:.3f},{'NA' if row % 11 == 0 else f'n{row % 5}'},{row % 3}"))
    return "\n".join(lines) + "\n"


def both_ways(
    path: Path, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...] = MISSING
) -> tuple[bool, list[Table]]:
    """Whether the fast path read the file, and what the fast (else the slow) and the slow path read."""
    monkeypatch.setattr(csv_types, "_SEGMENT", 1 << 14)
    monkeypatch.setattr(csv_types, "_BLOCK", 1 << 12)
    monkeypatch.setattr(csv_types, "_SAMPLE", 1 << 11)
    tables, took = [], []
    original = csv_types.read_columns
    for worth in (0, 1 << 30):
        monkeypatch.setattr(csv_types, "WORTH_BYTES", worth)
        tables.append(read_csv(path, TextFormat(missing=tuple(missing))))
        took.append(worth == 0)
    monkeypatch.setattr(csv_types, "WORTH_BYTES", 0)
    from nncli.data.tables.files.csv_text import open_csv

    quick = original(open_csv(path, name="t", text_format=TextFormat(missing=tuple(missing)))) is not None
    return quick, tables


def require_equal(quick: Table, careful: Table) -> None:
    """All that a column says of itself is the same."""
    assert list(quick.columns) == list(careful.columns)
    np.testing.assert_array_equal(quick.rows, careful.rows)
    for name, column in quick.columns.items():
        other = careful.columns[name]
        np.testing.assert_array_equal(column.numbers, other.numbers, err_msg=name)
        np.testing.assert_array_equal(column.present, other.present, err_msg=name)
        np.testing.assert_array_equal(column.numeric, other.numeric, err_msg=name)
        assert column.values == other.values
        np.testing.assert_array_equal(column.dictionary[0], other.dictionary[0], err_msg=name)


@pytest.mark.parametrize(
    ("changes", "quick"),
    [
        ({}, True),
        ({1500: "x,1,n1,1"}, True),  # text in a column of numbers, far from the top
        ({1500: "1,y,n1,1", 2900: "x,1,n1,1"}, True),
        ({1500: "1,nan,n1,1", 1501: "2, NaN,n1,1", 1502: "3,,n1,1"}, True),
        ({1500: "1,inf,n1,1", 1501: "2,1e400,n1,1", 1502: "007,+5,n1,1"}, True),
        ({1500: "1,2,  n1 ,1", 1501: "2,3, ,1", 1502: '"3","4","n 1","1"', 1503: '1,2,"n, 2",1'}, True),
        ({1500: '1,2,"several\nlines",1'}, False),
        ({1500: "1, 5 ,7,1"}, True),
        ({1500: ""}, False),
    ],
)
def test_both_ways_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[int, str], quick: bool
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text_of(changes))
    took, tables = both_ways(path, monkeypatch)
    require_equal(*tables)
    assert took is quick


def test_a_marker_that_is_a_number_is_missing_with_a_blank_beside_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text_of({1500: "-999,2,n1,1", 1501: "1, -999,n1,1", 1502: "1,-999.0,n1,1"}))
    took, tables = both_ways(path, monkeypatch, ("-999", ""))
    require_equal(*tables)
    assert took and not tables[0].columns["b"].present[1501] and tables[0].columns["b"].present[1502]


@pytest.mark.parametrize("row", ["1,2,n1", "1,2,n1,1,9", '1,2,"never closed,1', '1,2,n1,"'])
def test_rows_of_another_length_are_told_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text_of({1500: row}))
    told = []
    for worth in (0, 1 << 30):
        monkeypatch.setattr(csv_types, "WORTH_BYTES", worth)
        with pytest.raises(DataError) as caught:
            read_csv(path, TextFormat(missing=MISSING))
        told.append((caught.value.message, caught.value.hint))
    assert told[0] == told[1]


def test_a_data_set_is_the_same_to_the_last_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text_of({7: "1,,n1,2"}))
    prints = []
    for worth in (0, 1 << 30):
        monkeypatch.setattr(csv_types, "WORTH_BYTES", worth)
        data = Data(source="csv", path=str(path), target=("b",))
        dataset = load(data, seed=1, data_dir=None, progress=lambda what, fraction: None)
        prints.append((dataset.fingerprint, dataset.facts, dataset.notes))
        assert dataset.train.inputs["numbers"].ctypes.data % 64 == 0
    assert prints[0] == prints[1]


@pytest.mark.parametrize("name", ["a", "b", "name"])
def test_one_column_alone_is_that_of_the_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(csv_types, "WORTH_BYTES", 0)
    path = tmp_path / "table.csv"
    path.write_text(text_of({1500: "007,1,n1,1", 1600: "x,y,n2,1"}))
    whole = read_csv(path, TextFormat(missing=MISSING))
    alone = read_csv(path, TextFormat(missing=MISSING), name)
    require_equal(alone, replace(whole, columns={name: whole.columns[name]}))
    assert list(read_csv(path, TextFormat(missing=MISSING), "other").columns) == ["a", "b", "name", "d"]
    table = arrow.table({"a": [1, 2, None], "name": ["x", "", "y"]})
    for number in range(2):
        pyarrow.parquet.write_table(table, tmp_path / f"{number}.parquet")
    for file in ("0.parquet", "*.parquet"):
        stored = read_parquet(tmp_path / file, MISSING)
        assert list(read_parquet(tmp_path / file, MISSING, "other").columns) == ["a", "name"]
        if name in stored.columns:
            other = read_parquet(tmp_path / file, MISSING, name)
            require_equal(other, replace(stored, columns={name: stored.columns[name]}))
