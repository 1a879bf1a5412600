"""Parquet files that are read piece by piece."""

import errno
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest

from nncli.data.tables.files import parquet
from nncli.errors import DataError, NncliError

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


def test_a_sample_passes_over_row_groups_without_rows(tmp_path: Path) -> None:
    path, schema = tmp_path / "gaps.parquet", arrow.schema([("a", arrow.float64())])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for index in range(70):
            writer.write_table(arrow.table({"a": [1.0] * (index % 2)}, schema))
    assert len(parquet.sample_dataset([path], (), "gaps", 100)) == 35


def test_types_that_do_not_go_together_are_not_called_damage(tmp_path: Path) -> None:
    for index, values in enumerate(([1, 2], ["x", "y"])):
        pyarrow.parquet.write_table(arrow.table({"a": values}), tmp_path / f"{index}.parquet")
    with pytest.raises(DataError, match=r"cannot be joined: .*a has incompatible types") as caught:
        parquet.read_parquet(tmp_path, ())
    assert "same type" in str(caught.value.hint)


def test_a_file_that_cannot_be_read_at_the_moment_is_not_called_damaged(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object, **options: object) -> None:
        raise OSError(errno.EIO, "Error reading bytes from file. Detail: [errno 5] Input/output error")

    monkeypatch.setattr(pyarrow.parquet.ParquetFile, "iter_batches", fail)
    with pytest.raises(NncliError, match="wide cannot be read: Input/output error") as caught:
        next(parquet.stream_dataset([file], (), "wide", 256))
    assert not isinstance(caught.value, DataError)
