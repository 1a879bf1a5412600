"""Predictions that folds made for rows they had not learned from; the score of a network that learned from all rows.

`out_of_fold.npz` has for each tested row its number in the source, its fold, its target and what was predicted.
"""

import io
from dataclasses import dataclass

import numpy as np

from nncli.data.dataset import Dataset, Part
from nncli.errors import DataError, RunError
from nncli.pipeline.weights import npz_bytes
from nncli.run import files
from nncli.run.folder import RunFolder


@dataclass(frozen=True)
class OutOfFold:
    """Rows in the order of their numbers: `rows` and `folds` (counted from 1) int64 (n,), `targets` and `predictions`
    in the form of `evaluate.metrics.measure`; `files` where examples are files."""

    rows: np.ndarray
    folds: np.ndarray
    targets: np.ndarray
    predictions: np.ndarray
    files: tuple[str, ...] = ()

    @property
    def part(self) -> Part:
        """The rows as a part without inputs, to be measured."""
        return Part({}, self.targets, self.rows, self.files)

    def to_bytes(self) -> bytes:
        """The content of out_of_fold.npz."""
        arrays = {"rows": self.rows, "folds": self.folds, "targets": self.targets, "predictions": self.predictions}
        return npz_bytes({**arrays, **({"files": np.array(self.files)} if self.files else {})})


def read_out_of_fold(folder: RunFolder) -> OutOfFold | None:
    """What the folds of a run predicted; None for a run without folds. Raises RunError if the file is damaged,
    NncliError if it cannot be read.
    """
    if not folder.file(files.OUT_OF_FOLD).exists():
        return None
    content = folder.read(files.OUT_OF_FOLD)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        names = tuple(arrays.pop("files").tolist()) if "files" in arrays else ()
        return OutOfFold(**arrays, files=names)
    except Exception as error:  # a flipped bit makes zipfile and numpy raise nearly anything
        told = " ".join(str(error).split())[:100]
        raise RunError(
            f"{folder.file(files.OUT_OF_FOLD)} is damaged ({told})", hint="restore the file, or train again"
        ) from None


def tested_part(dataset: Dataset, known: OutOfFold | None) -> Part:
    """What a network is measured on: the test set, or the rows of its folds where it learned from all rows."""
    return dataset.test if len(dataset.test) or known is None else known.part


def require_test(dataset: Dataset) -> None:
    """Raises DataError for data without a test set."""
    if not len(dataset.test):
        raise DataError(
            "data.fold.test: none leaves no test set, so that the network could not be measured",
            hint="`nncli train CONFIG --folds 5` measures it fold by fold, and then trains it on all rows",
        )
