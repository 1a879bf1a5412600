"""Streamed tables: the rows, statistics and words of pyarrow and NumPy on the whole file, from files of any kind."""

import errno
import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from nncli.config.sections import Data
from nncli.data import load
from nncli.data.dataset import Dataset
from nncli.data.streaming import loading, memory, storing
from nncli.data.streaming.memory import Need
from nncli.data.streaming.tables import sources
from nncli.engine.streaming.reading import RowReader
from nncli.errors import DataError, UsageError

ROWS = 6_000
CITIES = np.array(["Rome", "Oslo", "Bern", "Lima", "Kyiv"])


def table(rows: int = ROWS) -> arrow.Table:
    generator = np.random.default_rng(0)
    numbers = np.round(generator.normal(10, 4, rows), 3)
    weights = [None if value < 0.1 else round(float(value) * 50, 2) for value in generator.random(rows)]
    days = np.datetime64("2020-01-01") + generator.integers(0, 1_500, rows)
    cities = CITIES[np.minimum(generator.integers(0, 9, rows), 4)]
    target = np.where(numbers + generator.normal(0, 2, rows) > 10, "yes", "no")
    return arrow.table(
        {
            "row": np.arange(rows),
            "size": numbers,
            "weight": weights,
            "day": np.datetime_as_string(days),
            "city": cities,
            "same": np.full(rows, 3.0),
            "label": target,
        }
    )


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every table counts as larger than a window, is read in pieces of a few hundred rows, and has its own cache."""
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 0)
    monkeypatch.setattr(sources, "_PIECE", 1 << 14)
    monkeypatch.setattr(sources, "_PIECE_ROWS", 400)


def write_csv(made: arrow.Table, path: Path) -> Path:
    pyarrow.csv.write_csv(made, path)
    return path


def as_file(made: arrow.Table, folder: Path) -> tuple[str, Path]:
    return "csv", write_csv(made, folder / "table.csv")


def as_gzip(made: arrow.Table, folder: Path) -> tuple[str, Path]:
    path = write_csv(made, folder / "table.csv")
    (folder / "table.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    return "csv", folder / "table.csv.gz"


def as_pattern(made: arrow.Table, folder: Path) -> tuple[str, Path]:
    for index in range(3):
        write_csv(made.slice(2_000 * index, 2_000), folder / f"part-{index}.csv")
    return "csv", folder / "part-*.csv"


def as_folder(made: arrow.Table, folder: Path) -> tuple[str, Path]:
    _, pattern = as_pattern(made, folder)
    path = folder / "part-1.csv"
    (folder / "part-1.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return "csv", pattern.parent


def as_parquet(made: arrow.Table, folder: Path) -> tuple[str, Path]:
    for index in range(2):
        part = made.slice(3_000 * index, 3_000)
        pyarrow.parquet.write_table(part, folder / f"part-{index}.parquet", row_group_size=700)
    return "parquet", folder


def streamed(source: str, path: Path, seed: int = 1, **more: Any) -> Dataset:
    data = Data.model_validate({"source": source, "path": str(path), "target": ["label"], "memory": "stream", **more})
    return load(data, seed=seed, data_dir=None, progress=lambda what, share: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


def test_rows_and_statistics_are_those_of_the_whole_file(folder: Path) -> None:
    made = table()
    dataset = streamed(*as_file(made, folder))
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    assert {name: len(part) for name, part in parts.items()} == dataset.facts.rows
    assert sorted(np.concatenate([part.rows for part in parts.values()]).tolist()) == list(range(ROWS))
    size, weight = (made[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in ("size", "weight"))
    numbers = {column.name: (place, column) for place, column in enumerate(dataset.facts.inputs.numbers)}
    assert "row" not in numbers, "it only counts the rows"
    assert "same" not in numbers, "it is the same in every row"
    for name, values in (("size", size), ("weight", weight)):
        place, column = numbers[name]
        for part in parts.values():
            assert np.array_equal(
                part.inputs["numbers"][:, place], values[part.rows].astype(np.float32), equal_nan=True
            )
        known = values[dataset.train.rows].astype(np.float32).astype(np.float64)
        known = known[~np.isnan(known)]
        assert column.mean == pytest.approx(known.mean(), rel=1e-12)
        assert column.median == np.median(known)
        assert column.has_missing == (name == "weight")
    [city] = dataset.facts.inputs.categories
    names = made["city"].to_numpy(zero_copy_only=False)
    train = names[dataset.train.rows]
    assert list(city.vocabulary) == sorted(CITIES, key=lambda name: (-(train == name).sum(), name))
    assert np.array_equal(
        np.array(city.vocabulary)[dataset.test.inputs["categories"][:, 0] - 1], names[dataset.test.rows]
    )
    target = made["label"].to_numpy(zero_copy_only=False)
    assert np.array_equal(dataset.test.targets[:, 0] == 1, target[dataset.test.rows] == "yes")
    assert dataset.facts.target.class_counts[1] == (target[dataset.train.rows] == "yes").sum()


def test_dates_become_the_numbers_that_a_table_in_memory_has(folder: Path) -> None:
    source, path = as_file(table(), folder)
    dataset = streamed(source, path, drop=["row"])
    held = streamed(source, path, drop=["row"], memory="all")
    assert dataset.facts.inputs.dates == held.facts.inputs.dates
    names = [column.name for column in held.facts.inputs.numbers]
    assert [column.name for column in dataset.facts.inputs.numbers] == names
    rows = {row: place for place, row in enumerate(held.train.rows.tolist())}
    both = [row for row in dataset.train.rows.tolist() if row in rows][:500]
    ours = dataset.train.take(np.isin(dataset.train.rows, both))
    theirs = held.train.take(np.isin(held.train.rows, both))
    assert np.array_equal(ours.inputs["numbers"], theirs.inputs["numbers"], equal_nan=True)


@pytest.mark.parametrize("write", [as_gzip, as_pattern, as_folder, as_parquet])
def test_files_of_any_kind_give_the_arrays_of_one_csv(
    write: Callable[[arrow.Table, Path], tuple[str, Path]], folder: Path, tmp_path: Path
) -> None:
    made = table()
    other = tmp_path / "single"
    other.mkdir()
    assert streamed(*write(made, folder)).fingerprint == streamed(*as_file(made, other)).fingerprint


def test_the_arrays_do_not_depend_on_the_size_of_the_pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, path = as_file(table(), folder)
    one = streamed(source, path)
    monkeypatch.setattr(sources, "_PIECE", 1 << 20)
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(folder / "other"))
    assert streamed(source, path).fingerprint == one.fingerprint
    assert streamed(source, path, seed=2).fingerprint != one.fingerprint


def test_a_second_reading_opens_the_cache_without_the_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, path = as_file(table(), folder)
    first = streamed(source, path)
    monkeypatch.setattr(loading, "open_source", lambda *given, **named: pytest.fail("the table was read again"))
    again = streamed(source, path)
    assert isinstance(again.train.inputs["numbers"], np.memmap)
    assert again.fingerprint == first.fingerprint
    assert streamed(source, path, task="binary").fingerprint == first.fingerprint, "the task that was inferred"


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_read_again(folder: Path) -> None:
    source, path = as_file(table(), folder)
    assert streamed(source, path).facts.target.classes == ("no", "yes")
    before = path.stat()
    (folder / "new").write_bytes(path.read_bytes().replace(b"yes", b"yup"))
    (folder / "new").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert streamed(source, path).facts.target.classes == ("no", "yup")


def test_an_array_whose_file_is_removed_meanwhile_is_read_all_the_same(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.arange(12.0, dtype=np.float32).reshape(6, 2))
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    (tmp_path / "rows.npy").unlink()
    reader = RowReader(mapped)
    assert np.array_equal(reader.read(2, 5), np.arange(4, 10).reshape(3, 2))
    reader.close()


def test_a_damaged_cache_is_written_again(folder: Path) -> None:
    source, path = as_file(table(), folder)
    first = streamed(source, path)
    file = Path(str(first.train.inputs["numbers"].filename))
    content = bytearray(file.read_bytes())
    content[-8] ^= 1
    file.write_bytes(content)
    again = streamed(source, path)
    assert np.array_equal(again.train.inputs["numbers"], table_numbers(again), equal_nan=True)


def table_numbers(dataset: Dataset) -> np.ndarray:
    """The undamaged numbers of the training set; of dates, what the data set has."""
    made, columns = table(), []
    for place, column in enumerate(dataset.facts.inputs.numbers):
        if column.name in made.column_names:
            columns.append(made[column.name].to_numpy(zero_copy_only=False).astype(np.float32)[dataset.train.rows])
        else:
            columns.append(dataset.train.inputs["numbers"][:, place])
    return np.stack(columns, axis=1)


def test_a_small_table_is_that_of_data_in_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 1 << 27)
    source, path = as_file(table(), folder)
    dataset = streamed(source, path)
    assert dataset.is_streamed
    assert dataset.fingerprint == streamed(source, path, memory="all").fingerprint


def test_a_quoted_cell_of_several_lines_is_one_row(folder: Path) -> None:
    lines = [f'{row},"a\nb",{"xy"[row % 2]}' if row % 3 else f"{row},c,{'xy'[row % 2]}" for row in range(3_000)]
    path = folder / "quoted.csv"
    path.write_text("number,text,label\n" + "\n".join(lines) + "\n")
    dataset = streamed("csv", path, features=["text", "number"])
    assert sum(dataset.facts.rows.values()) == 3_000
    assert set(dataset.facts.inputs.categories[0].vocabulary) == {"a\nb", "c"}


def test_rows_without_a_target_keep_the_numbers_of_the_others(folder: Path) -> None:
    path = folder / "gaps.csv"
    path.write_text(
        "x,label\n" + "".join(f"{row / 7:.3f},{'' if row % 10 == 0 else 'ab'[row % 2]}\n" for row in range(3_000))
    )
    dataset = streamed("csv", path)
    rows = np.concatenate([part.rows for part in (dataset.train, dataset.validation, dataset.test)])
    assert sorted(rows.tolist()) == [row for row in range(3_000) if row % 10]
    assert "label: 300 rows without a target dropped" in dataset.notes


def test_text_among_the_numbers_is_named_by_its_row_in_all_files(folder: Path) -> None:
    source, pattern = as_pattern(table(), folder)
    last = folder / "part-2.csv"
    lines = last.read_text().splitlines()
    lines[1_001] = lines[1_001].replace(lines[1_001].split(",")[1], "heavy", 1)
    last.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r'column "size" has numbers but also 1 cell of text: row 5001 "heavy"'):
        streamed(source, pattern)


def test_a_row_of_another_length_is_named_by_its_number(folder: Path) -> None:
    path = folder / "ragged.csv"
    path.write_text("x,label\n" + "".join(f"{row},{'ab'[row % 2]}\n" for row in range(5_000)) + "1,a,b\n")
    with pytest.raises(DataError, match="row 5001 has 3 cells instead of 2"):
        streamed("csv", path)


def test_files_with_other_columns_are_refused(folder: Path) -> None:
    source, pattern = as_pattern(table(), folder)
    write_csv(table(10).drop_columns(["city"]), folder / "part-9.csv")
    with pytest.raises(DataError, match="have different columns: city"):
        streamed(source, pattern)


def test_a_full_disk_is_told_beforehand_with_the_numbers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, path = as_file(table(), folder)
    monkeypatch.setattr(storing.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 150_000_000})())
    assert streamed(source, path).is_streamed
    monkeypatch.setattr(storing.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 100_050_000})())
    with pytest.raises(DataError, match=r"needs about \d+ kB in .* whose disk has 100 MB free"):
        streamed(source, path, seed=2)


def test_nothing_is_left_of_a_reading_that_fails(folder: Path, tmp_path: Path) -> None:
    path = folder / "ragged.csv"
    path.write_text("x,label\n" + "".join(f"{row},{'ab'[row % 2]}\n" for row in range(5_000)) + "1,a,b\n")
    with pytest.raises(DataError):
        streamed("csv", path)
    assert [each for each in (tmp_path / "cache").rglob("*") if each.is_file()] == []


KILLED = """
import os, sys
from nncli.config.sections import Data
from nncli.data import load
from nncli.data.streaming import memory
from nncli.data.streaming.tables import sources

memory.SMALL, sources._PIECE = 0, 1 << 14
data = Data(source="csv", path=sys.argv[1], target=("label",), memory="stream")
load(data, seed=1, data_dir=None, progress=lambda what, share: os._exit(9) if share > 0.4 else None)
"""


def test_what_a_killed_process_left_is_removed_by_the_next(folder: Path, tmp_path: Path) -> None:
    source, path = as_file(table(), folder)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == 9
    left = list((tmp_path / "cache" / "streams").glob(".*-*"))
    assert any(each.is_dir() for each in left), "raw rows"
    assert sum(streamed(source, path).facts.rows.values()) == ROWS
    assert [each.name for each in (tmp_path / "cache" / "streams").iterdir() if each.name.startswith(".")] == []


def test_a_disk_that_fills_up_meanwhile_is_told_and_left_clean(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(writer: storing.ArrayWriter, name: str, block: np.ndarray) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storing.ArrayWriter, "write", full)
    source, path = as_file(table(), folder)
    with pytest.raises(DataError, match="cannot be written: No space left on device"):
        streamed(source, path)
    assert [each for each in (tmp_path / "cache").rglob("*") if each.is_file()] == []


def test_only_tables_are_streamed() -> None:
    with pytest.raises(DataError, match="memory: stream is for csv, parquet, images, npz, got source iris"):
        load(Data(source="iris", memory="stream"), seed=1, data_dir=None, progress=lambda what, share: None)


def test_auto_streams_what_takes_more_than_a_third_of_the_free_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, path = as_file(table(), folder)
    said: list[str] = []
    data = Data(source=source, path=str(path), target=("label",))

    def loaded() -> Dataset:
        return load(data, seed=1, data_dir=None, progress=lambda what, share: None, say=said.append)

    assert not loaded().is_streamed
    assert said == []
    monkeypatch.setenv("NNCLI_MEMORY", "400kB")
    assert loaded().is_streamed
    assert "more than a third of the 400 kB of free memory" in said[0]


def test_the_sample_has_rows_from_all_over_a_sorted_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = table()
    source, path = as_file(made.sort_by("label"), folder)
    monkeypatch.setattr(sources, "_SPOTS", 8)
    monkeypatch.setattr(sources, "_SPOT", 2_000)
    sample = sources.open_source(path, Data(source="csv").text_format, is_parquet=False).sample()
    assert len(sample) < ROWS / 10
    assert set(sample.columns["label"].values) == {"yes", "no"}
    assert streamed(source, path).facts.target.classes == ("no", "yes")


def test_a_third_is_the_limit() -> None:
    assert not Need(100, 300).is_large
    assert Need(101, 300).is_large
    assert not Need(10**12, None).is_large


@pytest.mark.parametrize(("given", "size"), [("2GB", 2 * 10**9), ("500M", 5 * 10**8), ("1.5k", 1_500), ("7", 7)])
def test_the_limit_of_memory_is_a_size(given: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_MEMORY", given)
    assert memory.free_memory() == size


def test_a_limit_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_MEMORY", "much")
    with pytest.raises(UsageError, match="got 'much', expected a size"):
        memory.free_memory()
