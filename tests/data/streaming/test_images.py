"""Streamed image folders: the pixels, sets and facts of the folder in memory, in files."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli.config.sections import Data
from nncli.data import load
from nncli.data.dataset import Dataset
from nncli.data.streaming import images
from nncli.errors import DataError

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty images a class, of two sizes, one of them damaged; decoded in pieces of seven."""
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(images, "_PIECE", 7)
    monkeypatch.setattr(images, "_BLOCK_BYTES", 5_000)
    generator = np.random.default_rng(0)
    for name in CLASSES:
        below = tmp_path / "images" / name
        below.mkdir(parents=True)
        for index in range(30):
            side = (12, 16) if index % 5 else (16, 12)
            Image.fromarray(generator.integers(0, 256, (*side, 3), np.uint8)).save(below / f"{index:02}.png")
    (tmp_path / "images" / "dog" / "07.png").write_bytes(b"not a picture")
    return tmp_path / "images"


def loaded(folder: Path, memory: str, say: Any = lambda told: None, **more: Any) -> Dataset:
    data = Data.model_validate({"source": "images", "path": str(folder), "memory": memory, **more})
    return load(data, seed=1, data_dir=None, progress=lambda what, share: None, say=say)


def assert_equal(streamed: Dataset, held: Dataset) -> None:
    assert streamed.is_streamed and not held.is_streamed
    assert isinstance(streamed.train.inputs["image"], np.memmap)
    assert streamed.fingerprint == held.fingerprint
    assert streamed.facts == held.facts
    assert streamed.notes == held.notes
    for ours, theirs in (
        (streamed.train, held.train),
        (streamed.validation, held.validation),
        (streamed.test, held.test),
    ):
        np.testing.assert_array_equal(ours.inputs["image"], theirs.inputs["image"])
        np.testing.assert_array_equal(ours.rows, theirs.rows)
        assert ours.files == theirs.files


@pytest.mark.parametrize("more", [{}, {"size": 8, "resize": "crop"}])
def test_a_streamed_folder_is_that_in_memory(folder: Path, more: dict[str, Any]) -> None:
    assert_equal(loaded(folder, "stream", **more), loaded(folder, "all", **more))


def test_a_folder_with_its_own_sets_keeps_them(folder: Path) -> None:
    for name in CLASSES:
        for part, files in (("train", range(20)), ("test", range(20, 25)), ("val", range(25, 30))):
            (folder / part / name).mkdir(parents=True)
            for index in files:
                (folder / name / f"{index:02}.png").rename(folder / part / name / f"{index:02}.png")
        (folder / name).rmdir()
    assert_equal(loaded(folder, "stream"), loaded(folder, "all"))


def test_images_are_decoded_once_and_again_when_one_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = loaded(folder, "stream")
    decode = images.decode_each
    monkeypatch.setattr(images, "decode_each", lambda files, image: pytest.fail("an image was decoded again"))
    assert loaded(folder, "stream").fingerprint == first.fingerprint
    assert loaded(folder, "stream", task="multiclass").fingerprint == first.fingerprint, "the task that was inferred"
    monkeypatch.setattr(images, "decode_each", decode)
    Image.new("RGB", (16, 12)).save(folder / "cat" / "00.png")
    assert loaded(folder, "stream").fingerprint != first.fingerprint


def test_a_changed_test_folder_is_read_again(folder: Path, tmp_path: Path) -> None:
    for name in CLASSES:
        (tmp_path / "later" / name).mkdir(parents=True)
        for index in range(20, 30):
            (folder / name / f"{index}.png").rename(tmp_path / "later" / name / f"{index}.png")
    own = {"test": str(tmp_path / "later")}
    first = loaded(folder, "stream", **own)
    assert_equal(first, loaded(folder, "all", **own))
    assert len(first.test) == 30
    changed = tmp_path / "later" / "owl" / "25.png"
    Image.new("RGB", (16, 12)).save(changed)
    again = loaded(folder, "stream", **own)
    place = again.test.files.index(first.test.files[25])
    assert again.test.files[place].endswith("owl/25.png")
    assert not again.test.inputs["image"][place].any() and first.test.inputs["image"][place].any()
    assert again.fingerprint != first.fingerprint
    changed.rename(changed.with_name("99.png"))
    assert any(name.endswith("owl/99.png") for name in loaded(folder, "stream", **own).test.files)
    (tmp_path / "later" / "owl" / "99.png").unlink()
    assert len(loaded(folder, "stream", **own).test) == 29


def test_auto_streams_a_folder_of_too_many_pixels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    assert not loaded(folder, "auto", said.append).is_streamed
    monkeypatch.setenv("NNCLI_MEMORY", "100kB")
    assert loaded(folder, "auto", said.append).is_streamed
    assert "the arrays would take 51.8 kB, more than a third of the 100 kB of free memory" in said[0]
    assert "90 images are decoded once into 51.8 kB" in said[1]


@pytest.mark.parametrize("duplicates", ["drop", "together"])
def test_equal_images_are_found_as_in_memory(folder: Path, duplicates: str) -> None:
    for name in CLASSES:
        for index in range(10):
            shutil.copy(folder / name / f"{index:02}.png", folder / name / f"copy{index}.png")
    ours = loaded(folder, "stream", duplicates=duplicates)
    assert_equal(ours, loaded(folder, "all", duplicates=duplicates))
    assert sum(ours.facts.rows.values()) == (89 if duplicates == "drop" else 118), "one image is damaged"


def test_what_needs_all_images_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"data\.labels: not available for images that are streamed"):
        loaded(folder, "stream", labels="{class}_*")
