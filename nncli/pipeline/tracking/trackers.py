"""The trackers of a run: where each of them writes."""

import os
import shlex
from pathlib import Path

from nncli.console import Console
from nncli.pipeline.tracking.reading import runs_folder
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.tracking.description import Tracker
from nncli.tracking.event_files import EventFiles
from nncli.tracking.mlflow_store import MlflowRun
from nncli.tracking.packages import MLFLOW, TENSORBOARD

_VARIABLE = "MLFLOW_TRACKING_URI"


def make_tracker(name: str, folder: RunFolder, *, address: str | None = None, output: Path | None = None) -> Tracker:
    """The tracker of a run.

    Event files lie in the run's own folder, or in one of its name in `output`; MLflow's database beside the runs, or in
    `output`, unless there is the `address` of a server.
    """
    above = output or runs_folder(folder)
    if name == TENSORBOARD:
        relative = folder.path.resolve().relative_to(runs_folder(folder).resolve())
        place = folder.path / files.TENSORBOARD if output is None else output / relative
        return EventFiles(place, command=f"tensorboard --logdir {shlex.quote(str(above))}")
    return MlflowRun(address, above)


def how_to_export(folder: RunFolder, name: str, address: str | None) -> str:
    """The command that writes the run into a tracker later."""
    there = f" --tracking-uri {shlex.quote(address)}" if name == MLFLOW and address is not None else ""
    return f"nncli runs export {shlex.quote(str(folder.path))} --to {name}{there}"


def say_what_is_not_used(name: str, address: str | None, how: str, console: Console) -> None:
    """An address that only the environment names is not used: nothing is sent anywhere unasked; says `how` to ask."""
    given = os.environ.get(_VARIABLE)
    if given and name == MLFLOW and address is None:
        console.say(f"{_VARIABLE} is not used; to send runs there: {how}{given}")
