"""A streamed table with a test set of its own: its rows, whatever file they are in, and what is refused in them."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.config.sections import Data
from nncli.data import load
from nncli.data.dataset import Dataset
from nncli.data.splitting import path_of_test
from nncli.data.streaming import loading
from nncli.data.streaming.tables import sources
from nncli.errors import DataError

CITIES = np.array(["Rome", "Oslo", "Bern"])
Rows = list[dict[str, str]]


def rows_of(seed: int, rows: int) -> Rows:
    generator = np.random.default_rng(seed)
    size = generator.normal(10, 4, rows)
    city = CITIES[generator.integers(0, 3, rows)]
    label = np.where(size + generator.normal(0, 2, rows) > 10, "yes", "no")
    return [
        {"size": f"{a:.3f}", "city": b, "label": c} for a, b, c in zip(size.tolist(), city, label.tolist(), strict=True)
    ]


def write(rows: Rows, path: Path) -> Path:
    text = "\n".join(",".join(row.values()) for row in [dict(zip(rows[0], rows[0], strict=True)), *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every table counts as larger than a window, is read in pieces of a few hundred rows, and has its own cache."""
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 0)
    monkeypatch.setattr(sources, "_PIECE", 1 << 12)


def streamed(folder: Path, test: str, **more: Any) -> Dataset:
    settings = {"source": "csv", "path": str(folder / "train.csv"), "target": ["label"], "test": str(folder / test)}
    data = Data.model_validate({**settings, "memory": "stream", **more})
    return load(data, seed=1, data_dir=None, progress=lambda what, share: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(rows_of(0, 2_000), tmp_path / "train.csv")
    return tmp_path


def test_the_rows_of_the_other_file_are_the_test_set(folder: Path) -> None:
    later = rows_of(1, 700)
    for row in range(0, 700, 10):
        later[row]["label"] = ""
    later[5]["city"] = "Paris"
    write(later, folder / "later.csv")
    dataset = streamed(folder, "later.csv")
    kept = [row for row in range(700) if row % 10]
    assert dataset.facts.rows == {"train": 1_800, "validation": 200, "test": 630}
    assert dataset.test.rows.tolist() == kept
    assert np.array_equal(dataset.test.inputs["numbers"][:, 0], np.array([later[row]["size"] for row in kept], "f4"))
    [city] = dataset.facts.inputs.categories
    names = np.array(["", *city.vocabulary])
    expected = ["" if row == 5 else later[row]["city"] for row in kept]
    assert names[dataset.test.inputs["categories"][:, 0]].tolist() == expected
    assert np.array_equal(dataset.test.targets[:, 0] == 1, [later[row]["label"] == "yes" for row in kept])
    assert "test: 70 rows without a target dropped" in dataset.notes
    whole = streamed(folder, "later.csv", memory="all")
    assert dataset.test.targets.tobytes() == whole.test.targets.tobytes()
    assert dataset.test.inputs["numbers"].tobytes() == whole.test.inputs["numbers"].tobytes()
    assert set(dataset.notes) == {note for note in whole.notes if "repeat another row" not in note}


def test_a_fold_is_of_the_table_itself(folder: Path) -> None:
    write(rows_of(1, 300), folder / "later.csv")
    for test, path in ((2, "train.csv"), ("none", "later.csv")):
        fold = {"of": 4, "test": test}
        ours, theirs = (streamed(folder, "later.csv", fold=fold, memory=memory) for memory in ("stream", "all"))
        assert ours.facts.rows == theirs.facts.rows
        assert len(ours.test) == (500 if test == 2 else 300)
        data = Data(source="csv", path=str(folder / "train.csv"), test=str(folder / "later.csv"), fold=fold)
        assert path_of_test(data) == str(folder / path)


def as_file(folder: Path) -> tuple[str, Path]:
    return "later.csv", write(rows_of(1, 300), folder / "later.csv")


def as_folder(folder: Path) -> tuple[str, Path]:
    (folder / "later").mkdir()
    write(rows_of(1, 100), folder / "later" / "a.csv")
    return "later", write(rows_of(2, 200), folder / "later" / "b.csv.gz")


def as_pattern(folder: Path) -> tuple[str, Path]:
    write(rows_of(1, 100), folder / "later-1.csv")
    return "later-*.csv", write(rows_of(2, 200), folder / "later-2.csv")


@pytest.mark.parametrize("small", [0, 1 << 27], ids=["piece by piece", "as in memory"])
@pytest.mark.parametrize("make", [as_file, as_folder, as_pattern])
def test_a_changed_test_file_is_read_again(
    make: Callable[[Path], tuple[str, Path]], small: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", small)
    test, file = make(folder)
    first = streamed(folder, test)
    assert len(first.test) == 300
    with monkeypatch.context() as patch:
        patch.setattr(loading, "open_source", lambda *given, **named: pytest.fail("a table was read again"))
        assert streamed(folder, test).fingerprint == first.fingerprint
    write(rows_of(3, 50), file)
    again = streamed(folder, test)
    assert len(again.test) == 50 + (0 if make is as_file else 100)
    assert again.fingerprint != first.fingerprint
    assert np.array_equal(again.train.rows, first.train.rows)
    content, state = file.read_bytes(), file.stat()
    write(rows_of(4, 50), file)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert file.read_bytes() != content
    assert streamed(folder, test).fingerprint != again.fingerprint, "changed without another size"


def test_another_file_in_the_folder_is_read_too(folder: Path) -> None:
    test, _ = as_folder(folder)
    assert len(streamed(folder, test).test) == 300
    write(rows_of(5, 40), folder / "later" / "c.csv")
    assert len(streamed(folder, test).test) == 340


def test_the_arrays_do_not_depend_on_the_size_of_the_pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test, _ = as_folder(folder)
    first = streamed(folder, test)
    monkeypatch.setattr(sources, "_PIECE", 1 << 20)
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(folder / "other"))
    assert streamed(folder, test).fingerprint == first.fingerprint


def test_what_is_wrong_in_the_test_set_is_told_as_in_memory(folder: Path) -> None:
    good = rows_of(1, 500)
    faults: list[tuple[Rows, str]] = [
        ([{key: cell for key, cell in row.items() if key != "city"} for row in good], 'has no column "city"'),
        ([*good, {**good[0], "size": "heavy"}], 'column "size" has numbers but also 1 cell of text: row 501 "heavy"'),
        ([*good, {**good[0], "label": "maybe"}], "classes that the training data does not have: maybe"),
        ([{**row, "label": ""} for row in good], "no row has a value in the target label"),
    ]
    for rows, message in faults:
        write(rows, folder / "later.csv")
        for memory in ("stream", "all"):
            with pytest.raises(DataError, match=message):
                streamed(folder, "later.csv", memory=memory)
    with pytest.raises(DataError, match=r"none\.csv"):
        streamed(folder, "none.csv")
    assert [each for each in (folder / "cache").rglob("*") if each.is_file()] == []
