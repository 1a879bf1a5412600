"""The shipped configs: all are found, open with their command, load, and train for an epoch, twice to the same bits."""

import html
import io
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nncli import pipeline
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_names
from nncli.console import Console
from nncli.pipeline.reporting.reporting import make_page
from nncli.pipeline.training.train import TrainedRun
from nncli.run import files

pytestmark = pytest.mark.drawn

CONFIGS = Path(__file__).parent.parent / "configs"
LECTURE = CONFIGS.parent / "docs" / "lecture.md"
PATHS = sorted(CONFIGS.glob("*.yaml"))
NAMES = (
    "binary",
    "deep_relu",
    "deep_sigmoid",
    "digits_30_15_2",
    "digits_recurrent",
    "digits_softmax",
    "gradient_descent",
    "linear_regression",
    "logistic_regression",
    "mnist_cnn",
    "mnist_probabilities",
    "mnist_sigmoid_adam",
    "mnist_softmax",
    "mnist_vit",
    "multilabel",
    "positive_regression",
    "shapes_circles",
    "shapes_spirals",
    "softmax_regression",
)
# One epoch over a small training set; validating and testing on the rest needs no gradients.
SMALL = ("train.epochs=1", "data.validation=0.9")
# These would take many seconds on MNIST, which the dense networks try; 7 by 7 patches do not fit in an 8 by 8 digit.
SMALLER: dict[str, tuple[str, ...]] = {
    "mnist_cnn": (),
    "mnist_vit": ("model.layers[0].patches.patch_size=4",),
}


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
    first, second, *others = path.read_text().splitlines()
    assert first == f"# nncli train {path.stem}"
    assert second.startswith("# ") and 20 < len(second) < 70
    assert "# yaml-language-server: $schema=./schema.json" in others[:3]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_config_loads_by_its_path_and_by_its_name(path: Path) -> None:
    config = load_config(str(path)).config
    assert config.name == path.stem
    assert config == load_config(path.stem).config


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_config_passes_check_without_a_warning(path: Path) -> None:
    talk = io.StringIO()
    # Asking for MNIST would ask the network where it is not at hand; the bundled digits have as many classes.
    smaller = ["data.source=digits", *SMALLER.get(path.stem, ())] if "mnist" in path.stem else []
    folders = pipeline.Folders()
    pipeline.check(str(path), folders=folders, console=Console(stdout=talk, stderr=talk), assignments=smaller)
    assert talk.getvalue() == ""


def test_the_two_deep_networks_differ_in_their_hidden_activation_alone() -> None:
    sigmoid, relu = load_config("deep_sigmoid").config, load_config("deep_relu").config
    same = {"name": relu.name, "silence": (), "model": relu.model}
    assert sigmoid.model.model_copy(update={"hidden_activation": "relu"}) == relu.model
    assert sigmoid.model_copy(update=same) == relu
    assert len(sigmoid.model.layers) == 8 + 1


def test_the_page_of_the_lecture_shows_each_config_and_its_recorded_result() -> None:
    page = LECTURE.read_text()
    assert set(re.findall(r"nncli train (\w+)", page)) == set(NAMES)
    results = page.split("```text\n")[-1].split("```")[0].splitlines()
    assert results[0].split()[:4] == ["config", "data", "metric", "test"]
    assert sorted(line.split()[0] for line in results[1:]) == list(NAMES)


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, mnist_folder: Path | None
) -> Callable[[Path], TrainedRun]:
    """Trains a config for an epoch when it is first asked for; its run is in a folder of its own."""
    runs: dict[Path, TrainedRun] = {}

    def train(path: Path) -> TrainedRun:
        if path not in runs:
            runs[path] = pipeline.train(
                str(path),
                folders=pipeline.Folders(tmp_path_factory.mktemp("runs"), mnist_folder),
                console=silent(),
                assignments=[*SMALL, *SMALLER.get(path.stem, ()), f"data.source={source_of(path, mnist_folder)}"],
            )
        return runs[path]

    return train


@pytest.fixture(autouse=True)
def cached(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(cache_folder))


def silent() -> Console:
    return Console(stdout=io.StringIO(), stderr=io.StringIO())


def source_of(path: Path, mnist_folder: Path | None) -> str:
    """Without the real data the fallback is named outright: a test asks no network."""
    data = load_config(str(path)).config.data
    is_tried_on_mnist = mnist_folder and path.stem not in SMALLER
    return data.source if data.source != "mnist" or is_tried_on_mnist else "digits"


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_config_trains_for_an_epoch(
    path: Path, trained: Callable[[Path], TrainedRun], mnist_folder: Path | None
) -> None:
    run = trained(path)
    record = run.folder.record
    assert (record["status"], record["data"]["source"]) == ("finished", source_of(path, mnist_folder))
    assert record["exports"] == {files.KERAS_MODEL: "written", files.LITE_MODEL: "written"}
    assert len(run.folder.read_lines(files.METRICS)) == 1
    assert all(math.isfinite(value) for value in run.summary["test"]["metrics"].values() if value is not None)


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_config_is_reproduced_bit_by_bit(
    path: Path, trained: Callable[[Path], TrainedRun], mnist_folder: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(path).folder
    monkeypatch.setattr("nncli.evaluate.plots.canvas._saved", lambda *_: b"")  # the pictures are those of the first run
    folders = pipeline.Folders(run.path.parent, mnist_folder)
    told = pipeline.reproduce(str(run.path), folders=folders, console=silent()).to_mapping()
    assert told["again"] != told["run"] == str(run.path)
    assert (told["equal"], told["epochs"], told["differences"], told["numbers"]) == (True, 1, [], {})
    # Looked at without the code that was asked.
    first, second = (np.load(Path(told[name]) / files.WEIGHTS) for name in ("run", "again"))
    assert first.files == second.files and len(first.files) == told["weights"]["arrays"] > 0
    assert all(first[name].tobytes() == second[name].tobytes() for name in first.files)


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_page_of_a_config_has_all_that_applies_to_it(
    path: Path, trained: Callable[[Path], TrainedRun], mnist_folder: Path | None
) -> None:
    run = trained(path)
    page = make_page(run.folder, pipeline.Folders(run.folder.path.parent, mnist_folder)).decode()
    found = {html.unescape(each) for each in re.findall(r"<h2>(.*?)</h2>", page)}
    wanted = {"How good it is", "Health of the layers", "The network", "How it was made", "How to go on"}
    first = run.summary["test"]
    wanted |= {"Classes"} if "confusion_matrix" in first else set()
    assert wanted <= found, wanted - found
    assert not re.findall(r"<h2>[^<]*</h2>\s*(?=<h2>|</main>)", page), "no section is empty"
    main_metric = "accuracy" if "accuracy" in first["metrics"] else "mean_absolute_error"
    assert main_metric not in first["metrics"] or f"{first['metrics'][main_metric]:.6f}"[:4] in page
    assert not re.findall(r">\s*(?:nan|None|inf)\s*<", page)
    assert len(page) < 3_000_000
