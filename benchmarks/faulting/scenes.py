"""What faults are done to: writing a checkpoint, and replacing the model of a run, as a training does both.

A scene writes into a folder that holds an old state, and tells afterwards which state can be read: old or new.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.engine.arrays import TrainingState
from nncli.pipeline.training.continuing.checkpoint import load_checkpoint, save_checkpoint
from nncli.pipeline.weights import npz_bytes
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.run.model_files import NAMES


@dataclass(frozen=True)
class Scene:
    """`prepare` a run folder with an old state, `act` on it as a training does, and `read` what it holds.

    `read` returns "old" or "new", and raises whatever a reader would see.
    """

    name: str
    prepare: Callable[[Path], None]
    act: Callable[[Path], None]
    read: Callable[[Path], str]


def scenes() -> list[Scene]:
    """Each scene, in the order in which they stand in docs/promises.md."""
    return [
        Scene("checkpoint", _prepare_checkpoint, lambda path: save_checkpoint(RunFolder(path), _state(2)), _read_state),
        Scene("first checkpoint", _begin, lambda path: save_checkpoint(RunFolder(path), _state(2)), _read_state),
        Scene("export", _prepare_export, _export, _read_model),
        Scene("first export", _begin, _export, _read_model),
        Scene("stopped", _prepare_export, _stop, _read_stopped),
        Scene("record", _begin, lambda path: RunFolder(path).write_record(status="finished"), _read_record),
    ]


def _begin(path: Path) -> None:
    path.mkdir(parents=True)
    RunFolder(path).write_record(kind="train", status="running")


def _state(epochs: int) -> TrainingState:
    weights = np.random.default_rng(epochs).normal(size=(40, 20)).astype(np.float32)
    return TrainingState(epochs, {"model/0": weights}, {}, {"of": {}, "history": [{"loss": 1.0}] * epochs})


def _prepare_checkpoint(path: Path) -> None:
    _begin(path)
    save_checkpoint(RunFolder(path), _state(1))


def _read_state(path: Path) -> str:
    """A run without a checkpoint starts again, which is the old state of a first one."""
    found = load_checkpoint(RunFolder(path))
    if found is None:
        return "old"
    np.testing.assert_array_equal(found.arrays["model/0"], _state(found.epochs).arrays["model/0"])
    return {1: "old", 2: "new"}[found.epochs]


def contents_of(state: str) -> dict[str, bytes]:
    """A file for each name of the model; the content says whose it is."""
    seed = {"old": 1, "new": 2}[state]
    weights = npz_bytes({"kernel": np.random.default_rng(seed).normal(size=(30, 20)).astype(np.float32)})
    return {name: weights + f"{name} {state}".encode() for name in NAMES}


def _prepare_export(path: Path) -> None:
    _begin(path)
    RunFolder(path).replace_model(contents_of("old"))


def _export(path: Path) -> None:
    """As a training that goes on: the files written at its beginning, those written at its end."""
    folder, contents = RunFolder(path), contents_of("new")
    before = (files.CONFIG, files.SPLITS, files.METRICS)
    folder.keep_model()
    for name in (*before, files.INPUTS):
        folder.write(name, contents[name])
    rest = {name: content for name, content in contents.items() if name not in before}
    folder.replace_model(rest, written=before)


def _read_model(path: Path) -> str:
    """All files of one state; a folder without a model is the old state of a first export."""
    folder = RunFolder(path)
    if not folder.has_model:
        return "old"
    found = {name: folder.read_intact(name) for name in NAMES}
    return next(state for state in ("old", "new") if found == contents_of(state))


_OF_STOPPED = (files.CONFIG, files.INPUTS, files.WEIGHTS, files.SPLITS, files.METRICS)


def _stop(path: Path) -> None:
    """As a training that is stopped: new weights, and nothing that was exported before."""
    contents = {name: content for name, content in contents_of("new").items() if name in _OF_STOPPED}
    RunFolder(path).replace_model(contents, without=set(NAMES) - set(_OF_STOPPED))


def _read_stopped(path: Path) -> str:
    folder = RunFolder(path)
    found = {name: content for name in NAMES if (content := folder.find_intact(name)) is not None}
    new = {name: content for name, content in contents_of("new").items() if name in _OF_STOPPED}
    return "new" if found == new else next(state for state in ("old",) if found == contents_of(state))


def _read_record(path: Path) -> str:
    return {"running": "old", "finished": "new"}[RunFolder(path).record["status"]]
