"""The linear model of each task: logistic, softmax or linear regression, the first models of any course.

Tables are fitted by scikit-learn (`LogisticRegression` and `Ridge` with their default penalties). Images have hundreds
of columns and many rows, on which scikit-learn takes a minute for MNIST; there the same model is trained with Adam
(Kingma and Ba, "Adam: A method for stochastic optimization", 2015), 60,000 images in about two seconds.
"""

import warnings
from typing import Any

import numpy as np

from nncli.evaluate.references.encoding import Inputs, as_one_hot, as_pixels

NAMES = {
    "binary": "logistic regression",
    "multilabel": "logistic regression",
    "multiclass": "softmax regression",
    "regression": "linear regression",
    "positive_regression": "linear regression",
}
_ITERATIONS = 200
_MOST_VALUES = 60_000_000  # rows times columns of the training matrix
_BATCH = 256
_STEPS = 1200  # of Adam: five epochs of MNIST
_LEARNING_RATE = 0.005
_DECAYS = (0.9, 0.999)


def fit_linear(
    task: str, training: Inputs, targets: np.ndarray, inputs: Inputs, outputs: int
) -> tuple[np.ndarray, int]:
    """Predictions for `inputs`, float64 (n, outputs), and how many training rows they were learned from.

    `targets` are as a data set has them, see `metrics.measure`; `outputs` is 1 for binary, else the number of classes,
    labels or target columns. Predictions are probabilities or values. Too many rows are thinned out evenly.
    """
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    width = next(iter(training.values()))[0].size if "image" in training else _width(training)
    rows = thin(len(targets), max(1, _MOST_VALUES // max(1, width)))
    chosen, truth = {name: array[rows] for name, array in training.items()}, targets[rows]
    encode = as_pixels if "image" in training else as_one_hot
    known, asked = encode(chosen, chosen), encode(chosen, inputs)
    # The matrices are narrow: more threads wait for each other longer than they save.
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged: it is a reference, and 200 steps are near enough
        if "image" in training:
            return _descend(task, known, truth, asked, outputs), len(rows)
        return _fit_table(task, known, truth, asked, outputs), len(rows)


def thin(rows: int, most: int) -> np.ndarray:
    """The positions of at most `most` of `rows` rows, drawn at random once for all, int64, ascending."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).permutation(rows)[:most])


def _width(training: Inputs) -> int:
    numbers = training["numbers"].shape[1] if "numbers" in training else 0
    return numbers + (training["categories"].shape[1] if "categories" in training else 0)


def _fit_table(task: str, known: np.ndarray, targets: np.ndarray, asked: np.ndarray, outputs: int) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression, Ridge

    if task.endswith("regression"):
        return np.asarray(Ridge().fit(known, targets).predict(asked)).reshape(-1, outputs)
    columns = [targets.reshape(len(targets))] if task != "multilabel" else list(targets.T)
    made = [
        _probabilities(LogisticRegression(max_iter=_ITERATIONS), known, column, asked, outputs) for column in columns
    ]
    return made[0] if task == "multiclass" else np.stack([each[:, 1] for each in made], axis=1)


def _probabilities(estimator: Any, known: Any, column: np.ndarray, asked: Any, outputs: int) -> np.ndarray:
    """The probability of each class, (n, max(2, outputs)), from a classifier of scikit-learn."""
    return class_probabilities(estimator, known, column.astype(np.int64), asked, max(2, outputs))


def class_probabilities(estimator: Any, known: Any, classes: np.ndarray, asked: Any, count: int) -> np.ndarray:
    """The probability of each of `count` classes, (n, count); one without a training row has none.

    A classifier of scikit-learn refuses a single class, of which there is nothing to learn.
    """
    found = np.zeros((asked.shape[0], count))
    present = np.unique(classes)
    if len(present) == 1:
        found[:, present[0]] = 1.0
        return found
    estimator.fit(known, classes)
    found[:, present] = estimator.predict_proba(asked)
    return found


def _descend(task: str, known: np.ndarray, targets: np.ndarray, asked: np.ndarray, outputs: int) -> np.ndarray:
    """The same model by Adam, from zero weights, its learning rate falling to zero; every epoch in a new order."""
    wanted: np.ndarray = np.asarray(targets, np.float32).reshape(len(known), -1)
    if task == "multiclass":
        wanted = np.eye(outputs, dtype=np.float32)[targets.reshape(-1).astype(np.int64)]
    is_regression = task.endswith("regression")
    shift = wanted.mean(axis=0) if is_regression else np.zeros(outputs, np.float32)
    spread = wanted.std(axis=0) if is_regression else np.ones(outputs, np.float32)
    wanted = (wanted - shift) / np.where(spread > 0, spread, 1.0)
    generator = np.random.default_rng(0)
    weights = np.zeros((known.shape[1] + 1, outputs), np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    slope = np.empty_like(weights)
    order = np.empty(0, np.int64)
    for step in range(1, _STEPS + 1):
        if len(order) < _BATCH:
            order = np.concatenate([order, generator.permutation(len(known))])
        rows, order = order[:_BATCH], order[_BATCH:]
        batch = known[rows]
        error = (_activate(task, batch @ weights[:-1] + weights[-1]) - wanted[rows]) / len(rows)
        slope[:-1], slope[-1] = batch.T @ error, error.sum(axis=0)
        first += (1 - _DECAYS[0]) * (slope - first)
        second += (1 - _DECAYS[1]) * (slope**2 - second)
        rate = _LEARNING_RATE * (1 - (step - 1) / _STEPS)
        weights -= rate * (first / (1 - _DECAYS[0] ** step)) / (np.sqrt(second / (1 - _DECAYS[1] ** step)) + 1e-7)
    answers = _activate(task, asked @ weights[:-1] + weights[-1])
    return np.asarray(answers * np.where(spread > 0, spread, 1.0) + shift, np.float64)


def _activate(task: str, logits: np.ndarray) -> np.ndarray:
    if task == "multiclass":
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    if task in ("binary", "multilabel"):
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))))
    return logits
