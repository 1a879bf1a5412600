"""The input layers of a table: missing numbers, encodings of numbers, categories."""

from collections.abc import Iterator

import numpy as np

from nncli.config.facts import ONE_HOT_LIMIT, TableInput
from nncli.errors import ExportError
from nncli.pipeline.exporting.script.calls import LOAD_ARRAYS, spread_call, write_call

_SAFE_DEVIATIONS = (1e-6, 1e18)


def table_lines(table: TableInput) -> list[str]:
    """Missing numbers become the median with an indicator; numbers are normalized; categories become one-hot."""
    lines: list[str] = []
    parts: list[str] = []
    if table.numbers:
        name = "numbers" if table.categories else "inputs"
        lines.append(f"{name} = {write_call('keras.Input', (len(table.numbers),), name='numbers')}")
        lines += _number_lines(table, parts)
    if table.categories:
        shape = (len(table.categories),)
        lines.append(f"categories = {write_call('keras.Input', shape, dtype='int32', name='categories')}")
        parts += _category_parts(table)
    if table.categories:
        lines.append("inputs = [numbers, categories]" if table.numbers else "inputs = categories")
    if len(parts) == 1:
        return [*lines, f"x = {parts[0]}"]
    return [*lines, *spread_call("x = layers.Concatenate()([", parts, "])")]


def _number_lines(table: TableInput, parts: list[str]) -> Iterator[str]:
    lacking = [index for index, column in enumerate(table.numbers) if column.has_missing]
    tensor = raw = "numbers" if table.categories else "inputs"
    known = 'x_train["numbers"]' if table.categories else "x_train"
    if lacking:
        yield f"missing = ops.isnan({raw})"
        yield f"filled = ops.where(missing, np.nanmedian({known}, axis=0), {raw})"
        tensor = "filled"
    if table.number_encoding != "standard":
        yield from _bin_lines(table, tensor, parts)
    if table.number_encoding == "standard" or table.with_standard:
        _refuse_extremes(table)
        yield f"mean, variance = np.nanmean({known}, axis=0), np.nanvar({known}, axis=0)"
        if any(column.deviation == 1.0 for column in table.numbers):
            yield "variance[variance == 0] = 1  # a column that is constant in training"
        parts.append(f"layers.Normalization(mean=mean, variance=variance)({tensor})")
    if lacking:
        parts.append(f'ops.cast(ops.take(missing, {lacking}, axis=1), "float32")')


def _bin_lines(table: TableInput, tensor: str, parts: list[str]) -> Iterator[str]:
    """The share of each bin below a number, 0 to 1, or their mean, which is the number's rank."""
    yield "# How much of each bin lies below the number; the .npz file has the column, start and width of each bin."
    yield f"bins = {LOAD_ARRAYS}"
    yield f'shares = (ops.take({tensor}, bins["bin_column"], axis=1) - bins["bin_start"]) / bins["bin_width"]'
    yield "shares = ops.clip(shares, 0.0, 1.0)"
    ranks = table.number_encoding == "quantile"
    parts.append('ops.matmul(shares, bins["bin_mean"])' if ranks else "shares")


def bin_arrays(table: TableInput) -> dict[str, np.ndarray]:
    """For the .npz file of a script: the column, start and width of each bin, float32 or int32 (bins,), and the matrix
    (bins, columns) whose product is the mean over the bins of each column. Empty for the standard encoding."""
    if table.number_encoding == "standard":
        return {}
    edges = [np.asarray(column.edges if len(column.edges) > 1 else (0.0, 1.0)) for column in table.numbers]
    places = np.array([index for index, own in enumerate(edges) for _ in own[:-1]], np.int32)
    mean = np.zeros((len(places), len(edges)), np.float32)
    mean[np.arange(len(places)), places] = [1 / (len(edges[place]) - 1) for place in places]
    return {
        "bin_column": places,
        "bin_start": np.concatenate([own[:-1] for own in edges]).astype(np.float32),
        "bin_width": np.concatenate([np.diff(own) for own in edges]).astype(np.float32),
        "bin_mean": mean,
    }


def _refuse_extremes(table: TableInput) -> None:
    """Keras's Normalization works in float32, and never divides by less than 1e-7."""
    smallest, largest = _SAFE_DEVIATIONS
    extreme = [column.name for column in table.numbers if not smallest <= column.deviation <= largest]
    if extreme:
        raise ExportError(
            f"a script has no way yet to scale the numbers of {', '.join(extreme)}, which are extremely small or large",
            hint="change the column's unit, or export the trained model: --format keras",
        )


def _category_parts(table: TableInput) -> Iterator[str]:
    """0 stands for a missing or unseen category: all zeros, or the first row of an embedding."""
    for position, column in enumerate(table.categories):
        known = len(column.vocabulary)
        if known > ONE_HOT_LIMIT:
            yield f"layers.Embedding({known + 1}, {column.width})(categories[:, {position}])"
        elif known:
            yield f"ops.one_hot(categories[:, {position}] - 1, {known})"
