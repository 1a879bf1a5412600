"""The rows that are learned by heart, and how well that is possible: equal inputs may have different targets."""

from dataclasses import dataclass

import numpy as np

from nncli.data.dataset import Part, hash_rows
from nncli.data.plurals import count
from nncli.errors import UsageError
from nncli.pipeline.preparation import Prepared


@dataclass(frozen=True)
class Batch:
    """Rows of the training set, the best accuracy or R² that any network can have on them, and what is odd in them."""

    part: Part
    reachable: float
    notes: list[str]


def choose_batch(prepared: Prepared, rows: int) -> Batch:
    """The first rows of the first epoch, once TensorFlow is imported. Raises UsageError for numbers that are all
    the same."""
    dataset, notes = prepared.dataset, []
    from nncli.engine.process import environment

    environment.prepare()  # before anything imports Keras
    from nncli.engine.randomness import order_of_epoch

    part = dataset.train.take(order_of_epoch(prepared.config.seed, 0, len(dataset.train))[:rows].astype(np.int64))
    is_regression = dataset.facts.target.task.is_regression
    targets = part.targets.reshape(len(part), -1).astype(float)
    if (targets == targets[0]).all():
        if is_regression:
            raise UsageError(
                f"the {count(rows, 'row')} of the batch have the same target, so there is nothing to tell apart",
                hint="take more rows: --overfit-batch N",
            )
        notes.append("all rows of the batch are of one class, which every network can learn: take more rows")
    groups = _groups_of_equal(part)
    contradicting = [rows for rows in groups if (targets[rows] != targets[rows[0]]).any()]
    if contradicting:
        number = sum(len(rows) for rows in contradicting)
        notes.append(f"{count(number, 'row')} of the batch have the same inputs as others, but another target")
    reachable = (_reachable_fit if is_regression else _reachable_accuracy)(targets, contradicting)
    return Batch(part, reachable, notes)


def _groups_of_equal(part: Part) -> list[np.ndarray]:
    """The places of rows with equal inputs, for each group of two or more."""
    hashes = hash_rows(list(part.inputs.values()))
    order = np.argsort(hashes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(hashes[order]) != 0) + 1)
    return [group for group in groups if len(group) > 1]


def _reachable_accuracy(targets: np.ndarray, groups: list[np.ndarray]) -> float:
    """The share of targets (rows, labels) that are right where each group has one answer."""
    wrong = 0
    for group in groups:
        for label in targets[group].T:
            wrong += len(group) - int(np.unique(label, return_counts=True)[1].max())
    return 1.0 - wrong / targets.size


def _reachable_fit(targets: np.ndarray, groups: list[np.ndarray]) -> float:
    """R², the mean over the targets (rows, targets), where each group is predicted by its mean."""
    left = np.zeros(targets.shape[1])
    for group in groups:
        left += ((targets[group] - targets[group].mean(0)) ** 2).sum(0)
    total = ((targets - targets.mean(0)) ** 2).sum(0)
    varying = total > 0
    return float(1.0 - (left[varying] / total[varying]).mean())
