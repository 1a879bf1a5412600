"""Metrics of numbers against numbers, in the units of the target; does not depend on models."""

from collections.abc import Sequence

import numpy as np

from nncli.evaluate.scores import Scores, mean_of_defined

CONSTANT = "all targets of these rows are equal, so there is no variance to explain"


def measure_numbers(targets: np.ndarray, predictions: np.ndarray, names: Sequence[str]) -> Scores:
    """From two arrays (n, T): over all columns together, and by column where there are several.

    As in Keras, the errors are means over all values, and r2_score is the mean of the columns' own.
    """
    by_target = [_column_metrics(targets[:, index], predictions[:, index]) for index in range(len(names))]
    errors = targets - predictions
    metrics = {
        "mean_absolute_error": float(np.mean(np.abs(errors))),
        "root_mean_squared_error": float(np.sqrt(np.mean(errors**2))),
        "r2_score": mean_of_defined(column["r2_score"] for column in by_target),
    }
    undefined = {} if metrics["r2_score"] is not None else {"r2_score": CONSTANT}
    if len(names) == 1:
        return Scores(metrics, undefined)
    rows = [{"name": name, **column} for name, column in zip(names, by_target, strict=True)]
    return Scores(metrics, undefined, {"targets": rows})


def _column_metrics(targets: np.ndarray, predictions: np.ndarray) -> dict[str, float | None]:
    errors = targets - predictions
    variation = float(np.sum((targets - targets.mean()) ** 2))
    return {
        "mean_absolute_error": float(np.mean(np.abs(errors))),
        "root_mean_squared_error": float(np.sqrt(np.mean(errors**2))),
        "r2_score": 1.0 - float(np.sum(errors**2)) / variation if variation > 0 else None,
    }
