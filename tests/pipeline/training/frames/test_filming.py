"""Frames of a network while it learns: what is in them, that they change nothing, resumed and stopped trainings."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing
import yaml
from matplotlib.figure import Figure
from PIL import Image

from nncli import pipeline
from nncli.cli import app
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.errors import UsageError
from nncli.evaluate.plots.frames.animation import Frame, Scene
from nncli.pipeline.preparation import prepare
from nncli.pipeline.training.fitting import fit_model
from nncli.pipeline.training.frames.filming import Filming, make_filming
from nncli.pipeline.training.frames.request import ShowRequest, frame_epochs
from nncli.pipeline.training.frames.weights import WeightsFilm
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.weights import weights_bytes
from nncli.run import files
from nncli.run.folder import RunFolder

CIRCLES: dict[str, Any] = {
    "data": {"source": "shapes", "samples": 120, "noise": 0.1},
    "model": {"hidden_activation": "tanh", "layers": [{"dense": {"units": 3}}, {"dense": {"units": 1}}]},
    "optimizer": {"name": "adam", "learning_rate": 0.05},
    "train": {"epochs": 6, "executor": "graph", "keep": "last"},
}
# What is quick to train: one loop, for one batch.
BRIEF = {"epochs": 1, "batch_size": "full", "health": False}
CIRCLES["model"]["layers"][1]["dense"]["activation"] = "sigmoid"


def train(here: Path, config: dict[str, Any], *, show: str = "", frames: int = 12) -> tuple[Path, str]:
    """The run's folder, and what was said."""
    path, talk = here / f"{config.get('name', 'own')}.yaml", io.StringIO()
    path.write_text(yaml.safe_dump(config))
    run = pipeline.train(
        str(path),
        folders=pipeline.Folders(here / "runs"),
        console=Console(stdout=io.StringIO(), stderr=talk),
        show=ShowRequest.parse([show] if show else None, frames if show else None),
    )
    return run.folder.path, talk.getvalue()


def fit(here: Path, config: dict[str, Any], *, show: str = "", frames: int = 12) -> tuple[dict[str, np.ndarray], Any]:
    """The weights and the history of a training without its test and its files."""
    path, silent = here / "own.yaml", Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())
    path.write_text(yaml.safe_dump(config))
    prepared = prepare(load_config(str(path)), pipeline.Folders(here / "runs"), silent)
    filming = make_filming(ShowRequest.parse([show], frames) if show else None, prepared)
    assert (filming is not None) == bool(show)
    fitted = fit_model(RunFolder.create(here / "runs", "own"), prepared, silent, Terms(filming=filming))
    with np.load(io.BytesIO(weights_bytes(fitted.model))) as weights:
        return dict(weights), fitted.history


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are taken and kept, and their pictures empty: for tests that look at no picture."""
    for name in ("to_png", "to_gif"):
        monkeypatch.setattr(Scene, name, lambda *_: b"")


def arrays(run: Path, name: str) -> dict[str, np.ndarray]:
    with np.load(run / name) as stored:
        return dict(stored)


@pytest.mark.parametrize(("done", "epochs", "frames"), [(0, 100, 11), (0, 5, 11), (0, 30, 1), (7, 300, 9), (3, 4, 5)])
def test_frames_are_taken_at_growing_distances_up_to_the_last_epoch(done: int, epochs: int, frames: int) -> None:
    chosen = frame_epochs(done, epochs, frames)
    assert len(chosen) == min(frames, epochs - done)
    assert chosen[-1] == epochs
    distances = np.diff([done, *chosen])
    assert (distances >= 1).all()
    assert (np.diff(distances[:-1]) >= -1).all()  # whole epochs: a distance may be rounded down
    if frames > 1 and epochs - done > 50:
        assert distances[0] == 1 and distances[-1] > 10


def test_no_frames_are_left_where_no_epoch_is() -> None:
    assert frame_epochs(5, 5, 4) == ()


@pytest.mark.long
@pytest.mark.parametrize("executor", ["graph", "xla", "keras"])
def test_weights_are_the_same_bits_with_and_without_frames(tmp_path: Path, executor: str) -> None:
    layers = [{"dense": {"units": 4}}, {"dropout": {"rate": 0.3}}, {"dense": {"units": 1, "activation": "sigmoid"}}]
    training = {"epochs": 3, "batch_size": 43, "executor": executor}  # 86 rows in equal batches
    config = {**CIRCLES, "model": {"layers": layers}, "train": training}
    ours, plain = fit(tmp_path, config)
    theirs, watched = fit(tmp_path, config, show="boundary,weights", frames=2)
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], strict=True)
    assert [epoch["loss"] for epoch in plain] == [epoch["loss"] for epoch in watched]
    assert len(plain) == 3


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return train(tmp_path_factory.mktemp("watched"), CIRCLES, show="boundary,weights", frames=5)


def test_the_last_frames_are_the_trained_network(watched: tuple[Path, str]) -> None:
    run, weights = watched[0], arrays(watched[0], files.WEIGHTS)
    kept, frames = arrays(run, "plots/weights.npz"), arrays(run, "plots/boundary.npz")
    np.testing.assert_array_equal(kept["epochs"], frames["epochs"])
    assert (frames["epochs"][0], frames["epochs"][-1], len(frames["epochs"])) == (0, 6, 5)
    np.testing.assert_array_equal(kept["frames"][-1], weights["dense_1/kernel"])
    left, right, bottom, top = frames["limits"]
    columns = {column["name"]: column for column in json.loads((run / files.INPUTS).read_text())["inputs"]["numbers"]}
    x1, x2 = np.meshgrid(np.linspace(left, right, 72), np.linspace(bottom, top, 72))
    scaled = [
        (values - columns[name]["mean"]) / columns[name]["deviation"] for name, values in (("x1", x1), ("x2", x2))
    ]
    hidden = np.tanh(np.stack(scaled, axis=-1) @ weights["dense_1/kernel"] + weights["dense_1/bias"])
    expected = 1 / (1 + np.exp(-(hidden @ weights["output/kernel"] + weights["output/bias"])))
    np.testing.assert_allclose(frames["frames"][-1], expected, atol=1e-5)


def test_the_first_frame_is_the_network_before_the_first_epoch(watched: tuple[Path, str], tmp_path: Path) -> None:
    still = {**CIRCLES, "optimizer": {"name": "sgd", "learning_rate": 1e-30}}
    untrained, _ = fit(tmp_path, {**still, "train": BRIEF})
    np.testing.assert_array_equal(arrays(watched[0], "plots/weights.npz")["frames"][0], untrained["dense_1/kernel"])


def test_pictures_have_as_many_frames_as_are_told(watched: tuple[Path, str]) -> None:
    for name in ("boundary", "weights"):
        with Image.open(watched[0] / "plots" / f"{name}.gif") as animation:
            assert (animation.format, animation.n_frames) == ("GIF", 5)
        with Image.open(watched[0] / "plots" / f"{name}.png") as strip:
            assert strip.format == "PNG" and strip.width > 2 * strip.height


def test_the_sketch_is_a_small_block_of_ascii(watched: tuple[Path, str]) -> None:
    talk = watched[1].splitlines()
    start = next(index for index, line in enumerate(talk) if line.startswith("untrained"))
    sketch = talk[start : start + 20]
    assert max(map(len, sketch)) <= 80 and all(line.isascii() for line in sketch)
    assert "x1 to the right, x2 up; . inner, # outer, blank: undecided" in sketch
    assert sum(line.startswith("untrained") for line in talk) == 2


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_an_extended_training_keeps_the_frames_of_before(watched: tuple[Path, str], tmp_path: Path) -> None:
    """Three epochs and three more are those that were watched at once."""
    run, _ = train(tmp_path, {**CIRCLES, "train": {**CIRCLES["train"], "epochs": 3}}, show="weights", frames=8)
    before = arrays(run, "plots/weights.npz")
    talk = io.StringIO()
    pipeline.resume(
        str(run),
        folders=pipeline.Folders(tmp_path / "runs"),
        console=Console(stdout=io.StringIO(), stderr=talk),
        epochs=6,
        show=ShowRequest(("weights", "boundary")),
    )
    after = arrays(run, "plots/weights.npz")
    assert after["epochs"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(after["frames"][:4], before["frames"])
    assert arrays(run, "plots/boundary.npz")["epochs"].tolist() == [0, 4, 5, 6]
    assert "--show boundary: epochs 1 to 3 were trained without it and have no frames" in talk.getvalue()
    assert "--show weights: epochs" not in talk.getvalue()
    ours, theirs = arrays(run, "plots/boundary.npz"), arrays(watched[0], "plots/boundary.npz")
    np.testing.assert_array_equal(ours["frames"][0], theirs["frames"][0])
    np.testing.assert_array_equal(ours["frames"][-1], theirs["frames"][-1])


def test_a_stopped_training_leaves_the_frames_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Filming._take

    def stop(self: Filming, epoch: int, *others: Any) -> None:
        if epoch == 3:
            raise KeyboardInterrupt
        real(self, epoch, *others)

    monkeypatch.setattr(Filming, "_take", stop)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, CIRCLES, show="boundary")
    [run] = (tmp_path / "runs").iterdir()
    assert arrays(run, "plots/boundary.npz")["epochs"].tolist() == [0, 1, 2]
    assert (run / "plots" / "boundary.gif").exists()


@pytest.mark.usefixtures("undrawn")
def test_early_stopping_ends_with_a_frame_of_its_last_epoch(tmp_path: Path) -> None:
    training = {**CIRCLES["train"], "epochs": 50, "early_stopping": {"patience": 2, "min_delta": 10.0}}
    run, _ = train(tmp_path, {**CIRCLES, "train": training}, show="boundary", frames=3)
    last = len((run / files.METRICS).read_text().splitlines())
    assert last < 10
    assert arrays(run, "plots/boundary.npz")["epochs"].tolist() == [0, 1, last]


def nncli(*words: object) -> Any:
    return typer.testing.CliRunner().invoke(app, [str(word) for word in words])


def test_the_json_answer_names_the_pictures_and_a_quiet_command_draws_no_sketch(tmp_path: Path) -> None:
    outcome = nncli(
        "train", "shapes_circles", "--show", "boundary", "--frames", 2, "--epochs", 2, "--runs-dir", tmp_path,
        "--set", "train.batch_size=full", "--json", "--quiet",
    )  # fmt: skip
    answer = json.loads(outcome.stdout)
    assert answer["pictures"] == {"boundary": [f"{answer['run']}/plots/boundary.{kind}" for kind in ("png", "gif")]}
    assert all(Path(path).exists() for path in answer["pictures"]["boundary"])
    assert "untrained" not in outcome.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("digits_softmax", "--show", "boundary"), "these images have 8 × 8 × 1 = 64 inputs"),
        (("binary", "--show", "boundary"), "this table has 30: mean radius, mean texture, mean perimeter, …"),
        (("shapes_circles", "--set", "data.features=x1", "--show", "boundary"), "this table has 1: x1"),
        (("digits_recurrent", "--show", "weights"), "and here it is gru"),
        (("shapes_circles", "--show", "loss"), "got 'loss', expected weights or boundary"),
        (("shapes_circles", "--frames", "3"), "--frames goes with --show"),
        (("shapes_circles", "--show", "weights", "--frames", "1"), "got 1, expected 2 to 60"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_a_run_is_made(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    outcome = nncli("train", *words, "--runs-dir", tmp_path / "runs")
    assert outcome.exit_code == 2
    assert told in outcome.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.long
def test_a_pair_of_columns_can_be_shown_for_every_task(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(80, 2))
    lines = [f"{a:.3f},{b:.3f},{a * b:.3f},{int(a > 0)},{int(b > 0)}" for a, b in rows]
    (tmp_path / "own.csv").write_text("\n".join(["a,b,product,right,up", *lines]) + "\n")
    data = {"source": "csv", "path": "own.csv", "features": ["a", "b"]}
    for target, task, outputs in ((["product"], "regression", 1), (["right", "up"], "multilabel", 2)):
        config = {"data": {**data, "target": target, "task": task}, "model": {"layers": ["output"]}}
        run, _ = train(tmp_path, {**config, "train": BRIEF}, show="boundary", frames=2)
        assert arrays(run, "plots/boundary.npz")["frames"].shape == (2, 72, 72, outputs)
    iris = {"data": {"source": "iris", "features": ["petal length (cm)", "petal width (cm)"]}}
    run, _ = train(tmp_path, {**iris, "model": {"layers": ["output"]}, "train": BRIEF}, show="boundary")
    number, chance = np.moveaxis(arrays(run, "plots/boundary.npz")["frames"][-1], -1, 0)
    assert set(np.unique(number)) <= {0.0, 1.0, 2.0} and (chance >= 1 / 3 - 1e-6).all()


@pytest.mark.parametrize(
    ("config", "layer", "shape"),
    [
        ({"data": {"source": "digits"}, "model": {"layers": [{"dense": {"units": 40}}, "output"]}}, "dense_1", (8, 8)),
        (
            {
                "data": {"source": "digits"},
                "model": {"layers": [{"conv2d": {"filters": 4, "kernel_size": 3}}, "output"]},
            },
            "conv2d_1",
            (3, 3),
        ),
        ({"data": {"source": "wine"}, "model": {"layers": ["output"]}}, "output", (13,)),
    ],
)
def test_the_first_layers_weights_are_tiles_or_a_table(
    tmp_path: Path, config: dict[str, Any], layer: str, shape: tuple[int, ...]
) -> None:
    run, talk = train(tmp_path, {**config, "train": {**BRIEF, "keep": "last"}}, show="weights", frames=2)
    kernel = arrays(run, files.WEIGHTS)[f"{layer}/kernel"]
    frame = arrays(run, "plots/weights.npz")["frames"][-1]
    expected = kernel if len(shape) == 1 else kernel.reshape(*shape, 1, -1)[..., :36]
    np.testing.assert_array_equal(frame, expected)
    assert ("the first 36 of 40 units are drawn" in talk) == (kernel.shape[-1] == 40)


@pytest.mark.parametrize(("config", "names"), [("softmax_regression", list("0123456789")), ("digits_30_15_2", [])])
def test_the_tiles_of_an_output_layer_have_the_names_of_the_classes(config: str, names: list[str]) -> None:
    film = WeightsFilm(prepare(load_config(config), pipeline.Folders(Path("unused")), Console(quiet=True)))
    values = np.zeros((8, 8, 1, 10), np.float32)
    axes = Figure().subplots()
    film.scene([Frame(0, values)]).panels[0][1](axes, values)
    assert [text.get_text() for text in axes.texts] == names
    assert film.note == ("weights: the tiles are, line by line, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9" if names else "")


def test_a_request_takes_names_once_and_refuses_others() -> None:
    assert ShowRequest.parse(["weights,boundary", "weights"], None) == ShowRequest(("weights", "boundary"), 12)
    assert ShowRequest.parse(None, None).what == ()
    with pytest.raises(UsageError, match="expected weights or boundary"):
        ShowRequest.parse(["all"], None)
