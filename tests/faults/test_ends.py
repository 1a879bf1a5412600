"""A training that is stopped at a moment between two of its parts never stays `running`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from nncli.cli import app
from nncli.pipeline.training import train as training
from nncli.run import files
from nncli.run.folder import RunFolder

CONFIG = """
data: {source: iris}
model: {layers: [{dense: {units: 4}}, output]}
train: {epochs: 1, batch_size: full, executor: graph, tracking: [tensorboard]}
"""


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("ends")
    config = here / "net.yaml"
    config.write_text(CONFIG)
    outcome = nncli("train", config, "--runs-dir", here / "runs", "--set", "train.tracking=[]", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


def interrupt(*arguments: object, **options: object) -> None:
    raise KeyboardInterrupt


def interrupt_after(done: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, and Ctrl-C comes at its end."""

    def both(*arguments: Any, **options: Any) -> Any:
        done(*arguments, **options)
        raise KeyboardInterrupt

    return both


@pytest.mark.parametrize("place", ["followed", "describe_process", "config_bytes"])
def test_a_training_stopped_before_its_first_batch_is_interrupted(
    tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(training, place, interrupt)
    outcome = nncli("train", run.parent.parent / "net.yaml", "--runs-dir", tmp_path)
    [stopped] = tmp_path.iterdir()
    assert (outcome.exit_code, RunFolder(stopped).status) == (130, "interrupted")


@pytest.mark.parametrize("place", ["followed", "write_record"])
def test_a_longer_training_stopped_at_its_beginning_is_interrupted_or_as_it_was(
    run: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    record = (run / files.RECORD).read_bytes()
    with monkeypatch.context() as patched:
        if place == "followed":
            patched.setattr(training, "followed", interrupt)
        else:
            patched.setattr(RunFolder, "write_record", interrupt_after(RunFolder.write_record))
        outcome = nncli("train", "--resume", run, "--epochs", 2)
    assert outcome.exit_code == 130
    expected = "finished" if place == "followed" else "interrupted"
    assert RunFolder(run).status == expected
    assert ("to continue: " in outcome.stderr) is (expected == "interrupted")
    (run / files.RECORD).write_bytes(record)
