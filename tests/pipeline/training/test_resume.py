"""A training that goes on ends in the bits of one that never stopped: every optimizer, executor and callback."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml

from nncli import pipeline
from nncli.config.objective import Optimizer
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.continuing.checkpoint import Resumed, load_checkpoint
from nncli.pipeline.training.fitting import fit_model
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.weights import weights_bytes
from nncli.run import files
from nncli.run.folder import RunFolder

OPTIMIZERS = sorted(each.model_fields["name"].default for each in get_args(get_args(Optimizer)[0]))
LAYERS = [
    {"dense": {"units": 5, "activation": "relu"}},
    {"batch_normalization": {}},
    {"dropout": {"rate": 0.2}},
    "output",
]
BASE: dict[str, Any] = {
    "data": {"source": "iris"},
    "model": {"layers": LAYERS},
    # 108 rows in batches of equal size: a smaller last one would be traced once more for each training.
    "train": {"epochs": 4, "batch_size": 12, "executor": "graph"},
}


def start(here: Path, config: dict[str, Any], name: str) -> tuple[RunFolder, Prepared]:
    path = here / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config))
    return RunFolder.create(here / "runs", name), prepare(load_config(str(path)), pipeline.Folders(here), silent())


def fit(here: Path, config: dict[str, Any], name: str, before: RunFolder | None = None) -> RunFolder:
    """Only the training, without test and export; from the state in a folder, if there is one `before`."""
    folder, prepared = start(here, config, name)
    resumed = None if before is None else Resumed(load_checkpoint(before))
    fitted = fit_model(folder, prepared, silent(), Terms(resumed=resumed))
    fitted.watchers.flush()
    folder.write(files.WEIGHTS, weights_bytes(fitted.model))
    folder.write_json(files.SUMMARY, {"best": fitted.best_epoch, "history": fitted.history})
    return folder


def silent() -> Console:
    return Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())


def with_epochs(config: dict[str, Any], epochs: int) -> dict[str, Any]:
    return {**config, "train": {**config["train"], "epochs": epochs}}


def assert_same(first: RunFolder, second: RunFolder) -> None:
    """Weights, state, history and the best epoch are equal, but for the clock."""
    for name in (files.WEIGHTS, files.CHECKPOINT):
        with np.load(first.file(name)) as ours, np.load(second.file(name)) as theirs:
            assert ours.files == theirs.files
            for key in set(ours.files) - {"about", "digest"}:
                np.testing.assert_array_equal(ours[key], theirs[key], strict=True, err_msg=f"{name} {key}")
    states = [load_checkpoint(folder) for folder in (first, second)]
    assert states[0] is not None and states[1] is not None
    assert (states[0].epochs, states[0].numbers) == (states[1].epochs, states[1].numbers)
    assert states[0].marks["health"] == states[1].marks["health"]
    assert states[0].marks["health"][0]["epoch"] == 0
    assert without_clock(first.read_json(files.SUMMARY)) == without_clock(second.read_json(files.SUMMARY))


def without_clock(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_clock(each) for key, each in value.items() if "seconds" not in key}
    return [without_clock(each) for each in value] if isinstance(value, list) else value


@pytest.mark.long
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_more_epochs_end_in_the_bits_of_one_long_training(tmp_path: Path, name: str) -> None:
    config = {**BASE, "model": {"layers": [LAYERS[0], "output"]}, "optimizer": {"name": name}}
    half = fit(tmp_path, with_epochs(config, 2), "half")
    assert_same(fit(tmp_path, config, "rest", half), fit(tmp_path, config, "long"))


VARIED = {
    "keras": {"train": {"executor": "keras"}},
    "averaged in xla": {
        "optimizer": {"name": "adam", "use_ema": True, "ema_momentum": 0.9},
        "train": {"executor": "xla"},
    },
    "averaged in fit": {"optimizer": {"name": "sgd", "use_ema": True}, "train": {"executor": "keras"}},
    "last": {"train": {"keep": "last"}},
    "reduced": {
        "optimizer": {"name": "sgd", "learning_rate": 2.0},
        "train": {"reduce_lr_on_plateau": {"patience": 1, "factor": 0.5}, "epochs": 6},
    },
    "stopped": {
        "optimizer": {"name": "sgd", "learning_rate": 2.0},
        "train": {"early_stopping": {"patience": 2}, "epochs": 12},
    },
    "scheduled": {
        "optimizer": {
            "name": "adam",
            "learning_rate": {"schedule": "exponential", "initial_learning_rate": 0.01, "warmup_epochs": 1},
        },
        "train": {"batch_size": 16},  # the last batch is smaller
    },
    "members": {"model": {"members": 2, "layers": LAYERS}},
    "digits": {
        "data": {"source": "digits"},
        "model": {
            "layers": [
                {"random_translation": {"height_factor": 0.1, "width_factor": 0.1}},
                {"conv2d": {"filters": 2, "kernel_size": 3}},
                "flatten",
                {"gaussian_noise": {"stddev": 0.1}},
                "output",
            ]
        },
        "train": {"executor": "auto", "batch_size": 647},
    },
}


def varied_config(name: str, **train: Any) -> dict[str, Any]:
    varied = VARIED[name]
    return {**BASE, **varied, "train": {**BASE["train"], **varied.get("train", {}), **train}}  # type: ignore[dict-item]


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RunFolder]:
    """Two epochs of a varied training, which two tests look at."""
    return cache(lambda name: fit(tmp_path_factory.mktemp("half"), varied_config(name, epochs=2), "half"))


@pytest.fixture(scope="module")
def longs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RunFolder]:
    """A varied training that never stopped."""
    return cache(lambda name: fit(tmp_path_factory.mktemp("long"), varied_config(name), "long"))


@pytest.mark.long
@pytest.mark.parametrize("name", VARIED)
def test_every_part_of_a_training_goes_on_exactly(
    tmp_path: Path, halves: Callable[[str], RunFolder], longs: Callable[[str], RunFolder], name: str
) -> None:
    config, long = varied_config(name), longs(name)
    assert_same(fit(tmp_path, config, "rest", halves(name)), long)
    history = long.read_json(files.SUMMARY)["history"]
    assert (len({record["learning_rate"] for record in history}) > 1) == (name in ("reduced", "scheduled"))
    assert (len(history) < config["train"]["epochs"]) == (name == "stopped")


# To the layers, what only changes the learning rate or the end is the network of "last".
@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in VARIED if name not in ("reduced", "stopped", "scheduled")])
def test_watching_the_layers_changes_no_bit(tmp_path: Path, halves: Callable[[str], RunFolder], name: str) -> None:
    watched = halves(name)
    other = fit(tmp_path, varied_config(name, epochs=2, health=False), "unwatched")
    assert len(watched.read_lines(files.HEALTH)) == 3
    assert not other.file(files.HEALTH).exists()
    assert without_clock(watched.read_json(files.SUMMARY)) == without_clock(other.read_json(files.SUMMARY))
    for file in (files.WEIGHTS, files.CHECKPOINT):
        with np.load(watched.file(file)) as ours, np.load(other.file(file)) as theirs:
            for key in set(ours.files) - {"about", "digest"}:
                np.testing.assert_array_equal(ours[key], theirs[key], strict=True, err_msg=f"{file} {key}")


def test_a_longer_training_has_the_health_of_one_that_never_stopped(
    tmp_path: Path, longs: Callable[[str], RunFolder]
) -> None:
    """Epoch 3 is measured because it is the last, but not in a training of four epochs."""
    most = fit(tmp_path, varied_config("last", epochs=3), "most")
    assert [each["epoch"] for each in most.read_lines(files.HEALTH)] == [0, 1, 2, 3]
    assert_same(fit(tmp_path, varied_config("last"), "rest", most), longs("last"))
