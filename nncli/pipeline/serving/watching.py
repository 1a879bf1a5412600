"""Finds the run that takes the place of one that is served: a newer one of its name that has finished."""

from pathlib import Path

from nncli.run.folder import RunFolder
from nncli.run.listing import ListedRun, run_folders


def config_name(folder: Path) -> str:
    """The config's name in that of a run's folder: `digits_softmax` of `20261123-021507-digits_softmax`."""
    return folder.name.split("-", 2)[-1]


def find_newer(current: ListedRun) -> Path | None:
    """The newest finished run other than the one that is served, with the same config's name, that ended later; None
    where none did. The one that is served may be gone.
    """
    folder = current.path
    others = [
        path for path in run_folders(folder.parent) if config_name(path) == config_name(folder) and path != folder
    ]
    newer = [
        run
        for run in map(ListedRun.read, others)
        if run.kind == "train"
        and run.status == "finished"
        and (run.last_time, run.started, run.name) > (current.last_time, current.started, current.name)
        and RunFolder(run.path).has_model
    ]
    return max(newer, key=lambda run: (run.last_time, run.started, run.name)).path if newer else None
