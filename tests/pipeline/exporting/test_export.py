"""`nncli export`: each format from a real run, what is told of it, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.pipeline.agreement import compare_predictions
from nncli.pipeline.exporting import conversion
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.run import files
from nncli.runtime.predictor import Predictor

DIGITS = ["train", "digits_softmax", "--epochs", "2", "--quiet"]
# A column of names with a missing cell, a number with one, and a category that only test rows may have.
TABLE = "kind,size,grown\n" + "".join(
    f"{('', 'a', 'b', 'c')[i % 4]},{'' if i % 7 == 0 else i * 1000},{'yes' if i % 3 else 'no'}\n" for i in range(80)
)
CONFIG = """
data: {source: csv, path: table.csv, target: grown}
model: {layers: [{dense: {units: 40}}, {dense: {units: 40}}, output]}
train: {epochs: 2, executor: graph}
"""


def invoke(*words: str, code: int = 0) -> Any:
    outcome = typer.testing.CliRunner().invoke(app, list(words))
    assert outcome.exit_code == code, outcome.stderr
    assert "Traceback" not in outcome.stderr
    return outcome


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs on images and on a table."""
    place = tmp_path_factory.mktemp("export")
    (place / "table.csv").write_text(TABLE)
    (place / "table.yaml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        invoke(*DIGITS)
        invoke("train", "table.yaml", "--quiet")
    return place


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def run_of(name: str) -> Path:
    [run] = Path("runs").glob(f"*-{name}")
    return run


@pytest.mark.parametrize(("form", "name"), [("keras", "model.keras"), ("tflite", "model.tflite")])
def test_what_the_run_has_is_copied_and_its_inputs_are_told(form: str, name: str) -> None:
    told = invoke("export", "digits_softmax", "--format", form).stdout
    assert Path(f"digits_softmax.{form}").read_bytes() == (run_of("digits_softmax") / name).read_bytes()
    assert "input image: uint8 (rows, 8, 8, 1); 0 to 16, not rescaled" in told
    assert "output: float32 (rows, 10); probabilities of 0, 1, 2" in told


def test_the_format_is_that_of_the_ending() -> None:
    result = json.loads(invoke("export", "digits_softmax", "--output", "copy.tflite", "--json").stdout)
    assert (result["format"], result["output"]) == ("tflite", "copy.tflite")
    assert result["bytes"] == Path("copy.tflite").stat().st_size


@pytest.mark.parametrize("name", ["digits_softmax", "table"])
def test_int8_takes_the_same_inputs_and_tells_what_it_costs(name: str) -> None:
    result = json.loads(invoke("export", name, "--format", "tflite", "--int8", "--json").stdout)
    told = result["int8"]
    exact = json.loads((run_of(name) / "summary.json").read_text())["test"]["metrics"]
    assert told["metrics"]["float32"] == pytest.approx(exact)
    assert set(told["metrics"]["int8"]) == set(exact)
    assert told["metrics"]["int8"]["log_loss"] != told["metrics"]["float32"]["log_loss"]
    assert told["quantization"] == ("full" if name == "digits_softmax" else "weights")
    model = Path(f"{name}_int8.tflite").read_bytes()
    assert len(model) < len((run_of(name) / "model.tflite").read_bytes())
    assert set(Predictor(model).input_names) == set(result["inputs"])


def test_int8_shows_each_metric_before_and_after() -> None:
    lines = invoke("export", "digits_softmax", "--int8", "--output", "shown.tflite").stdout.splitlines()
    assert lines[0].split() == ["test", "float32", "int8", "change"]
    name, before, after, change = lines[1].split()
    assert name == "accuracy" and float(change) == pytest.approx(float(after) - float(before), abs=2e-4)
    assert any(line.startswith("the answer changes for ") and "of 359 test rows" in line for line in lines)


@pytest.mark.parametrize("name", ["digits_softmax", "table"])
def test_a_saved_model_is_compared_with_keras(name: str) -> None:
    result = json.loads(invoke("export", name, "--format", "saved_model", "--json").stdout)
    assert result["checked"]["rows"] > 10 and result["checked"]["largest_difference"] < 1e-6
    assert Path(name, "saved_model.pb").is_file()
    assert "exists already" in invoke("export", name, "--format", "saved_model", "--force", code=2).stderr


@pytest.mark.parametrize("name", ["digits_softmax", "table"])
def test_an_onnx_file_is_compared_with_keras(name: str) -> None:
    pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    result = json.loads(invoke("export", name, "--format", "onnx", "--json").stdout)
    assert result["checked"]["rows"] > 10 and result["checked"]["largest_difference"] < 1e-5
    assert Path(f"{name}.onnx").stat().st_size == result["bytes"]


def test_a_file_that_exists_is_kept_unless_force_is_said() -> None:
    Path("kept.keras").write_text("mine")
    refused = invoke("export", "digits_softmax", "--output", "kept.keras", code=2).stderr
    assert "kept.keras exists already" in refused and "--force" in refused
    assert Path("kept.keras").read_text() == "mine"
    invoke("export", "digits_softmax", "--output", "kept.keras", "--force")
    assert Path("kept.keras").stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "got no --format, expected one of keras, tflite, onnx, saved_model, script"),
        (["--format", "pickle"], "got --format pickle, expected one of keras"),
        (["--output", "model.bin"], "--output model.bin: the ending names no format"),
        (["--format", "keras", "--int8"], "--int8 is for --format tflite, got keras"),
        (["--output", "nowhere/model.keras"], "there is no folder nowhere"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_in_one_line(words: list[str], told: str) -> None:
    error = invoke("export", "digits_softmax", *words, code=2).stderr
    assert told in error and len(error.splitlines()) == 2


def test_a_damaged_model_is_not_exported(tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "20260101-000000-damaged"
    shutil.copytree(run_of("digits_softmax"), copy)
    content = bytearray((copy / "model.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model.tflite").write_bytes(content)
    assert "is damaged" in invoke("export", str(copy), "--output", "damaged.tflite", code=2).stderr
    assert not Path("damaged.tflite").exists()


def test_a_model_that_disagrees_with_keras_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(facts: Any, first: np.ndarray, second: np.ndarray) -> Any:
        return compare_predictions(facts, first, second[:, ::-1])

    monkeypatch.setattr(conversion, "compare_predictions", wrong)
    error = invoke("export", "digits_softmax", "--format", "saved_model", "--output", "wrong", code=1).stderr
    assert "disagrees with Keras on" in error and "it is not written" in error
    assert not Path("wrong").exists() and not list(Path().glob(".wrong*"))


def test_without_the_data_the_comparison_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(run: OpenRun, *_: Any) -> Any:
        raise conversion.DataError("the table is not there")

    monkeypatch.setattr(conversion, "read_own_data", gone)
    outcome = invoke("export", "table", "--format", "saved_model", "--output", "unchecked")
    assert "is not compared with Keras" in outcome.stderr and Path("unchecked").is_dir()


def test_a_script_lies_beside_the_rows_that_it_reads() -> None:
    result = json.loads(
        invoke("export", "digits_softmax", "--format", "script", "--output", "lone.py", "--json").stdout
    )
    text = Path("lone.py").read_text()
    assert result["lines"] == len(text.splitlines()) < 70
    with np.load(result["arrays"]) as rows, np.load(run_of("digits_softmax") / "splits.npz") as splits:
        assert all(np.array_equal(rows[name], splits[name]) for name in ("train", "validation", "test"))
    assert "lone.py exists already" in invoke("export", "--output", "lone.py", code=2).stderr


def read_pair(folder: Path) -> tuple[str, list[str]]:
    """The text of the only script of a folder, and the names in the arrays that it reads, the only ones there."""
    text = (folder / "pair.py").read_text()
    [arrays] = folder.glob("*.npz")
    assert f'ARRAYS = Path(__file__).with_name("{arrays.name}")' in text
    assert sorted(file.name for file in folder.iterdir()) == sorted([arrays.name, "pair.py"])
    with np.load(arrays) as stored:
        return text, sorted(stored)


@pytest.mark.parametrize("step", ["_rename", "sync_folder"])
@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_script_and_its_arrays_are_old_or_new_together(
    step: str, failing: int, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("export", "--format", "script", "--output", str(tmp_path / "pair.py"), "--force")
    invoke(*words, str(run_of("table")))
    old = read_pair(tmp_path)
    done: Callable[..., None] = getattr(files, step)
    calls = 0

    def fail(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise error
        done(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(files, step, fail)
        invoke(*words, "digits_softmax", code=130 if isinstance(error, KeyboardInterrupt) else 1)
    is_new = step == "sync_folder" and failing == 2  # the script has been renamed
    assert (read_pair(tmp_path) == old) is not is_new
    invoke(*words, "digits_softmax")
    assert read_pair(tmp_path)[1] == ["test", "train", "validation"]


def test_the_arrays_of_a_script_are_removed_only_with_it(tmp_path: Path) -> None:
    words = ("export", "digits_softmax", "--format", "script", "--output")
    invoke(*words, str(tmp_path / "pair.py"))
    before = read_pair(tmp_path)
    invoke(*words, str(tmp_path / "pair.py"), "--force")
    assert read_pair(tmp_path) == before
    (tmp_path / "own.py").write_text('ARRAYS = ("/etc/own-0123456789ab.npz")\nARRAYS = ("own.npz")\n')
    (tmp_path / "own.npz").write_bytes(b"kept")
    invoke(*words, str(tmp_path / "own.py"), "--force")
    assert (tmp_path / "own.npz").read_bytes() == b"kept"
