"""Images split by a column of their table of labels, or by a part of their names."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli import data
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.profile.profiling import profile_data
from nncli.errors import DataError

ARTISTS = 12


def draw(folder: Path) -> Path:
    """Sixty images called like cat_artist3_07.png, and a table of them."""
    folder.mkdir()
    lines = ["file,label,artist"]
    for number in range(60):
        name = f"{'cat' if number % 2 else 'dog'}_artist{number % ARTISTS}_{number:02}.png"
        pixels = np.random.default_rng(number).integers(0, 255, (6, 6), np.uint8)
        Image.fromarray(pixels).save(folder / name)
        lines.append(f"{name},{name.partition('_')[0]},artist{number % ARTISTS}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def section(folder: Path, **options: Any) -> Data:
    return Data(source="images", path=str(folder), **options)


def load(folder: Path, **options: Any) -> Dataset:
    return data.load(section(folder, **options), seed=1, data_dir=None, progress=lambda what, share: None)


def artists_of(dataset: Dataset) -> list[set[str]]:
    return [{name.split("_")[1] for name in part.files} for part in (dataset.train, dataset.validation, dataset.test)]


TABLE = {"target": ("label",), "split": {"by": "group", "column": "artist"}}
PATTERN = {"labels": "{class}_{group}_{number}.*", "split": {"by": "group", "column": "group"}}


@pytest.mark.parametrize("kind", ["table", "names", "dropped"])
def test_an_artist_is_in_one_set(tmp_path: Path, kind: str) -> None:
    folder = draw(tmp_path / "images")
    options = PATTERN if kind == "names" else {"labels": str(folder / "labels.csv"), **TABLE}
    options = {**options, "duplicates": "drop"} if kind == "dropped" else options
    train, validation, test = artists_of(load(folder, **options))
    assert not train & validation and not train & test and not validation & test
    assert len(train | validation | test) == ARTISTS


def test_what_data_tells_of_the_sets_is_what_training_makes(tmp_path: Path) -> None:
    folder = draw(tmp_path / "images")
    for options in (PATTERN, {"labels": str(folder / "labels.csv"), **TABLE}):
        profile = profile_data(section(folder, **options), seed=1, data_dir=None, progress=lambda what, share: None)
        assert profile.parts == load(folder, **options).facts.rows


def test_images_without_such_a_column_are_refused_clearly(tmp_path: Path) -> None:
    folder = draw(tmp_path / "images")
    with pytest.raises(DataError, match='has no column "painter"'):
        load(folder, labels=str(folder / "labels.csv"), target=("label",), split={"by": "group", "column": "painter"})
    with pytest.raises(DataError, match="file names have no column 'artist'"):
        load(folder, labels="{class}_{group}_{number}.*", split={"by": "group", "column": "artist"})
    with pytest.raises(DataError, match='source digits has no column "artist" to split by'):
        digits = Data(source="digits", split={"by": "group", "column": "artist"})
        data.load(digits, seed=1, data_dir=None, progress=lambda what, share: None)


def test_pixels_in_columns_split_by_a_column_that_is_no_pixel(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    lines = ["label,writer,p0,p1,p2,p3"]
    for number in range(80):
        lines.append(f"{number % 2},w{number % 16}," + ",".join(map(str, generator.integers(0, 256, 4))))
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    options: dict[str, Any] = {"target": ("label",), "image": {"shape": (2, 2)}}
    split = {"by": "group", "column": "writer"}
    table = Data(source="csv", path=str(tmp_path / "t.csv"), split=split, **options)
    dataset = data.load(table, seed=1, data_dir=None, progress=lambda what, share: None)
    writers = [set(part.rows % 16) for part in (dataset.train, dataset.validation, dataset.test)]
    assert not writers[0] & writers[1] and not writers[0] & writers[2] and not writers[1] & writers[2]
