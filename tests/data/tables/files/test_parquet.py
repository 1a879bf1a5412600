"""Parquet files that are read piece by piece."""

from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest

from nncli.data.tables.files import parquet

GROUPS, GROUP_ROWS, COLUMNS = 8, 4096, 16
GROUP_BYTES = GROUP_ROWS * COLUMNS * 8


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "wide.parquet"
    values = np.random.default_rng(1).normal(size=(COLUMNS, GROUPS * GROUP_ROWS))
    table = arrow.table({f"n{index}": column for index, column in enumerate(values)})
    pyarrow.parquet.write_table(table, path, row_group_size=GROUP_ROWS, use_dictionary=False)
    return path


def test_a_sample_of_a_few_rows_holds_no_row_groups(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, make_table = [], parquet.make_table
    monkeypatch.setattr(
        parquet, "make_table", lambda *given: held.append(arrow.total_allocated_bytes()) or make_table(*given)
    )
    before = arrow.total_allocated_bytes()
    table = parquet.sample_dataset([file], (), "wide", 80)
    assert len(table) == 80
    assert held[0] - before < GROUP_BYTES


def test_files_are_read_one_row_group_at_a_time(file: Path) -> None:
    before, held, rows = arrow.total_allocated_bytes(), [], 0
    for _, table in parquet.stream_dataset([file], (), "wide", 256):
        rows += len(table)
        held.append(arrow.total_allocated_bytes() - before)
    assert rows == GROUPS * GROUP_ROWS
    assert max(held) < 2 * GROUP_BYTES


def test_files_may_store_a_column_in_different_types_and_orders(tmp_path: Path) -> None:
    for index, made in enumerate(
        (
            {"a.b": [1, 2], "a": arrow.array([None, None], arrow.null())},
            {"a": ["x", "y"], "a.b": [0.5, 3.0]},
        )
    ):
        pyarrow.parquet.write_table(arrow.table(made), tmp_path / f"{index}.parquet")
    files = sorted(tmp_path.iterdir())
    tables = [table for _, table in parquet.stream_dataset(files, (), "two", 100, ["a.b", "a"])]
    assert [list(table.columns) for table in tables] == [["a.b", "a"]] * 2
    assert np.concatenate([table.columns["a.b"].numbers for table in tables]).tolist() == [1, 2, 0.5, 3]
    assert [table.columns["a"].values for table in tables] == [[], ["x", "y"]]
    sample = parquet.sample_dataset(files, (), "two", 100)
    assert sample.columns["a.b"].numbers.tolist() == [1, 2, 0.5, 3]
