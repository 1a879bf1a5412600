"""The shipped configs: all are found, each opens with the command that runs it, loads, and trains for an epoch."""

import io
import math
from pathlib import Path

import pytest

from nncli import pipeline
from nncli.config.catalogue import shipped_names
from nncli.config.loading import load_config
from nncli.console import Console
from nncli.run import files

CONFIGS = Path(__file__).parent.parent / "configs"
PATHS = sorted(CONFIGS.glob("*.yaml"))
NAMES = (
    "binary",
    "digits_softmax",
    "linear_regression",
    "mnist_cnn",
    "mnist_probabilities",
    "mnist_sigmoid_adam",
    "mnist_softmax",
    "multilabel",
    "positive_regression",
)
# One epoch over a small training part; validating and testing on the rest needs no gradients.
SMALL = ("train.epochs=1", "data.validation=0.9")


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the module, so that MNIST is decoded once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def mnist_folder(request: pytest.FixtureRequest) -> Path | None:
    """Where MNIST is prepared; None where the real data is not at hand."""
    try:
        folder: Path = request.getfixturevalue("shared_data")
    except pytest.skip.Exception:
        return None
    return folder / "tfds"


def test_these_configs_are_shipped() -> None:
    assert tuple(path.stem for path in PATHS) == NAMES
    assert tuple(shipped_names()) == NAMES


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_config_opens_with_its_command_and_what_it_shows(path: Path) -> None:
    first, second, *_ = path.read_text().splitlines()
    assert first == f"# nncli train {path.stem}"
    assert second.startswith("# ") and len(second) > 20


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_config_loads_by_its_path_and_by_its_name(path: Path) -> None:
    config = load_config(str(path)).config
    assert config.name == path.stem
    assert config == load_config(path.stem).config


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_config_trains_for_an_epoch(
    path: Path, tmp_path: Path, cache_folder: Path, mnist_folder: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(cache_folder))
    data = load_config(str(path)).config.data
    # Without the real data the fallback is named outright: a test asks no network.
    source = data.source if data.source != "mnist" or mnist_folder else data.fallback
    run = pipeline.train(
        str(path),
        places=pipeline.Places(tmp_path, mnist_folder),
        console=Console(stdout=io.StringIO(), stderr=io.StringIO()),
        assignments=[*SMALL, f"data.source={source}"],
    )
    record = run.folder.record
    assert (record["status"], record["data"]["source"]) == ("finished", source)
    assert record["exports"] == {files.KERAS_MODEL: "written", files.LITE_MODEL: "written"}
    assert len(run.folder.read_lines(files.METRICS)) == 1
    assert all(math.isfinite(value) for value in run.summary["test"]["metrics"].values() if value is not None)
