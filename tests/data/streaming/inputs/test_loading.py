"""Labelled data that is too large for memory has the arrays of the same data in memory, for each kind of it."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

from nncli.config.facts import DataFacts
from nncli.config.sections import Data
from nncli.data import load, load_labelled, read_inputs
from nncli.data.dataset import Part, find_seen
from nncli.data.prepared.cache_listing import clear_cache
from nncli.data.streaming.inputs import arrays, labelled
from nncli.data.tables import inputs
from nncli.data.tables.files import csv_types
from nncli.errors import DataError

RANDOM = np.random.default_rng(0)
ROWS = 2_000
IMAGES = RANDOM.integers(0, 256, (90, 6, 5), dtype=np.uint8)


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever is measured counts as too large for memory, and is read in pieces of a few rows."""
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("nncli.data.arrays.files._SMALL", 0)
    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 0)
    monkeypatch.setattr(labelled, "_PIECE_BYTES", 1 << 9)
    monkeypatch.setattr(labelled, "_PIECE_IMAGES", 8)
    monkeypatch.setattr(inputs, "_PARQUET_ROWS", 300)
    monkeypatch.setattr(inputs, "WORTH_BYTES", 1 << 12)
    monkeypatch.setattr(inputs, "segments", lambda body: csv_types.segments(body, 1 << 12))


def facts_of(**section: object) -> DataFacts:
    data = Data.model_validate(section)
    return load(data, seed=1, data_dir=None, progress=lambda what, share: None).facts


def table() -> arrow.Table:
    sizes = np.round(RANDOM.normal(10, 4, ROWS), 3)
    labels = np.where(sizes > 10, "yes", "no").astype(object)
    labels[::50] = None
    cities = np.array(["Rome", "Oslo", "Bern"])[RANDOM.integers(0, 3, ROWS)]
    return arrow.table({"size": sizes, "city": cities, "label": labels, "weight": RANDOM.normal(size=ROWS)})


def as_csv(made: arrow.Table, folder: Path) -> Path:
    pyarrow.csv.write_csv(made, folder / "table.csv")
    return folder / "table.csv"


def as_gzip(made: arrow.Table, folder: Path) -> Path:
    (folder / "table.csv.gz").write_bytes(gzip.compress(as_csv(made, folder).read_bytes()))
    return folder / "table.csv.gz"


def as_parquet(made: arrow.Table, folder: Path) -> Path:
    (folder / "parts").mkdir()
    for index in range(2):
        part = made.slice(1_000 * index, 1_000)
        pyarrow.parquet.write_table(part, folder / "parts" / f"{index}.parquet", row_group_size=200)
    return folder / "parts"


def both(path: Path, facts: DataFacts, monkeypatch: pytest.MonkeyPatch) -> tuple[Part, Part, list[str]]:
    said: list[str] = []
    held = load_labelled(str(path), facts, say=said.append)
    assert not said and not isinstance(held.targets, np.memmap)
    monkeypatch.setenv("NNCLI_MEMORY", "1kB")
    return load_labelled(str(path), facts, say=said.append), held, said


def assert_same(streamed: Part, held: Part) -> None:
    assert isinstance(streamed.targets, np.memmap)
    assert streamed.inputs.keys() == held.inputs.keys()
    for name, array in held.inputs.items():
        np.testing.assert_array_equal(streamed.inputs[name], array)
        assert streamed.inputs[name].dtype == array.dtype
    np.testing.assert_array_equal(streamed.targets, held.targets)
    np.testing.assert_array_equal(streamed.rows, held.rows)
    assert (streamed.files, streamed.unlabelled) == (held.files, held.unlabelled)


@pytest.mark.parametrize("save", [as_csv, as_gzip, as_parquet])
def test_a_table_has_the_rows_of_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Callable[[arrow.Table, Path], Path]
) -> None:
    path = save(table(), tmp_path)
    source = "parquet" if save is as_parquet else "csv"
    facts = facts_of(source=source, path=str(path), target=["label"], drop=["weight"])
    streamed, held, said = both(path, facts, monkeypatch)
    assert_same(streamed, held)
    assert streamed.unlabelled == ROWS // 50
    assert "more than a third of the 1 kB of free memory" in said[0]
    monkeypatch.setattr(labelled.Labelled, "pieces", None)  # it is read once
    assert_same(load_labelled(str(path), facts), held)


def test_rows_of_another_length_and_unknown_classes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = as_csv(table(), tmp_path)
    facts = facts_of(source="csv", path=str(path), target=["label"])
    monkeypatch.setenv("NNCLI_MEMORY", "1kB")
    text = path.read_text()
    for line, told in (("1,Rome\n", "row 2001 has 2 cells instead of 4"), ("1,Rome,maybe,2\n", "classes .* maybe")):
        path.write_text(text + line)
        with pytest.raises(DataError, match=told):
            load_labelled(str(path), facts)
    assert not list((tmp_path / "cache/streams").iterdir())


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_has_the_rows_of_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Callable[..., None]
) -> None:
    images, rows = tmp_path / "images.npz", tmp_path / "rows.npz"
    save(images, x=IMAGES, y=np.eye(3)[np.arange(90) % 3])
    numbers = RANDOM.normal(size=(200, 3))
    save(rows, x_train=numbers, y_train=numbers[:, 0] * 2, x_test=numbers[:70], y_test=numbers[:70, 0] * 2)
    for path in (images, rows):
        facts = facts_of(source="npz", path=str(path))
        streamed, held, _ = both(path, facts, monkeypatch)
        assert_same(streamed, held)
        monkeypatch.delenv("NNCLI_MEMORY")
        batches = list(read_inputs([str(path)], facts, stdin=io.BytesIO()))
        for name, array in held.inputs.items():
            np.testing.assert_array_equal(np.concatenate([batch.inputs[name] for batch in batches]), array)
    assert not list((tmp_path / "cache/streams").glob(".*"))


def test_of_an_archive_the_test_set_is_measured_or_the_training_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = RANDOM.normal(size=(300, 3))
    path = tmp_path / "rows.npz"
    np.savez(path, x=numbers, y=numbers[:, 0])
    facts = facts_of(source="npz", path=str(path))
    for pairs, rows in ((("x", "x_train"), 100), (("x", "x_train", "x_test"), 50), (("x_test",), 50)):
        sizes = {"x": 300, "x_train": 100, "x_test": 50}
        made = {name: numbers[: sizes[name]] for name in pairs}
        np.savez(path, **made, **{name.replace("x", "y", 1): each[:, 0] for name, each in made.items()})
        streamed, held, _ = both(path, facts, monkeypatch)
        assert_same(streamed, held)
        assert len(held) == rows
        monkeypatch.delenv("NNCLI_MEMORY")
    np.savez(path, x_test=numbers, y_train=numbers[:, 0])
    for memory in ("1GB", "1kB"):
        monkeypatch.setenv("NNCLI_MEMORY", memory)
        with pytest.raises(DataError, match="has the arrays x_test, y_train"):
            load_labelled(str(path), facts)


def test_what_is_only_mapped_needs_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "images.npz"
    np.savez(path, x=IMAGES, y=np.arange(90) % 3)
    facts = facts_of(source="npz", path=str(path))
    (tmp_path / "file").touch()
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "file"))
    [batch] = read_inputs([str(path)], facts, stdin=io.BytesIO())
    np.testing.assert_array_equal(batch.inputs["image"][..., 0], IMAGES)


def test_what_is_inflated_for_a_while_is_not_cleared_meanwhile(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "images.npz", x=IMAGES)
    with arrays.opened_inputs(tmp_path / "images.npz") as inputs:
        clear_cache()
        np.testing.assert_array_equal(inputs, IMAGES)
    assert not list((tmp_path / "cache/streams").glob(".images*"))


@pytest.mark.parametrize("row", [5, 1_900])
def test_a_quote_that_is_never_closed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: int) -> None:
    lines = ["size,label", *(f"{number},{'no' if number < 1_000 else 'yes'}" for number in range(2_000))]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    facts = facts_of(source="csv", path=str(path), target=["label"])
    lines[row] = lines[row].replace(",", ',"')
    path.write_text("\n".join(lines) + "\n")
    for memory in ("1GB", "1kB"):
        monkeypatch.setenv("NNCLI_MEMORY", memory)
        with pytest.raises(DataError, match=f"a quote is opened in row {row} but never closed"):
            load_labelled(str(path), facts)


def test_a_folder_of_images_has_the_rows_of_one_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "images"
    for index, pixels in enumerate(IMAGES):
        place = folder / ("round" if index % 3 else "square")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{index}.png")
    facts = facts_of(source="images", path=str(folder))
    streamed, held, _ = both(folder, facts, monkeypatch)
    assert_same(streamed, held)
    (folder / "round" / "broken.png").write_bytes(b"none")
    with pytest.raises(DataError, match=r"broken\.png .*"):
        load_labelled(str(folder), facts)


def test_loose_arrays_are_measured_and_predicted(tmp_path: Path) -> None:
    (tmp_path / "loose").mkdir()
    np.save(tmp_path / "loose/x.npy", IMAGES)
    np.save(tmp_path / "loose/y.npy", np.arange(90) % 3)
    facts = facts_of(source="npz", path=str(tmp_path / "loose"))
    part = load_labelled(str(tmp_path / "loose"), facts)
    np.testing.assert_array_equal(part.targets, np.arange(90) % 3)
    for word in (tmp_path / "loose", tmp_path / "loose/x.npy"):
        (batch,) = read_inputs([str(word)], facts, stdin=io.BytesIO())
        np.testing.assert_array_equal(batch.inputs["image"][..., 0], IMAGES)


def test_rows_that_were_learned_from_are_found_as_numpy_finds_them(tmp_path: Path) -> None:
    path = as_csv(table(), tmp_path)
    section = Data(source="csv", path=str(path), target=("label",))
    own = load(section, seed=1, data_dir=None, progress=lambda what, share: None)
    part = load_labelled(str(path), own.facts)
    seen = find_seen(part, own)
    np.testing.assert_array_equal(seen.training, np.isin(part.rows, own.train.rows))
    np.testing.assert_array_equal(seen.validation, np.isin(part.rows, own.validation.rows))


def test_what_cannot_be_streamed_and_is_large_is_said_to_be_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["label,a,b,c,d", *(f"{row % 2},{row % 250},{row % 9 * 20},3,4" for row in range(200))]
    path = tmp_path / "pixels.csv"
    path.write_text("\n".join(lines) + "\n")
    section = {"source": "csv", "path": str(path), "target": ["label"], "image": {"shape": [2, 2]}}
    said: list[str] = []
    data = Data.model_validate(section)
    for limit, told in (("1GB", 0), ("5kB", 1)):
        monkeypatch.setenv("NNCLI_MEMORY", limit)
        dataset = load(data, seed=1, data_dir=None, progress=lambda what, share: None, say=said.append)
        assert len(said) == told
        assert len(load_labelled(str(path), dataset.facts, say=said.append)) == 200
        assert len(said) == 2 * told
    told = f"{path}: tables of pixels, zipped tables and Excel files are read into memory whole; the files have 2."
    assert told in said[0]
    assert said[0].endswith("kB, and 5 kB of memory are free") and said[0] == said[1]
