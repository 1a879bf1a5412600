"""Boosted trees for tables: scikit-learn's HistGradientBoosting with its defaults and native categories.

On most tables of a few thousand rows they are the model to beat (Grinsztajn et al., "Why do tree-based models still
outperform deep learning on typical tabular data?", 2022).
"""

from typing import Any

import numpy as np

from nncli.evaluate.references.encoding import Inputs, as_columns
from nncli.evaluate.references.linear import class_probabilities, thin

NAME = "boosted trees"
# Training rows times outputs: each class, label or target has its own trees.
_MOST_ROWS = 500_000


def fit_trees(task: str, training: Inputs, targets: np.ndarray, inputs: Inputs, outputs: int) -> tuple[np.ndarray, int]:
    """Predictions for the rows of a table, as `fit_linear` gives them for the same arguments."""
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    rows = thin(len(targets), max(1, _MOST_ROWS // outputs))
    chosen, truth = {name: array[rows] for name, array in training.items()}, targets[rows]
    known, categories = as_columns(chosen, chosen)
    asked, _ = as_columns(chosen, inputs)
    # Its threads wait for each other by spinning: on a busy machine two took twenty times as long as one.
    with threadpool_limits(1):
        return _fit(task, known, truth, asked, outputs, categories), len(rows)


def _fit(
    task: str, known: np.ndarray, targets: np.ndarray, asked: np.ndarray, outputs: int, categories: list[int]
) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingRegressor

    if task == "multiclass":
        classifier = _classifier(targets, categories)
        return class_probabilities(classifier, known, targets.astype(np.int64), asked, outputs)
    columns: list[np.ndarray] = []
    for target in targets.reshape(len(targets), -1).T:
        if task.endswith("regression"):
            estimator = HistGradientBoostingRegressor(categorical_features=categories, random_state=0)
            columns.append(estimator.fit(known, target).predict(asked))
        else:
            classifier = _classifier(target, categories)
            columns.append(class_probabilities(classifier, known, target.astype(np.int64), asked, 2)[:, 1])
    return np.stack(columns, axis=1)


def _classifier(classes: np.ndarray, categories: list[int]) -> Any:
    """A classifier; with many rows scikit-learn stops early on a stratified part, which a class of one row forbids."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    _, counts = np.unique(classes, return_counts=True)
    stopping = "auto" if counts.min() > 1 else False
    return HistGradientBoostingClassifier(categorical_features=categories, random_state=0, early_stopping=stopping)
