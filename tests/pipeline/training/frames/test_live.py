"""What a page shows of a network while it learns: frames and progress in files, a training that is none the wiser."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing
import yaml

from nncli import pipeline
from nncli.cli import app
from nncli.console import Console
from nncli.errors import UsageError
from nncli.evaluate.plots.frames.animation import Scene
from nncli.pipeline.training.frames import live
from nncli.pipeline.training.frames.request import ShowRequest

CIRCLES: dict[str, Any] = {
    "data": {"source": "shapes", "samples": 120, "noise": 0.1},
    "model": {"layers": [{"dense": {"units": 3, "activation": "tanh"}}, {"output": {}}]},
    "train": {"epochs": 4, "executor": "graph", "keep": "last"},
}
DIGITS: dict[str, Any] = {
    "data": {"source": "digits"},
    "model": {"layers": [{"dense": {"units": 40}}, {"output": {}}]},
    "train": {"epochs": 1, "executor": "graph"},
}


def train(here: Path, config: dict[str, Any], show: ShowRequest) -> Path:
    (here / "own.yaml").write_text(yaml.safe_dump(config))
    console = Console(stdout=io.StringIO(), stderr=io.StringIO())
    return pipeline.train(
        str(here / "own.yaml"), folders=pipeline.Folders(here / "runs"), console=console, show=show
    ).folder.path


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return dict(stored)


def frames_of(path: Path) -> tuple[dict[str, Any], dict[int, np.ndarray]]:
    """How they are drawn, and the frames by epoch."""
    _, about, *lines = map(json.loads, path.read_text().splitlines())
    return about, {
        line["epoch"]: np.frombuffer(base64.b64decode(line["bytes"]), np.uint8).reshape(line["shape"]) for line in lines
    }


def test_the_plane_is_that_of_show_boundary_and_the_training_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for picture in ("to_png", "to_gif"):  # drawn for seconds, and not looked at here
        monkeypatch.setattr(Scene, picture, lambda scene, frames: b"")
    shown = train(tmp_path, CIRCLES, ShowRequest.parse(["boundary"], 12))
    followed = train(tmp_path, CIRCLES, ShowRequest.parse(None, None, tmp_path / "live.jsonl"))
    about, frames = frames_of(tmp_path / "live.jsonl")
    known = arrays(shown / "plots" / "boundary.npz")
    assert list(frames) == known["epochs"].tolist() == [0, 1, 2, 3, 4]
    for frame, values in zip(frames.values(), known["frames"], strict=True):
        assert np.abs(frame - 255 * values[..., 0]).max() <= 0.5
    assert about["boundary"]["limits"] == known["limits"].tolist()
    splits = arrays(followed / "splits.npz")
    assert len(about["boundary"]["points"]) == len(splits["train"])
    weights = [arrays(run / "weights.npz") for run in (shown, followed)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not (followed / "plots" / "boundary.npz").exists()


def test_the_first_kernel_of_a_network_on_images_and_the_progress_of_an_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_SLOW_SECONDS", 0.0)
    monkeypatch.setattr(live, "_PROGRESS_SECONDS", 0.0)
    run = train(tmp_path, DIGITS, ShowRequest.parse(None, None, tmp_path / "live.jsonl"))
    about, frames = frames_of(tmp_path / "live.jsonl")
    [kernel] = [each for each in arrays(run / "weights.npz").values() if each.shape == (64, 40)]
    drawn = kernel.reshape(8, 8, 1, 40)[..., :36].transpose(3, 0, 1, 2)
    assert list(about) == ["weights"] and list(frames) == [0, 1]
    assert np.abs(frames[1] - (128 + 127 * drawn / np.abs(drawn).max())).max() <= 0.5
    progress = json.loads(live.progress_file(tmp_path / "live.jsonl").read_text())
    [record] = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    assert (progress["epoch"], progress["batch"]) == (1, progress["batches"])
    assert progress["batches"] == -(-len(arrays(run / "splits.npz")["train"]) // 32)
    assert progress["loss"] == pytest.approx(record["loss"])


def test_it_stands_alone(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="got both"):
        ShowRequest.parse(["weights"], None, tmp_path / "live.jsonl")
    lost = str(tmp_path / "none" / "live.jsonl")
    outcome = typer.testing.CliRunner().invoke(app, ["train", "shapes_circles", "--live", lost])
    assert outcome.exit_code == 2 and "cannot be written" in outcome.stderr
    for other in ("--dry-run", "--folds=3"):
        outcome = typer.testing.CliRunner().invoke(app, ["train", "iris", "--live", str(tmp_path / "live"), other])
        assert outcome.exit_code == 2 and "--live" in outcome.stderr
