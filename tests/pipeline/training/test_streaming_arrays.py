"""Arrays that are streamed train, go on, are measured and weighed as those in memory."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from nncli import pipeline
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.pipeline.predicting.evaluate import EvaluationRequest
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.continuing.checkpoint import Resumed, load_checkpoint
from nncli.pipeline.training.examples import arrays_of, row_weights
from nncli.pipeline.training.fitting import fit_model
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.weights import weights_bytes
from nncli.run.folder import RunFolder

LAYERS = [{"dense": {"units": 6, "activation": "relu"}}, {"dropout": {"rate": 0.1}}, "output"]
ROWS = 1_200


def silent() -> Console:
    return Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a compressed archive of images of three classes, of which one is rare, one of rows of numbers, and
    a cache of its own."""
    folder = tmp_path_factory.mktemp("arrays")
    generator = np.random.default_rng(0)
    labels = np.maximum(generator.integers(0, 9, ROWS) - 6, 0)
    images = generator.integers(0, 90, (ROWS, 6, 6), dtype=np.uint8)
    for label in range(3):
        images[labels == label, 2 * label : 2 * label + 2] += 120
    np.savez_compressed(folder / "images.npz", x=images, y=labels)
    x = generator.normal(size=(ROWS, 3))
    np.savez(folder / "rows.npz", x=x, y=(x[:, 0] > x[:, 1]).astype(int))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNCLI_CACHE_DIR", str(folder / "cache"))
        patch.setattr("nncli.data.arrays.files._SMALL", 0)
        yield folder


def config(here: Path, name: str, memory: str, **train: Any) -> Path:
    path = here / f"{name}-{memory}.yaml"
    document = {
        "data": {"source": "npz", "path": f"{name}.npz", "memory": memory},
        "model": {"layers": LAYERS},
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "train": {"epochs": 2, "batch_size": 64, "executor": "graph", "class_weight": "balanced", **train},
    }
    path.write_text(yaml.safe_dump(document))
    return path


def prepared(here: Path, name: str, memory: str, **train: Any) -> Prepared:
    return prepare(load_config(str(config(here, name, memory, **train))), pipeline.Folders(here / "runs"), silent())


def fitted(here: Path, made: Prepared, before: RunFolder | None = None) -> tuple[RunFolder, dict[str, np.ndarray]]:
    folder = RunFolder.create(here / "runs", "fit")
    resumed = None if before is None else Resumed(load_checkpoint(before))
    done = fit_model(folder, made, silent(), Terms(resumed=resumed))
    done.watchers.flush()
    with np.load(io.BytesIO(weights_bytes(done.model))) as weights:
        return folder, dict(weights)


def assert_equal(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def test_images_that_fit_one_window_train_to_the_bits_of_those_in_memory(here: Path) -> None:
    streamed, held = prepared(here, "images", "stream"), prepared(here, "images", "all")
    assert streamed.dataset.is_streamed and not held.dataset.is_streamed
    assert_equal(fitted(here, streamed)[1], fitted(here, held)[1])


@pytest.fixture
def windows(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Streamed for good: rows split by their hash, many windows."""
    from nncli.engine.loop import program

    monkeypatch.setattr("nncli.data.streaming.memory.SMALL", 0)
    make = program.WindowedPass
    monkeypatch.setattr(
        program, "WindowedPass", lambda *given, **named: make(*given, **{**named, "window_bytes": 1 << 13})
    )
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(here / "other"))
    return here


def test_a_training_on_windows_of_images_goes_on_to_the_bits_of_one_that_never_stopped(windows: Path) -> None:
    made = prepared(windows, "images", "stream")
    half, _ = fitted(windows, prepared(windows, "images", "stream", epochs=1))
    assert_equal(fitted(windows, made, half)[1], fitted(windows, made)[1])


def test_class_weights_of_streamed_images_are_those_of_images_in_memory(windows: Path) -> None:
    made = prepared(windows, "images", "stream")
    train, _ = arrays_of(made.config, made.dataset)
    assert train.streamed and train.weights is not None
    np.testing.assert_array_equal(train.weights[100:300], row_weights(made.config, made.dataset)[100:300])


def test_a_streamed_run_stops_early_and_is_measured_with_what_it_uses(windows: Path) -> None:
    path = config(windows, "rows", "stream", epochs=20, early_stopping={"patience": 1, "min_delta": 0.05})
    folders = pipeline.Folders(windows / "runs")
    run = pipeline.train(str(path), folders=folders, console=silent())
    assert run.summary["epochs"] < 20
    request = EvaluationRequest(with_importance=True)
    result = pipeline.evaluate(str(run.folder.path), request, folders=folders, console=silent()).result
    assert result["rows"] == 240 and result["metrics"]["accuracy"] > 0.8
    assert result["metrics"] == pytest.approx(run.summary["test"]["metrics"], rel=1e-4)
    assert result["references"] is not None and result["baseline"]["metrics"]["accuracy"] < 0.8
    used = {each["name"]: each["importance"] for each in result["importance"]["columns"]}
    assert min(used["x0"], used["x1"]) > 0.1 > abs(used["x2"])
