"""The data a run was trained on, made again from its config and checked to be the same."""

from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.errors import DataError
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.preparation import read_data


def read_own_data(run: OpenRun, folders: Folders, console: Console) -> Dataset:
    """The training, validation and test set of a run.

    Raises DataError where the data has changed since the training, UnreachableError where it is not available.
    """
    loaded = run.load_config()
    dataset = read_data(loaded.config, folders, console, say_notes=False)  # training said them
    fingerprint = run.folder.record.get("data", {}).get("fingerprint")
    if dataset.fingerprint != fingerprint:
        raise DataError(
            f"{loaded.config.data.path or loaded.config.data.source} is not the data this run was trained on",
            hint="measure on other labelled data with --data PATH, or train again",
        )
    return dataset
