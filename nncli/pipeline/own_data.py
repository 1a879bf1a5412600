"""The data a run was trained on, made again from its config and checked to be the same."""

from dataclasses import replace
from io import BytesIO

import numpy as np

from nncli.console import Console
from nncli.data.dataset import Dataset, Part
from nncli.errors import DataError
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.preparation import read_data
from nncli.run import files


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
    if run.is_ensemble:
        with np.load(BytesIO(run.folder.read_intact(files.SPLITS)), allow_pickle=False) as splits:
            return join_parts(dataset, splits["test"])
    return dataset


def join_parts(dataset: Dataset, tested: np.ndarray) -> Dataset:
    """The data of an ensemble: its test set is the `tested` rows (row numbers) of the test set; any other row may have
    been seen by one of its members."""
    is_tested = np.isin(dataset.test.rows, tested)
    others = [dataset.train, dataset.validation, dataset.test.take(~is_tested)]
    train = Part(
        {name: np.concatenate([part.inputs[name] for part in others]) for name in dataset.train.inputs},
        np.concatenate([part.targets for part in others]),
        np.concatenate([part.rows for part in others]),
        tuple(file for part in others for file in part.files),
    )
    nothing = dataset.validation.take(np.empty(0, np.int64))
    return replace(dataset, train=train, validation=nothing, test=dataset.test.take(is_tested))
