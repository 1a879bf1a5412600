"""What a training that is stopped leaves: the best weights so far, for eval and predict, and how it goes on."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from nncli.console import Console
from nncli.errors import RunError, StopRequest, Terminated
from nncli.pipeline.weights import weights_bytes
from nncli.run import files
from nncli.run.folder import RunFolder

if TYPE_CHECKING:
    from nncli.pipeline.training.fitting import Fitted

# The files of the model that a training writes before it has one.
WRITTEN_BEFORE = (files.CONFIG, files.SPLITS, files.METRICS, files.HEALTH, files.FOLDS, files.OUT_OF_FOLD)
# What belongs to a tested model only.
_OF_TESTED = (files.KERAS_MODEL, files.LITE_MODEL, files.NOVELTY, files.SUMMARY, files.ANSWERS)


def keep_weights(folder: RunFolder, model: Any, console: Console) -> None:
    """Makes a model's weights those of the run. Raises NncliError.

    What an earlier part of the training exported stays only if it has these weights.
    """
    content = weights_bytes(model)
    if _is_exported(folder, content):
        inputs = {files.INPUTS: folder.read_intact(files.INPUTS)}  # with the thresholds that belong to the model
        folder.replace_model(inputs, written=WRITTEN_BEFORE)
    else:
        folder.replace_model({files.WEIGHTS: content}, written=(*WRITTEN_BEFORE, files.INPUTS), without=_OF_TESTED)
    console.say(f"the best weights so far are kept in {folder.path}")


def say_how_to_continue(folder: RunFolder, console: Console) -> None:
    """The command that continues a training."""
    record = folder.record
    shared = f" --workers {record['workers']}" if "workers" in record else ""
    shared += f" --on {record['on']}" if record.get("on") else ""
    shared = " --devices all" if "devices" in record else shared
    console.say(f"to continue: nncli train --resume {shlex.quote(str(folder.path))}{shared}")


@contextmanager
def told_if_stopped(folder: RunFolder, console: Console, *, title: str = "") -> Iterator[None]:
    """Says how to continue a training that is stopped, if it can be; one with a title is part of a comparison."""
    try:
        yield
    except (KeyboardInterrupt, Terminated):
        if not title and folder.file(files.CONFIG).exists() and folder.status != "finished":
            say_how_to_continue(folder, console)
        raise


@contextmanager
def left_if_stopped(folder: RunFolder, leave: Callable[[RunFolder], None] | None) -> Iterator[None]:
    """Calls `leave` when a training failed or was stopped; Ctrl-C interrupts that, and the first error is raised.

    A second Ctrl-C ends the process at once, as everywhere (see cli.process).
    """
    try:
        yield
    except BaseException:  # Ctrl-C and SIGTERM above all: what was trained is kept whatever ended it
        with suppress(KeyboardInterrupt, Terminated):
            if leave is not None:
                leave(folder)
        raise


@contextmanager
def kept_if_stopped(folder: RunFolder, fitted: "Fitted", console: Console) -> Iterator[None]:
    """Keeps what was trained if test, export or plots are stopped."""
    try:
        with StopRequest.recognized():
            yield
    except (KeyboardInterrupt, Terminated):
        fitted.watchers.flush()
        keep_weights(folder, fitted.model, console)
        raise


def _is_exported(folder: RunFolder, weights: bytes) -> bool:
    try:
        return folder.find_intact(files.WEIGHTS) == weights
    except RunError:  # damaged, and about to be replaced
        return False
