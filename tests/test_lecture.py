"""The page of the lecture: its Keras code does what its configs do, and its commands print what it shows."""

import io
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import typer.testing
import yaml
from PIL import Image

from nncli import model as models
from nncli import pipeline
from nncli.cli import app
from nncli.config.facts import TableInput
from nncli.config.reading.loading import load_config
from nncli.config.sections import to_mapping
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.engine.randomness import order_of_epoch, seed_layers
from nncli.lessons import LESSONS
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.fitting import fit_model
from nncli.pipeline.training.planning import facts_for_network
from nncli.run.folder import RunFolder

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY / "benchmarks"))  # its scripts are no package

import lecture_page  # noqa: E402

pytestmark = pytest.mark.drawn

PAGE = REPOSITORY / "docs" / "lecture.md"
# The fenced blocks of the page: what follows ```, and the lines up to the closing one.
BLOCKS = re.findall(r"^```(\S[^\n]*)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
KERAS = {info.partition("=")[2]: code for info, code in BLOCKS if info.startswith("python keras=")}
EPOCHS = 2
# MNIST needs the network or a copy; the digits have the same layers behind a smaller image. A few hundred rows are
# enough to see a difference. `model.fit` on the same batches is how both sides can be compared to the last digits.
SMALL = ("data.validation=0.5", f"train.epochs={EPOCHS}", "train.executor=keras", "train.keep=last")


def config_of(name: str) -> str:
    """The YAML that stands before a block of Keras code: a part of a shipped config, or a whole one."""
    place = next(index for index, (info, _) in enumerate(BLOCKS) if info == f"python keras={name}")
    info, text = BLOCKS[place - 1]
    assert info in ("yaml", "yaml fragment"), f"no config stands beside the Keras code of {name}"
    return text


def silent() -> Console:
    return Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())


def prepared_for(name: str, here: Path) -> Prepared:
    """The config of the page with a small set of examples."""
    path = REPOSITORY / "configs" / f"{name}.yaml"
    if not path.exists():
        path = here / f"{name}.yaml"
        path.write_text(config_of(name))
    small = [*SMALL, "data.source=digits"] if "mnist" in name else SMALL
    return prepare(load_config(str(path), small), pipeline.Folders(here), silent())


def entering(dataset: Dataset, code: str) -> np.ndarray:
    """What the page calls X: standardized numbers, or pixels from 0 to 1, flat unless the code has convolutions."""
    inputs = dataset.train.inputs
    if isinstance(dataset.facts.inputs, TableInput):
        numbers = inputs["numbers"].astype(np.float64)
        return np.asarray((numbers - numbers.mean(axis=0)) / numbers.std(axis=0), np.float32)
    pixels = inputs["image"] / np.float32(inputs["image"].max())
    return np.asarray(pixels if "Conv2D" in code else pixels.reshape(len(pixels), -1), np.float32)


def follow(prepared: Prepared, history: list[float], asked: dict[str, Any]) -> Any:
    """A `fit` that starts from the weights of the config's network and takes its batches, for two epochs."""
    real = keras.Model.fit
    start = models.build(prepared.config, facts_for_network(prepared.dataset.facts))
    initial = [variable.numpy() for variable in start.trainable_variables]

    def fit(model: keras.Model, x: np.ndarray, y: np.ndarray, epochs: int = 1, batch_size: int = 32) -> None:
        asked.update(epochs=epochs, batch_size=batch_size)
        model(x[:1])
        assert [tuple(variable.shape) for variable in model.trainable_variables] == [each.shape for each in initial]
        for variable, value in zip(model.trainable_variables, initial, strict=True):
            variable.assign(value)
        model.jit_compile = False  # XLA draws other numbers for dropout
        for epoch in range(EPOCHS):
            order = order_of_epoch(prepared.config.seed, epoch, len(x))
            seed_layers(model, prepared.config.seed, epoch)
            logs = real(model, x[order], y[order], batch_size=batch_size, shuffle=False, verbose=0).history
            history.append(logs["loss"][0])

    return fit


@pytest.mark.long
@pytest.mark.parametrize("name", KERAS)
def test_the_keras_code_of_a_page_and_its_config_end_in_the_same_weights(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, losses, asked = prepared_for(name, tmp_path), list[float](), dict[str, Any]()
    monkeypatch.setattr(keras.Model, "fit", follow(prepared, losses, asked))
    names: dict[str, Any] = {"X": entering(prepared.dataset, KERAS[name]), "y": prepared.dataset.train.targets}
    exec(compile(KERAS[name], f"lecture.md, {name}", "exec"), names)
    monkeypatch.undo()
    fitted = fit_model(RunFolder.create(tmp_path / "runs", name), prepared, silent())
    np.testing.assert_allclose(losses, [record["loss"] for record in fitted.history], rtol=1e-5)
    ours, theirs = fitted.model.trainable_variables, names["model"].trainable_variables
    moved = 0.0
    start = models.build(prepared.config, facts_for_network(prepared.dataset.facts)).trainable_variables
    for one, other, before in zip(ours, theirs, start, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-5)
        moved = max(moved, float(np.abs(one.numpy() - before.numpy()).max()))
    assert moved > 0.01  # a thousand times as far
    shipped = to_mapping(load_config(str(tmp_path / f"{name}.yaml" if "softmax_4" in name else name)).config)["train"]
    assert asked == {key: shipped[key] for key in ("epochs", "batch_size")}


@pytest.mark.parametrize("name", sorted(set(KERAS) - {"softmax_4"}))
def test_the_yaml_beside_the_keras_code_is_that_of_the_shipped_config(name: str) -> None:
    shown = yaml.safe_load(config_of(name))
    shipped = yaml.safe_load((REPOSITORY / "configs" / f"{name}.yaml").read_text())
    assert set(shown) == {"model", "loss", "optimizer", "train"}
    assert shown == {key: shipped[key] for key in shown}


def test_the_networks_of_the_lecture_have_their_code() -> None:
    assert list(KERAS) == [
        "logistic_regression", "digits_30_15_2", "softmax_4", "softmax_regression", "mnist_probabilities",
        "mnist_softmax", "multilabel", "mnist_sigmoid_adam", "mnist_cnn",
    ]  # fmt: skip


SHOWN = [block for page in lecture_page.PAGES for block in lecture_page.blocks_of(page.read_text().splitlines())]
AWAITED = {block.command.split()[2] for block in SHOWN if block.kind == "awaited"}  # lessons that are not there yet
TEACHING = PAGE.parent / "teaching.md"
TITLES = (
    "The neuron", "A network of layers", "Training in three steps", "Logistic regression", "The same in Keras",
    "Gradient descent", "Activations", "The output activation", "The hidden activation", "Several classes",
    "Softmax regression", "25-15-10 with softmax", "The improved version", "Several labels at once", "Adam",
    "Convolutional layers", "Transformers", "Back-propagation",
)  # fmt: skip


def topic_of(command: str) -> str:
    """The topic of an `nncli explain`, empty for other commands."""
    words = command.split()
    return words[2] if words[1] == "explain" and len(words) > 2 else ""


def without_numbers(line: str) -> str:
    """A line of output without its numbers and widths."""
    return " ".join(re.sub(r"\d[\d.,]*(e-\d+)?", "#", line).split())


def run(command: str, folder: Path, *options: str) -> Any:
    settings = {"COLUMNS": "80", "NNCLI_RUNS_DIR": str(folder / "runs")}
    return typer.testing.CliRunner().invoke(app, [*shlex.split(command)[1:], *options], env=settings)


def printed_by(command: str, folder: Path, *options: str) -> str:
    outcome = run(command, folder, *options)
    assert outcome.exit_code == 0, outcome.stderr
    return str(outcome.stdout)


def test_the_page_has_the_eighteen_pages_of_the_lecture_with_a_command_each() -> None:
    parts = re.split(r"^## (?=\d+\. )", PAGE.read_text().partition("\n## Results")[0], flags=re.MULTILINE)[1:]
    assert [part.partition("\n")[0] for part in parts] == [f"{place}. {name}" for place, name in enumerate(TITLES, 1)]
    assert [part[:30] for part in parts if "\n$ nncli " not in part] == []


@pytest.mark.parametrize("block", [block for block in SHOWN if block.kind == "exact"], ids=lambda block: block.command)
def test_a_command_prints_what_the_page_shows(block: lecture_page.Shown, tmp_path: Path) -> None:
    shown = block.choose(printed_by(block.command, tmp_path))
    assert list(block.output) == shown, "run python benchmarks/lecture_page.py"


@pytest.mark.long
@pytest.mark.parametrize("block", [block for block in SHOWN if block.kind == "form"], ids=lambda block: block.command)
def test_a_training_prints_lines_like_those_of_the_page(block: lecture_page.Shown, tmp_path: Path) -> None:
    options = ("--epochs", "2") if block.command.startswith("nncli train") else ()
    shown = block.choose(printed_by(block.command, tmp_path, *options))
    assert [without_numbers(line) for line in block.output] == [without_numbers(line) for line in shown]


@pytest.mark.parametrize(
    "block", [block for block in SHOWN if block.kind == "refused"], ids=lambda block: block.command
)
def test_a_mistake_is_refused_with_the_message_that_is_shown(block: lecture_page.Shown, tmp_path: Path) -> None:
    outcome = run(block.command, tmp_path)
    assert outcome.exit_code == 2
    assert list(block.output) == block.choose(outcome.stderr)


@pytest.mark.long
def test_the_commands_of_the_lesson_plan_work_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fences = re.findall(r"^```sh\n(.*?)^```$", TEACHING.read_text(), re.MULTILINE | re.DOTALL)
    commands = [line for text in fences for line in text.splitlines() if line.startswith("nncli ")]
    elsewhere = {block.command for block in SHOWN if block.kind != "awaited"}
    commands = [command for command in commands if command not in elsewhere and topic_of(command) not in AWAITED]
    assert len(commands) > 8
    for command in commands:
        outcome = run(command, tmp_path, *(("--epochs", "2") if command.startswith("nncli train") else ()))
        assert outcome.exit_code == 0, f"{command}: {outcome.stderr}"


def test_every_block_is_filled_in_but_for_lessons_that_do_not_exist_yet() -> None:
    awaited = [block for block in SHOWN if block.kind == "awaited"]
    assert [block.command for block in SHOWN if block.kind != "awaited" and not block.output] == []
    written = [block.command for block in awaited if topic_of(block.command) in LESSONS]
    assert written == [], "run python benchmarks/lecture_page.py --awaited"
    assert len(SHOWN) > 25 and {block.kind for block in SHOWN} <= {"exact", "form", "long", "refused", "awaited"}


def test_pictures_are_small_and_each_is_shown() -> None:
    folder = PAGE.parent / "pictures"
    shown = re.findall(r"^!\[.{20,}\]\(pictures/(.+)\)$", PAGE.read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(path.name for path in folder.iterdir())
    for name in shown:
        assert (folder / name).stat().st_size <= 40_000
        if name.endswith(".png"):
            with Image.open(folder / name) as picture:
                assert picture.width > picture.height > 100


def test_a_block_shows_the_lines_that_its_mark_names_and_where_some_are_left_out() -> None:
    lines = ["<!-- output: form, lines 2-3 -->", "```console", "$ nncli x", "old", "```"]
    [block] = lecture_page.blocks_of(lines)
    assert (block.kind, block.command, block.output) == ("form", "nncli x", ("old",))
    assert block.choose("one\ntwo\nthree\nfour\n") == ["...", "two", "three", "..."]
    [block] = lecture_page.blocks_of(["<!-- output: exact, lines 2- -->", *lines[1:]])
    assert block.choose("one\ntwo  \nthree\n") == ["...", "two", "three"]


def test_a_large_picture_is_made_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (400, 900, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    content = lecture_page.small_picture(tmp_path / "noise.png")
    assert len(content) <= lecture_page.MOST_BYTES < (tmp_path / "noise.png").stat().st_size
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.width / picture.height == pytest.approx(9 / 4, rel=0.02)
