"""Metrics of numbers against numbers, in the units of the target; does not depend on models."""

from collections.abc import Sequence

import numpy as np

from nncli.evaluate.scores import Scores, mean_of_defined

CONSTANT = "all targets of these rows are equal, so there is no variance to explain"


def measure_numbers(targets: np.ndarray, predictions: np.ndarray, names: Sequence[str]) -> Scores:
    """From two arrays (n, T): over all columns together, and by column where there are several.

    As in Keras, the errors are means over all values, and r2_score is the mean of the columns' own.
    """
    errors = targets - predictions
    variation = np.array([np.sum((column - column.mean()) ** 2) for column in targets.T])
    absolute, squared = (np.array([np.sum(column) for column in each.T]) for each in (np.abs(errors), errors**2))
    return tell_numbers(names, len(targets), absolute, squared, variation)


def tell_numbers(
    names: Sequence[str], rows: int, absolute: np.ndarray, squared: np.ndarray, variation: np.ndarray
) -> Scores:
    """The same from sums over the rows of each column, (T,): the errors' sizes and squares, and the squares of the
    targets' distances from their mean."""
    by_target = [
        _as_scores(
            float(error / rows), float(square / rows), 1.0 - float(square) / float(spread) if spread > 0 else None
        )
        for error, square, spread in zip(absolute, squared, variation, strict=True)
    ]
    r2_score = mean_of_defined(column["r2_score"] for column in by_target)
    metrics = _as_scores(float(absolute.mean() / rows), float(squared.mean() / rows), r2_score)
    undefined = {} if r2_score is not None else {"r2_score": CONSTANT}
    if len(names) == 1:
        return Scores(metrics, undefined)
    told = [{"name": name, **column} for name, column in zip(names, by_target, strict=True)]
    return Scores(metrics, undefined, {"targets": told})


def _as_scores(absolute: float, square: float, r2_score: float | None) -> dict[str, float | None]:
    return {"mean_absolute_error": absolute, "root_mean_squared_error": float(np.sqrt(square)), "r2_score": r2_score}
