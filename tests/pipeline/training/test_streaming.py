"""A table that is streamed trains, stops early, goes on, is measured and predicts as one in memory."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from nncli import pipeline
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.errors import UsageError
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.continuing.checkpoint import Resumed, load_checkpoint
from nncli.pipeline.training.examples import arrays_of, row_weights
from nncli.pipeline.training.fitting import fit_model
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.weights import weights_bytes
from nncli.run import files
from nncli.run.folder import RunFolder

ROWS = 4_000
LAYERS = [{"dense": {"units": 6, "activation": "relu"}}, {"dropout": {"rate": 0.1}}, "output"]


def silent() -> Console:
    return Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a table of three classes, of which one is rare, and a cache of its own."""
    folder = tmp_path_factory.mktemp("streamed")
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, ROWS))
    label = np.where(x + y > 2, "rare", np.where(x > y, "high", "low"))
    colour = np.array(["red", "green", "blue"])[generator.integers(0, 3, ROWS)]
    lines = [f"{a:.4f},{b:.4f},{c},{d}" for a, b, c, d in zip(x, y, colour, label, strict=True)]
    (folder / "points.csv").write_text("x,y,colour,label\n" + "\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNCLI_CACHE_DIR", str(folder / "cache"))
        yield folder


def config(here: Path, memory: str, **train: Any) -> Path:
    path = here / f"points-{memory}.yaml"
    document = {
        "data": {"source": "csv", "path": "points.csv", "target": "label", "memory": memory},
        "model": {"layers": LAYERS},
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "train": {"epochs": 4, "batch_size": 64, "executor": "graph", "class_weight": "balanced", **train},
    }
    path.write_text(yaml.safe_dump(document))
    return path


def prepared(here: Path, memory: str, **train: Any) -> Prepared:
    path = config(here, memory, **train)
    return prepare(load_config(str(path)), pipeline.Folders(here / "runs"), silent())


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


def test_a_table_that_fits_one_window_trains_to_the_bits_of_one_in_memory(here: Path) -> None:
    streamed, held = prepared(here, "stream"), prepared(here, "all")
    assert streamed.dataset.is_streamed and not held.dataset.is_streamed
    assert streamed.dataset.fingerprint == held.dataset.fingerprint
    assert_equal(fitted(here, streamed)[1], fitted(here, held)[1])


@pytest.fixture(scope="module")
def windows(here: Path) -> Iterator[Path]:
    """Streamed for good: rows split by their hash, many windows."""
    from nncli.engine.loop import program

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nncli.data.streaming.memory.SMALL", 0)
        patch.setenv("NNCLI_CACHE_DIR", str(here / "other"))
        make = program.WindowedPass
        patch.setattr(
            program, "WindowedPass", lambda *given, **named: make(*given, **{**named, "window_bytes": 1 << 13})
        )
        yield here


def test_a_streamed_training_goes_on_to_the_bits_of_one_that_never_stopped(windows: Path) -> None:
    made = prepared(windows, "stream")
    half, _ = fitted(windows, prepared(windows, "stream", epochs=2))
    assert_equal(fitted(windows, made, half)[1], fitted(windows, made)[1])


@pytest.fixture(scope="module")
def run(windows: Path) -> Any:
    path = config(windows, "stream", epochs=12, early_stopping={"patience": 2})
    return pipeline.train(str(path), folders=pipeline.Folders(windows / "runs"), console=silent())


def test_a_streamed_run_learns_and_is_measured_on_its_own_test_rows(windows: Path, run: Any) -> None:
    evaluation = pipeline.evaluate(
        str(run.folder.path), folders=pipeline.Folders(windows / "runs"), console=silent()
    ).result
    assert evaluation["rows"] == round(0.2 * ROWS)
    assert evaluation["metrics"]["accuracy"] > 0.9
    assert evaluation["metrics"] == pytest.approx(run.summary["test"]["metrics"], rel=1e-4)
    low, high = evaluation["intervals"]["accuracy"]
    assert low < evaluation["metrics"]["accuracy"] < high
    assert yaml.safe_load(run.folder.read(files.CONFIG))["data"]["memory"] == "stream"


def test_a_streamed_run_predicts_its_table_row_by_row(windows: Path, run: Any) -> None:
    output = windows / "answers.jsonl"
    pipeline.predict(
        [str(windows / "points.csv")],
        str(run.folder.path),
        folders=pipeline.Folders(windows / "runs"),
        console=silent(),
        output=output,
    )
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    truth = [line.rpartition(",")[2] for line in (windows / "points.csv").read_text().splitlines()[1:]]
    assert len(answers) == ROWS
    right = np.mean([answer["prediction"] == label for answer, label in zip(answers, truth, strict=True)])
    assert right == pytest.approx(run.summary["test"]["metrics"]["accuracy"], abs=0.05)


def test_class_weights_of_streamed_rows_are_those_of_rows_in_memory(windows: Path) -> None:
    made = prepared(windows, "stream")
    train, validation = arrays_of(made.config, made.dataset)
    assert train.streamed and validation.streamed and train.weights is not None
    np.testing.assert_array_equal(train.weights[100:300], row_weights(made.config, made.dataset)[100:300])


@pytest.mark.parametrize(("key", "value"), [("executor", "keras"), ("batch_size", "full")])
def test_settings_that_hold_all_rows_in_memory_are_refused(windows: Path, key: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"train.{key}: got {value}, .* this data is streamed"):
        prepared(windows, "stream", **{key: value})
