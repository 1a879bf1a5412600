"""Labels that predictions doubt, by confident learning; does not know where labels or predictions come from.

C. Northcutt, L. Jiang and I. Chuang, Confident learning: estimating uncertainty in dataset labels, Journal of
Artificial Intelligence Research 70, 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.errors import DataError


@dataclass(frozen=True)
class Suspect:
    """A row (index) whose label is doubted: the class that is `given`, and the one that is `suggested`.

    `margin` is the probability of the given class less the largest of the others, -1 to 1. `label` is the label, of
    several, that is doubted; None where there is one class a row.
    """

    index: int
    given: int
    suggested: int
    probability_given: float
    probability_suggested: float
    margin: float
    label: int | None = None


def find_suspects(task: str, targets: np.ndarray, predictions: np.ndarray) -> list[Suspect]:
    """The doubted labels, the smallest margin first.

    `targets` and `predictions` are as `metrics.measure` takes them, from a model that did not learn from these rows. Of
    a task with several labels, each label is a question of its own. Raises DataError for a regression, whose targets
    are no labels.
    """
    predictions = np.asarray(predictions, np.float64)
    if task == "multiclass":
        found = _off_diagonal(np.asarray(targets, np.int64).reshape(len(predictions)), predictions, None)
    elif task in ("binary", "multilabel"):
        given = np.asarray(targets).reshape(predictions.shape) > 0.5
        found = []
        for label in range(predictions.shape[1]):
            both = np.stack([1.0 - predictions[:, label], predictions[:, label]], axis=1)
            found += _off_diagonal(given[:, label].astype(np.int64), both, label if task == "multilabel" else None)
    else:
        raise DataError(
            "labels of classes can be doubted, and a regression has numbers", hint="`nncli eval` lists its worst rows"
        )
    return sorted(found, key=lambda suspect: (suspect.margin, suspect.index))


def confident_joint(given: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The confident joint, int64 (classes, classes): rows by given and by confidently predicted class; and the latter
    for each row, int64 (n,), -1 where the model is confident of none.

    A class is confident where its probability reaches the mean that it has in the rows which bear its label (the
    threshold t_j, equation 2); of several, the most probable counts (equation 1).
    """
    classes = probabilities.shape[1]
    counts = np.bincount(given, minlength=classes)
    sums = np.bincount(given, weights=probabilities[np.arange(len(given)), given], minlength=classes)
    thresholds = np.divide(sums, counts, out=np.full(classes, np.inf), where=counts > 0)
    reaches = probabilities >= thresholds
    confident = np.where(reaches.any(axis=1), np.where(reaches, probabilities, -np.inf).argmax(axis=1), -1)
    joint = np.zeros((classes, classes), np.int64)
    sure = confident >= 0
    np.add.at(joint, (given[sure], confident[sure]), 1)
    return joint, confident


def _off_diagonal(given: np.ndarray, probabilities: np.ndarray, label: int | None) -> Sequence[Suspect]:
    """The rows off the diagonal of the confident joint."""
    _, confident = confident_joint(given, probabilities)
    found = []
    for row in np.flatnonzero((confident >= 0) & (confident != given)):
        own = float(probabilities[row, given[row]])
        others = np.delete(probabilities[row], given[row])
        suggested = int(confident[row])
        found.append(
            Suspect(
                int(row),
                int(given[row]),
                suggested,
                own,
                float(probabilities[row, suggested]),
                own - float(others.max()),
                label,
            )
        )
    return found
