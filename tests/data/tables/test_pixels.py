"""Pixels in the columns of a table: read as images in training, evaluation and prediction, and found."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from nncli import data
from nncli.cli.commands import app
from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.config.reading.loading import load_config
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.inputs.reading import load_labelled, read_inputs
from nncli.data.profile.images.pixel_columns import pixel_section
from nncli.errors import DataError

ROWS, SIDE = 60, 8
DIGITS = load_digits()
PIXELS = (DIGITS.data[:ROWS] * 15.9375).astype(np.uint8)  # 0 to 255
NAMES = [f"pixel{index}" for index in range(SIDE * SIDE)]


def write(path: Path, pixels: np.ndarray, columns: dict[str, Any] | None = None, names: list[str] = NAMES) -> Path:
    """A CSV with the columns, then the pixels."""
    columns = {"label": DIGITS.target[: len(pixels)]} if columns is None else columns
    lines = [",".join([*columns, *names])]
    for row, values in enumerate(pixels):
        lines.append(",".join(map(str, [*(column[row] for column in columns.values()), *values])))
    path.write_text("\n".join(lines) + "\n")
    return path


def load(path: Path, **options: Any) -> Dataset:
    options = {"target": ("label",), "image": {"shape": [SIDE, SIDE]}, **options}
    section = Data.model_validate({"source": "csv", "path": str(path), **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda said, done: None)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("pixels") / "digits.csv", PIXELS)


def test_columns_become_images_row_by_row(table: Path) -> None:
    dataset = load(table)
    assert dataset.facts.inputs == ImageInput(height=8, width=8, channels=1, scale=1 / 255, border=0.0)
    assert dataset.facts.target.task is Task.MULTICLASS and dataset.facts.pixels is not None
    for part in (dataset.train, dataset.validation, dataset.test):
        np.testing.assert_array_equal(part.inputs["image"].reshape(-1, 64), PIXELS[part.rows])
        np.testing.assert_array_equal(part.targets, DIGITS.target[part.rows])
    assert any("pixel0 to pixel63 are the pixels of images of 8 x 8" in note for note in dataset.notes)
    again = DataFacts.model_validate_json(dataset.facts.model_dump_json())
    assert again == dataset.facts


def test_colour_other_ranges_and_shapes_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    colour = rng.integers(0, 256, (ROWS, 4, 5, 3))
    path = write(tmp_path / "rgb.csv", colour.reshape(ROWS, -1), names=[f"p{index}" for index in range(60)])
    dataset = load(path, image={"shape": [4, 5], "channels": 3})
    np.testing.assert_array_equal(dataset.train.inputs["image"], colour[dataset.train.rows])
    floats = load(write(tmp_path / "floats.csv", np.round(PIXELS / 255, 4)))
    assert floats.facts.inputs.dtype == "float32" and floats.facts.inputs.scale == 1.0
    sixteen = load(write(tmp_path / "sixteen.csv", DIGITS.data[:ROWS].astype(int)))
    assert sixteen.facts.inputs.scale == 1 / 16


def test_what_is_no_pixel_is_refused_with_its_place(tmp_path: Path, table: Path) -> None:
    with pytest.raises(DataError, match=r"7 x 7 pixels are 49 columns, and .* has 64") as caught:
        load(table, image={"shape": [7, 7]})
    assert "`shape: [8, 8]` would fit" in (caught.value.hint or "")
    with_id = write(tmp_path / "id.csv", PIXELS, {"id": np.arange(ROWS), "label": DIGITS.target[:ROWS]})
    with pytest.raises(DataError, match="has 65") as caught:
        load(with_id)
    assert "in `drop`" in (caught.value.hint or "")
    assert len(load(with_id, drop=("id",)).train) > 0
    assert len(load(with_id, features=NAMES).train) > 0
    for value, told in (("", "is missing"), ("dark", 'is "dark"'), ("256", "values from 0 to 256")):
        wrong = PIXELS.astype(object).copy()
        wrong[4, 7] = value
        with pytest.raises(DataError, match=told):
            load(write(tmp_path / "wrong.csv", wrong))
    with pytest.raises(DataError, match=r"data\.target: say which column to predict"):
        load(table, target=None)
    with pytest.raises(DataError, match=r"data\.image: expected a table"):
        data.load(
            Data(source="digits", image={"shape": (8, 8)}), seed=1, data_dir=None, progress=lambda said, done: None
        )


def test_a_test_table_and_rows_without_a_target(tmp_path: Path, table: Path) -> None:
    labels = [str(label) for label in DIGITS.target[:ROWS]]
    labels[3] = ""
    train = write(tmp_path / "train.csv", PIXELS, {"label": labels})
    dataset = load(train, test=str(table))
    assert len(dataset.test) == ROWS and len(dataset.train) + len(dataset.validation) == ROWS - 1
    assert "label: 1 row without a target dropped" in dataset.notes


def test_tables_and_image_files_are_predicted_alike(tmp_path: Path, table: Path) -> None:
    facts = load(table).facts
    asked = write(tmp_path / "asked.csv", PIXELS[:3].astype(object), {"name": ["a", "b", "c"]}, NAMES)
    Image.fromarray(PIXELS[0].reshape(8, 8)).save(tmp_path / "one.png")
    batches = list(read_inputs([str(tmp_path / "one.png"), str(asked)], facts, stdin=io.BytesIO()))
    images = np.concatenate([batch.inputs["image"] for batch in batches])
    np.testing.assert_array_equal(images.reshape(-1, 64), PIXELS[[0, 0, 1, 2]])
    assert [name for batch in batches for name in batch.names][1] == f"{asked}:row 1"
    for content in (asked.read_bytes(), (tmp_path / "one.png").read_bytes()):
        [batch] = read_inputs(["-"], facts, stdin=io.BytesIO(content))
        np.testing.assert_array_equal(batch.inputs["image"][0].reshape(-1), PIXELS[0])


def test_rows_that_are_no_images_fail_alone(tmp_path: Path, table: Path) -> None:
    facts = load(table).facts
    wrong = PIXELS[:4].astype(object).copy()
    wrong[1, 2], wrong[2, 5] = 300, ""
    asked = write(tmp_path / "asked.csv", wrong, {})
    [batch] = read_inputs([str(asked)], facts, stdin=io.BytesIO())
    assert batch.names == [f"{asked}:row 1", f"{asked}:row 4"] and len(batch.inputs["image"]) == 2
    told = [failure.message for failure in batch.failures]
    assert told == [
        "the pixel pixel2 is 300, and must be a whole number from 0 to 255",
        "the pixel pixel5 is missing, and must be a whole number from 0 to 255",
    ]
    part = load_labelled(str(table), facts)
    assert len(part) == ROWS and part.inputs["image"].shape == (ROWS, 8, 8, 1)
    with pytest.raises(DataError, match="2 rows cannot be used; row 2: the pixel pixel2 is 300"):
        load_labelled(str(write(tmp_path / "labelled.csv", wrong)), facts)
    missing = write(tmp_path / "missing.csv", PIXELS[:, :-1], names=NAMES[:-1])
    with pytest.raises(DataError, match='no column "pixel63"'):
        load_labelled(str(missing), facts)


@pytest.mark.parametrize(
    "names",
    [NAMES, [f"{y}x{x}" for y in range(1, 9) for x in range(1, 9)], [f"c{index}" for index in range(64)]],
    ids=["pixel0", "1x1", "c0"],
)
def test_pixels_are_found_by_names_and_values(tmp_path: Path, names: list[str]) -> None:
    path = write(tmp_path / "t.csv", PIXELS, {"id": range(ROWS), "label": DIGITS.target[:ROWS]}, names)
    found = pixel_section(path, ["label"])
    assert found is not None and found.image is not None
    assert (found.image.shape, found.image.channels, found.drop) == ((8, 8), 1, ("id",))
    assert pixel_section(path, []) is None, "id or label?"


def test_other_wide_tables_are_no_images(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name, values in {
        "noise": rng.integers(0, 256, (ROWS, 64)),
        "negative": PIXELS.astype(int) - 5,
        "few": PIXELS[:, :36],
        "not square": PIXELS[:, :60],
        "fractions": PIXELS / 3,
    }.items():
        names = [f"f{index}" for index in range(values.shape[1])]
        assert pixel_section(write(tmp_path / "t.csv", values, names=names), ["label"]) is None, name
    shuffled = [f"f{index}" for index in rng.permutation(64)]
    assert pixel_section(write(tmp_path / "t.csv", PIXELS, names=shuffled), ["label"]) is None


def nncli(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_init_data_train_eval_and_predict(tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    looked = json.loads(nncli("data", table, "--target", "label", "--json", "--sheet", "sheet.png").stdout)
    assert looked["kind"] == "images" and looked["shape"] == [8, 8, 1] and Path("sheet.png").exists()
    assert json.loads(nncli("data", table, "--json").stdout)["kind"] == "images"
    asked = nncli("init", table)
    assert asked.exit_code == 2 and asked.stderr.strip().endswith("likely: --target label")
    assert nncli("init", table, "--target", "label", "--output", "net.yaml").exit_code == 0
    config = load_config("net.yaml").config
    assert config.data.image is not None and config.data.image.shape == (8, 8)
    trained = nncli(
        "train", "net.yaml", "--set", "model.layers=[{conv2d: {filters: 4}}, flatten, output]", "--epochs", 2
    )
    assert trained.exit_code == 0, trained.output
    assert json.loads(nncli("eval", "--data", table, "--json").stdout)["rows"] == ROWS
    answers = json.loads(nncli("predict", table, "--json").stdout)
    assert len(answers["predictions"] if isinstance(answers, dict) else answers) == ROWS


def test_many_columns_without_a_difference_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(1).integers(0, 256, (ROWS, 50))
    values[:, 20:40] = 7
    path = write(tmp_path / "t.csv", values, names=[f"f{index}" for index in range(50)])
    written = nncli("init", path, "--target", "label", "--output", "net.yaml")
    dropped = [line for line in written.stderr.splitlines() if "dropped" in line]
    assert dropped == ["dropped 20 columns that are the same in every row: f20, f21, f22, ..."]
    text = Path("net.yaml").read_text()
    assert "dropped in training as constant: 20 columns (f20, f21, f22, ...)" in text and "drop:" not in text
    assert nncli("check", "net.yaml").exit_code == 0
    values[:, 20:30] = np.arange(ROWS)[:, None] % 7
    values[:, 30:40] = 7
    write(path, values, names=[f"f{index}" for index in range(50)])
    assert nncli("init", path, "--target", "label", "--output", "net.yaml", "--force").exit_code == 0
    assert "f30" in load_config("net.yaml").config.data.drop
