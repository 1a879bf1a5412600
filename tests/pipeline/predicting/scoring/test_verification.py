"""The proof that predict and eval agree: every kind of data, after training and with `eval --verify`."""

import json
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import typer.testing
from PIL import Image

from nncli.cli import app
from nncli.data.images import decoding
from nncli.data.images.ink import preparing
from nncli.data.tables import encoding

# All rows in a batch and no look at the layers: one short loop is traced for each training.
NETWORK = """
model: {layers: [{dense: {units: 6}}, output]}
train: {epochs: 2, batch_size: full, executor: graph, health: false}
"""


def invoke(*words: str, code: int = 0) -> Any:
    outcome = typer.testing.CliRunner().invoke(app, list(words))
    assert outcome.exit_code == code, outcome.stderr
    return outcome


def rows_of_a_table() -> list[dict[str, Any]]:
    kinds = ("red", "RED", "green", None, "None")
    return [
        {
            "kind": kinds[i % 5],
            "code": f"{i % 7:03}",
            "size": None if i % 9 == 0 else i / 3,
            "day": f"{1 + i % 28:02}/{1 + i % 12:02}/20{10 + i % 13}",
            "grown": ("no", "yes", "maybe")[i % 3],
        }
        for i in range(90)
    ]


def write_csv(folder: Path) -> str:
    lines = ["a title above", "kind;code;size;day;grown"]
    for row in rows_of_a_table():
        size = "" if row["size"] is None else f"{row['size'] * 1000:.4f}".replace(".", ",")
        lines.append(f"{row['kind'] or ''};{row['code']};{size};{row['day']};{row['grown']}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n", "utf-16")
    options = "delimiter: ;, decimal: ',', encoding: utf-16, skip: 1, day_first: true, values: {red: [RED]}"
    return f"{{source: csv, path: table.csv, target: grown, {options}}}"


def write_parquet(folder: Path) -> str:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows_of_a_table()), folder / "table.parquet")
    return "{source: parquet, path: table.parquet, target: grown, columns: {code: category}, day_first: true}"


def write_test_table(folder: Path) -> str:
    lines = [f"{i % 13},{i % 5},{'ab'[i % 2]}" for i in range(60)]
    for name, part in (("train", lines[:40]), ("test", lines[40:])):
        (folder / f"{name}.csv").write_text("\n".join(["x,z,y", *part]) + "\n")
    return "{source: csv, path: train.csv, test: test.csv, target: y}"


def write_numbers(folder: Path) -> str:
    generator = np.random.default_rng(0)
    np.savez(folder / "rows.npz", x=generator.normal(size=(80, 3)) * 1e5, y=generator.normal(size=80) * 1e4)
    return "{source: npz, path: rows.npz}"


def write_float_images(folder: Path) -> str:
    generator = np.random.default_rng(0)
    np.savez(folder / "images.npz", x=generator.random((60, 7, 5, 3)).astype(np.float32), y=np.arange(60) % 3)
    return "{source: npz, path: images.npz}"


def write_pixel_columns(folder: Path) -> str:
    generator = np.random.default_rng(0)
    names = [f"pixel{i}" for i in range(16)]
    rows = [[str(i % 3), *map(str, generator.integers(0, 256, 16))] for i in range(60)]
    (folder / "pixels.csv").write_text("\n".join(",".join(row) for row in [["label", *names], *rows]) + "\n")
    return "{source: csv, path: pixels.csv, target: label, image: {shape: [4, 4]}}"


def write_photos(folder: Path) -> str:
    generator = np.random.default_rng(0)
    for i in range(60):
        place = folder / "photos" / "ab"[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        size = (20, 14) if i % 3 else (9, 30)
        picture = Image.fromarray(generator.integers(0, 256, (*size, 3)).astype(np.uint8))
        picture.save(place / f"{i}.{'jpg' if i % 4 else 'png'}")
    return "{source: images, path: photos, size: [12, 10], resize: pad}"


SOURCES: dict[str, tuple[Callable[[Path], str], str]] = {
    "digits": (lambda folder: "{source: digits}", "PNG"),
    "labels": (lambda folder: "{source: digit_attributes}", "PNG"),
    "iris": (lambda folder: "{source: iris}", "CSV"),
    "csv": (write_csv, "the file of the data"),
    "parquet": (write_parquet, "the file of the data"),
    "test_table": (write_test_table, "the file of the data"),
    "numbers": (write_numbers, "CSV"),
    "float_images": (write_float_images, "PNG"),
    "pixel_columns": (write_pixel_columns, "the file of the data"),
    "photos": (write_photos, "the image files of the data"),
}


def train(name: str, folder: Path, *, called: str | None = None, code: int = 0) -> Any:
    (folder / f"{called or name}.yaml").write_text(f"data: {SOURCES[name][0](folder)}\n{NETWORK}")
    return invoke("train", f"{called or name}.yaml", "--quiet", code=code)


def record(name: str) -> dict[str, Any]:
    [path] = Path("runs").glob(f"*-{name}/run.json")
    value: dict[str, Any] = json.loads(path.read_text())
    return value


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder in which the network of a source was trained."""

    def train_in_its_own(name: str) -> Path:
        folder = tmp_path_factory.mktemp("trained")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            train(name, folder)
        return folder

    return cache(train_in_its_own)


@pytest.fixture
def trained(trainings: Callable[[str], Path], tmp_path: Path) -> Callable[[str], None]:
    """Copies a trained network and its data into the folder of the test."""

    def copy(name: str) -> None:
        shutil.copytree(trainings(name), tmp_path, dirs_exist_ok=True)

    return copy


@pytest.mark.long
@pytest.mark.parametrize("name", SOURCES)
def test_every_test_row_of_every_source_is_predicted_as_keras_does(name: str, trained: Callable[[str], None]) -> None:
    trained(name)
    quick = record(name)["verified"]
    if name == "float_images":
        assert quick is None
    else:
        assert quick["rows"] == 8 and quick["largest_difference"] < 1e-5
        assert quick["through"] == SOURCES[name][1]
    result = json.loads(invoke("eval", name, "--verify", "--json").stdout)
    assert result["verified"]["rows"] == result["rows"] > 8
    assert result["verified"]["largest_difference"] < 1e-5
    assert result["verified"]["through"] == SOURCES[name][1]


def test_without_the_option_nothing_is_claimed(trained: Callable[[str], None]) -> None:
    trained("iris")
    assert json.loads(invoke("eval", "--json").stdout)["verified"] is None
    assert "verified" not in invoke("eval").stdout
    assert "verified: predict agrees with Keras on all 30 test rows, read from CSV" in invoke("eval", "--verify").stdout


def test_an_image_that_predict_reads_otherwise_fails_loudly_with_the_first_rows(
    trained: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained("digits")
    honest = decoding.decode_image

    def upside_down(file: Any, image: Any) -> Any:
        pixels, warnings = honest(file, image)
        return pixels[::-1], warnings

    monkeypatch.setattr(preparing, "decode_image", upside_down)
    error = invoke("eval", "--verify", code=1).stderr
    assert "verification: predict disagrees with Keras on" in error and "of 359 test rows: row " in error
    assert error.count("Keras") == 4 and "Traceback" not in error
    invoke("eval")
    # A training that ends with such a model says so, and its record too.
    assert "predict disagrees with Keras" in train("digits", tmp_path, called="other", code=1).stderr
    assert record("other")["status"] == "failed" and "predict disagrees" in record("other")["reason"]


def test_a_cell_that_predict_reads_otherwise_fails_too(
    trained: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained("csv")
    honest = encoding.encode_table

    def shifted(table: Any, columns: Any) -> Any:
        encoded = honest(table, columns)
        encoded.inputs["numbers"][1::2] += 0.5
        return encoded

    monkeypatch.setattr("nncli.data.tables.inputs.encode_table", shifted)
    assert "predict disagrees with Keras on" in invoke("eval", "--verify", code=1).stderr


def test_a_row_that_predict_cannot_read_is_named(
    trained: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained("digits")

    def fail(file: Any, image: Any) -> Any:
        raise decoding.DataError("is a damaged image")

    monkeypatch.setattr(preparing, "decode_image", fail)
    error = invoke("eval", "--verify", code=1).stderr
    assert "predict cannot read" in error and "00000000.png" in error and "is a damaged image" in error


def test_other_data_cannot_be_verified(trained: Callable[[str], None]) -> None:
    trained("iris")
    error = invoke("eval", "--verify", "--data", "rows.csv", code=2).stderr
    assert "--verify is for the test set of the run" in error


@pytest.mark.long
def test_the_ten_thousand_test_images_of_mnist_agree_as_png_files(
    shared_data: Path, mnist_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(mnist_cache))
    monkeypatch.setenv("NNCLI_DATA_DIR", str(shared_data / "tfds"))
    brief = ("--epochs", "1", "--set", "train.batch_size=2000", "--set", "train.health=false")
    invoke("train", "mnist_softmax", *brief, "--set", "data.fallback=null", "--quiet")
    verified = json.loads(invoke("eval", "--verify", "--json").stdout)["verified"]
    assert verified["rows"] == 10_000 and verified["through"] == "PNG"
    assert verified["largest_difference"] < 1e-5


def test_a_file_that_changes_during_a_training_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nncli.pipeline.training import train as story

    honest = story.save_plots

    def changing(*arguments: Any, **options: Any) -> None:
        honest(*arguments, **options)
        table = tmp_path / "test.csv"
        table.write_text("x,z,y\n" + "9,9,a\n" * 20)
        later = table.stat().st_mtime + 3600
        os.utime(table, (later, later))

    monkeypatch.setattr(story, "save_plots", changing)
    train("test_table", tmp_path)
    assert record("test_table")["verified"]["through"] == "CSV"
