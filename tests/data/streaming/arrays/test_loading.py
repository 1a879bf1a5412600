"""Streamed arrays: those of the archive in memory, or of NumPy on the whole arrays, from archives of any kind."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.config.facts import TableInput, Task
from nncli.config.sections import Data
from nncli.data import load
from nncli.data.dataset import Dataset
from nncli.data.streaming import images as written_images
from nncli.data.streaming import mapping, storing
from nncli.data.streaming.arrays import loading, rows
from nncli.data.streaming.storage import raw_files
from nncli.errors import DataError

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (90, 6, 5), dtype=np.uint8)
LABELS = np.arange(90) % 3
Save = Callable[[Path, dict[str, np.ndarray]], Path]


def stored(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    np.savez(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]
    return folder / "arrays.npz"


def packed(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    np.savez_compressed(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]
    return folder / "arrays.npz"


def loose(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    (folder / "arrays").mkdir()
    for name, array in arrays.items():
        np.save(folder / "arrays" / f"{name}.npy", array)
    return folder / "arrays"


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All arrays are mapped and count as larger than a window, and are read in blocks of a few rows."""
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("nncli.data.arrays.files._SMALL", 0)
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 0)
    monkeypatch.setattr(mapping, "_BLOCK_BYTES", 300)
    monkeypatch.setattr(written_images, "_BLOCK_BYTES", 300)
    monkeypatch.setattr(rows, "_PIECE_BYTES", 1 << 12)


def opened(path: Path, memory: str = "stream", **more: Any) -> Dataset:
    data = Data.model_validate({"source": "npz", "path": str(path), "memory": memory, **more})
    return load(data, seed=1, data_dir=None, progress=lambda what, share: None)


def assert_same(ours: Dataset, theirs: Dataset) -> None:
    assert ours.is_streamed and not theirs.is_streamed
    assert ours.facts == theirs.facts and ours.notes == theirs.notes
    assert ours.fingerprint == theirs.fingerprint
    for own, other in zip(
        (ours.train, ours.validation, ours.test), (theirs.train, theirs.validation, theirs.test), strict=True
    ):
        np.testing.assert_array_equal(own.inputs["image"], other.inputs["image"])
        np.testing.assert_array_equal(own.targets, other.targets)
        np.testing.assert_array_equal(own.rows, other.rows)
        assert own.inputs["image"].dtype == other.inputs["image"].dtype and own.files == other.files


@pytest.mark.parametrize("save", [stored, packed, loose])
def test_images_are_those_of_the_archive_in_memory(tmp_path: Path, save: Save) -> None:
    path = save(tmp_path, {"x": GREY, "y": LABELS, "class_names": np.array(["a", "b", "c"])})
    assert_same(opened(path), opened(path, "all"))


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": GREY / 255, "y": LABELS},
        {"x": (GREY // 16).astype(">i4"), "y": LABELS % 2},
        {"x": GREY[:, :, :3, None] > 100, "y": LABELS.astype(str)},
        {"x": np.asfortranarray(GREY), "y": np.eye(3)[LABELS]},
        {"x": GREY, "y": RANDOM.normal(size=90)},
        {"x": GREY, "y": np.array([[0, 1], [1, 1], [1, 0]])[LABELS]},
        {"x_train": GREY, "y_train": LABELS, "x_test": GREY[:9], "y_test": LABELS[:9]},
        {"x_train": GREY, "y_train": LABELS, "x_val": GREY[9:20], "y_val": LABELS[9:20]},
    ],
    ids=["floats", "ints", "masks", "one-hot", "numbers", "labels", "test", "validation"],
)
def test_types_targets_and_own_sets_are_those_of_the_archive_in_memory(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    assert_same(opened(packed(tmp_path, arrays)), opened(tmp_path / "arrays.npz", "all"))


def numbers(count: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    x = RANDOM.normal(3, 2, (count, 4))
    x[RANDOM.random(count) < 0.1, 1] = np.nan
    x[:, 3] = 7
    return x, (x[:, 0] > x[:, 2]).astype(np.int64)


@pytest.mark.parametrize("save", [stored, packed, loose])
def test_rows_and_statistics_are_those_of_the_whole_arrays(tmp_path: Path, save: Save) -> None:
    x, y = numbers()
    dataset = opened(save(tmp_path, {"x": x, "y": y}))
    parts = (dataset.train, dataset.validation, dataset.test)
    np.testing.assert_array_equal(np.sort(np.concatenate([part.rows for part in parts])), np.arange(len(x)))
    assert [len(part) for part in parts] == [2160, 240, 600]
    for part in parts:
        np.testing.assert_array_equal(part.inputs["numbers"], x[part.rows][:, :3].astype(np.float32))
        np.testing.assert_array_equal(part.targets[:, 0], y[part.rows])
        assert abs(part.targets.mean() - y.mean()) < 0.01
    assert isinstance(dataset.facts.inputs, TableInput)
    learned = x[dataset.train.rows].astype(np.float32).astype(np.float64)
    for index, column in enumerate(dataset.facts.inputs.numbers):
        assert column.mean == pytest.approx(np.nanmean(learned[:, index]))
        assert column.deviation == pytest.approx(np.nanstd(learned[:, index]))
        assert column.median == np.nanmedian(learned[:, index])
        assert column.has_missing == (index == 1)
    assert "x3: dropped, it is 7 in every row" in dataset.notes


def test_rows_that_an_archive_tests_on_stay_apart_and_teach_nothing(tmp_path: Path) -> None:
    x, y = numbers()
    names = np.array(["no", "yes"])
    path = packed(
        tmp_path,
        {
            "x_train": x[:2000],
            "y_train": y[:2000],
            "x_val": x[2000:2500],
            "y_val": y[2000:2500],
            "x_test": x[2500:] + 9,
            "y_test": y[2500:],
            "class_names": names,
        },
    )
    dataset = opened(path)
    np.testing.assert_array_equal(dataset.test.inputs["numbers"], (x[2500:] + 9)[:, :3].astype(np.float32))
    assert dataset.facts.rows == {"train": 2250, "validation": 250, "test": 500}
    assert dataset.facts.target.classes == ("no", "yes")
    learned = np.concatenate([dataset.train.rows, dataset.validation.rows])
    np.testing.assert_array_equal(np.sort(learned), np.arange(2500))
    assert isinstance(dataset.facts.inputs, TableInput) and dataset.facts.inputs.numbers[0].maximum < 12
    np.testing.assert_array_equal(
        dataset.train.inputs["numbers"], x[:2500][dataset.train.rows][:, :3].astype(np.float32)
    )


def test_the_test_set_of_another_archive_is_read_again_when_it_changes(tmp_path: Path) -> None:
    x, y = numbers()
    path = stored(tmp_path, {"x": x, "y": y})
    (tmp_path / "later").mkdir()
    later = stored(tmp_path / "later", {"x": x[:50], "y": y[:50]})
    assert len(opened(path, test=str(later)).test) == 50
    stored(tmp_path / "later", {"x": x[:70], "y": y[:70]})
    assert len(opened(path, test=str(later)).test) == 70


def test_the_sets_do_not_depend_on_the_size_of_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = numbers()
    path = stored(tmp_path, {"x": x, "y": x[:, :2] ** 2, "other": x})
    with pytest.raises(DataError, match="NaN"):
        opened(path)
    path = stored(tmp_path, {"x": x, "y": np.stack([y, x[:, 0]], axis=1)})
    first = opened(path)
    assert first.facts.target.task is Task.REGRESSION and first.facts.target.columns == ("y0", "y1")
    monkeypatch.setattr(rows, "_PIECE_BYTES", 1 << 20)
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "another"))
    assert opened(path).fingerprint == first.fingerprint


def test_small_arrays_are_split_as_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 1 << 27)
    x, y = numbers()
    path = stored(tmp_path, {"x": x, "y": y})
    streamed, held = opened(path), opened(path, "all")
    assert streamed.is_streamed and streamed.fingerprint == held.fingerprint and streamed.facts == held.facts


def test_an_archive_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path, {"x": GREY, "y": LABELS})
    first = opened(path)
    assert not list((tmp_path / "cache/streams").glob(".*"))
    monkeypatch.setattr(loading, "_fill", None)
    assert opened(path).fingerprint == first.fingerprint


def test_arrays_that_need_too_much_memory_are_streamed_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored(tmp_path, {"x": GREY, "y": LABELS})
    data = Data(source="npz", path=str(path))
    said: list[str] = []
    for limit, is_streamed in (("9kB", True), ("1MB", False)):
        monkeypatch.setenv("NNCLI_MEMORY", limit)
        found = load(data, seed=1, data_dir=None, progress=lambda what, share: None, say=said.append)
        assert found.is_streamed == is_streamed
    assert said[0].startswith("data.memory: the arrays would take 3.42 kB, more than a third of the 9 kB")
    assert "90 rows are written once as 2.7 kB of arrays" in said[1] and len(said) == 2


def test_a_disk_without_the_room_is_refused_with_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path, {"x": GREY, "y": LABELS})
    usage = storing.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(storing.shutil, "disk_usage", lambda folder: usage._replace(free=100 * 10**6 + 2_000))
    with pytest.raises(DataError, match=r"needs about 6\.12 kB .* 100 MB free"):
        opened(path)


@pytest.mark.parametrize("save", [stored, packed])
def test_a_damaged_archive_is_refused(tmp_path: Path, save: Save) -> None:
    path = save(tmp_path, {"x": GREY, "y": LABELS})
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("x.npy").header_offset + 500
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as an \.npz archive"):
        opened(path)
    assert not list((tmp_path / "cache/streams").glob("*"))


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"a": GREY}, "has the arrays a"),
        ({"x": GREY, "y": LABELS[:5]}, "the numbers of rows differ"),
        ({"x": GREY, "y": np.array([{}] * 90)}, "Python objects"),
        ({"x": GREY / 100 - 1, "y": LABELS}, "values from -1"),
        ({"x": np.full((90, 2), np.inf), "y": LABELS}, "infinite"),
        ({"x": GREY, "y": LABELS, "class_names": np.array(["a"])}, "class_names has 1"),
        ({"x": GREY, "y": LABELS, "x_test": GREY / 255, "y_test": LABELS}, "the value range of x_test differs"),
    ],
)
def test_arrays_that_do_not_fit_are_explained(tmp_path: Path, arrays: dict[str, np.ndarray], told: str) -> None:
    with pytest.raises(DataError, match=told):
        opened(stored(tmp_path, arrays))


def test_a_fold_of_an_archive_with_a_test_set_is_tested_on_its_own_rows(tmp_path: Path) -> None:
    rows_of = RANDOM.normal(size=(400, 3))
    path = stored(
        tmp_path,
        {"x_train": rows_of, "y_train": rows_of[:, 0], "x_test": 100 + rows_of[:50], "y_test": rows_of[:50, 0]},
    )
    tested = []
    for number in range(1, 6):
        ours = opened(path, fold={"of": 5, "test": number})
        assert [len(part) for part in (ours.train, ours.validation, ours.test)] == [288, 32, 80]
        tested.extend(ours.test.rows.tolist())
    assert sorted(tested) == list(range(400))
    assert len(opened(path).test) == 50, "without folds, the test set of the archive"


def test_a_test_archive_counts_for_what_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = tmp_path / "small.npz", tmp_path / "large.npz"
    np.savez(small, x=GREY, y=LABELS)
    np.savez(large, x=np.tile(GREY, (100, 1, 1)), y=np.tile(LABELS, 100))
    monkeypatch.setenv("NNCLI_MEMORY", "500kB")
    assert not opened(small, "auto").is_streamed
    assert opened(small, "auto", test=str(large)).is_streamed


def test_an_archive_packed_in_another_way_and_damaged_is_refused(tmp_path: Path) -> None:
    loose_folder = loose(tmp_path, {"x": GREY, "y": LABELS})
    path = tmp_path / "strange.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for file in sorted(loose_folder.iterdir()):
            archive.write(file, file.name)
    assert_same(opened(path), opened(path, "all"))
    content = bytearray(path.read_bytes())
    content[200:1200] = bytes(1000)
    path.write_bytes(content)
    for memory in ("stream", "all"):
        with pytest.raises(DataError, match=r"strange.npz cannot be read as an \.npz archive"):
            opened(path, memory)


def test_the_sets_do_not_depend_on_the_blocks_that_are_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = numbers()
    path = stored(tmp_path, {"x": x, "y": y})
    found = []
    for size in (200, 1 << 25):
        monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / f"cache{size}"))
        monkeypatch.setattr(raw_files, "BLOCK_BYTES", size)
        found.append(opened(path, numbers={"encoding": "quantile", "bins": 5}))
    assert found[0].facts == found[1].facts and found[0].fingerprint == found[1].fingerprint


def test_wide_rows_are_read_back_in_blocks_of_fewer_rows() -> None:
    kinds = {name: ((width,), np.dtype(np.float32)) for name, width in (("narrow", 10), ("wide", 4096))}
    files = raw_files.RawFiles(Path(), kinds, 100_000)
    assert list(files.blocks("narrow")) == [(0, 65_536), (65_536, 100_000)]
    ends = [end for _, end in files.blocks("wide")]
    assert ends[0] * 4 * 4096 == raw_files.BLOCK_BYTES and ends[-1] == 100_000


@pytest.mark.parametrize("duplicates", ["drop", "together"])
@pytest.mark.parametrize("pixels", [GREY, GREY / 255], ids=["bytes", "floats"])
def test_equal_images_are_found_as_in_memory(tmp_path: Path, duplicates: str, pixels: np.ndarray) -> None:
    path = packed(tmp_path, {"x": np.concatenate([pixels, pixels[:30]]), "y": np.concatenate([LABELS, LABELS[1:31]])})
    ours = opened(path, duplicates=duplicates)
    assert_same(ours, opened(path, "all", duplicates=duplicates))
    path = packed(tmp_path, {"x": np.concatenate([pixels, pixels[:30]]), "y": np.concatenate([LABELS, LABELS[:30]])})
    ours = opened(path, duplicates=duplicates)
    assert_same(ours, opened(path, "all", duplicates=duplicates))
    assert sum(ours.facts.rows.values()) == (90 if duplicates == "drop" else 120)


def repeated() -> tuple[np.ndarray, np.ndarray]:
    """Rows of which a third are equal to earlier ones, some of them with another target."""
    x, y = numbers(800)
    return np.concatenate([x, x[:400]]), np.concatenate([y, y[:300], 1 - y[300:400]])


def test_of_equal_rows_the_first_is_kept(tmp_path: Path) -> None:
    x, y = repeated()
    dataset = opened(stored(tmp_path, {"x": x, "y": y}), duplicates="drop")
    rows_of = np.concatenate([part.rows for part in (dataset.train, dataset.validation, dataset.test)])
    np.testing.assert_array_equal(np.sort(rows_of), [*range(800), *range(1100, 1200)])
    assert "300 rows dropped, equal to an earlier one" in dataset.notes
    np.testing.assert_array_equal(dataset.test.inputs["numbers"], x[dataset.test.rows][:, :3].astype(np.float32))


def test_equal_rows_stay_together(tmp_path: Path) -> None:
    x, y = repeated()
    dataset = opened(stored(tmp_path, {"x": x, "y": y}), duplicates="together")
    parts = [set(part.rows.tolist()) for part in (dataset.train, dataset.validation, dataset.test)]
    assert sum(map(len, parts)) == 1200
    for row in range(400):
        assert any({row, row + 800} <= part for part in parts)


def test_equal_rows_of_an_archive_that_is_split_are_refused_as_in_memory(tmp_path: Path) -> None:
    x, y = repeated()
    for inputs, values in ((x, y), (GREY, LABELS)):
        path = stored(tmp_path, {"x_train": inputs, "y_train": values, "x_test": inputs, "y_test": values})
        for kind in ("stream", "all"):
            with pytest.raises(DataError, match="drop cannot change a given split, and this npz is split already"):
                opened(path, kind, duplicates="drop")
