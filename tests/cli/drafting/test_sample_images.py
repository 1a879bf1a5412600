"""What networks make of the images of `nncli init --samples`: the digits are read, the worst drawings are named."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from nncli.cli import app


def nncli(*words: object) -> Any:
    return typer.testing.CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with samples."""
    folder = tmp_path_factory.mktemp("here")
    assert nncli("init", "--samples", folder / "samples").exit_code == 0
    return folder


@pytest.fixture(autouse=True)
def inside(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    monkeypatch.delenv("NNCLI_RUNS_DIR", raising=False)


@pytest.mark.parametrize("seed", [1, 2])
def test_each_digit_of_the_samples_is_read_rightly_by_the_network_of_a_plain_train(seed: int, tmp_path: Path) -> None:
    assert nncli("train", "--set", f"seed={seed}", "--runs-dir", tmp_path, "--quiet").exit_code == 0
    lines = nncli("predict", "samples/digits", "--format", "csv", "--runs-dir", tmp_path).stdout.splitlines()[1:]
    read = {Path(line.split(",")[0]).stem: line.split(",")[1] for line in lines}
    assert read == {str(digit): str(digit) for digit in range(10)}


def test_an_evaluation_of_an_image_folder_names_the_files_of_the_worst_images(here: Path, tmp_path: Path) -> None:
    config, runs = tmp_path / "shapes.yaml", ("--runs-dir", tmp_path / "runs")
    config.write_text(
        f"data: {{source: images, path: {json.dumps(str(here / 'samples' / 'shapes'))}}}\n"
        "model: {layers: [{dense: {units: 4}}, output]}\ntrain: {epochs: 1}\n"
    )
    assert nncli("train", config, "--quiet", *runs).exit_code == 0
    shown = nncli("eval", "--quiet", *runs).stdout
    [told] = (tmp_path / "runs").glob("*/evaluation/metrics.json")
    worst = json.loads(told.read_text())["worst"]
    assert worst and "worst file" in shown
    for example in worst:
        assert (here / "samples" / "shapes" / example["file"]).is_file()
        assert example["file"].split("/")[0] == example["true"]
    assert all(example["file"] in shown for example in worst[:5])
