"""The input layers of every model: they turn raw pixels and raw columns into numbers that a network can learn from.

They are standard Keras layers and operations, so that a saved model can be loaded without nncli. No examples are needed
here: all statistics of the training set are in the facts.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from nncli.config.facts import (
    ONE_HOT_LIMIT,
    CategoryColumn,
    DataFacts,
    ImageInput,
    NumberColumn,
    NumberEncoding,
    TableInput,
)

# Keras's Normalization squares the deviation in float32 and never divides by less than 1e-7.
_SAFE_DEVIATIONS = (1e-6, 1e18)
_LARGEST_EXPONENT = 120


def make_inputs(facts: DataFacts) -> tuple[dict[str, Any], Any]:
    """The input tensors by name ("image", or "numbers" and "categories") and the tensor that enters the network.

    That tensor is float32 of shape (batch, *facts.inputs.shape).
    """
    if isinstance(facts.inputs, ImageInput):
        return _image(facts.inputs)
    return _table(facts.inputs)


def _image(image: ImageInput) -> tuple[dict[str, Any], Any]:
    tensor = keras.Input(name="image", shape=image.shape, dtype=image.dtype)
    return {"image": tensor}, keras.layers.Rescaling(image.scale, name="image_scale")(tensor)


def _table(table: TableInput) -> tuple[dict[str, Any], Any]:
    """Numbers first, then the missing-value indicators, then the categories: the order of `TableInput.shape`."""
    inputs: dict[str, Any] = {}
    parts: list[Any] = []
    if table.numbers:
        inputs["numbers"] = keras.Input(name="numbers", shape=(len(table.numbers),), dtype="float32")
        parts += _encode_numbers(inputs["numbers"], table)
    if table.categories:
        inputs["categories"] = keras.Input(name="categories", shape=(len(table.categories),), dtype="int32")
        parts += _encode_categories(inputs["categories"], table.categories)
    return inputs, parts[0] if len(parts) == 1 else keras.layers.Concatenate(name="columns")(parts)


def _encode_numbers(numbers: Any, table: TableInput) -> list[Any]:
    """Imputes missing numbers with the median, then encodes; adds an indicator for columns with missing values."""
    columns = table.numbers
    missing = ops.isnan(numbers)
    medians = np.asarray([column.median for column in columns], dtype="float32")
    filled = ops.where(missing, medians, numbers)
    encoding = table.number_encoding
    parts = [] if encoding == "standard" else [_bin(filled, columns, encoding)]
    if encoding == "standard" or table.with_standard:
        parts.append(_normalize(filled, columns))
    lacking = [index for index, column in enumerate(columns) if column.has_missing]
    if lacking:
        parts.append(ops.cast(ops.take(missing, lacking, axis=1), "float32"))
    return parts


def _normalize(numbers: Any, columns: Sequence[NumberColumn]) -> Any:
    """(x - mean) / deviation; columns of extreme scale are first brought near 1 by an exact power of two."""
    smallest, largest = _SAFE_DEVIATIONS
    scales = [1.0] * len(columns)
    if not all(smallest <= column.deviation <= largest for column in columns):
        scales = [_power_of_two(column.deviation) for column in columns]
        numbers = keras.layers.Rescaling(scales, name="number_units")(numbers)
    means = [column.mean * scale for column, scale in zip(columns, scales, strict=True)]
    variances = [(column.deviation * scale) ** 2 for column, scale in zip(columns, scales, strict=True)]
    return keras.layers.Normalization(mean=means, variance=variances, name="normalization")(numbers)


def _bin(numbers: Any, columns: Sequence[NumberColumn], encoding: NumberEncoding) -> Any:
    """For each bin the share of it below a number, 0 to 1, (batch, bins); or its mean, the rank, (batch, columns).

    The piecewise-linear encoding of Gorishniy et al., "On embeddings for numerical features" (2022). A number outside
    the range of the training set is encoded like the nearest end of it. A column with a single value is encoded as 0.
    """
    edges = [np.asarray(column.edges if len(column.edges) > 1 else (0.0, 1.0), np.float64) for column in columns]
    places = [index for index, own in enumerate(edges) for _ in own[:-1]]
    low = np.concatenate([own[:-1] for own in edges])
    width = np.concatenate([np.diff(own) for own in edges])
    spread = ops.take(numbers, places, axis=1)
    parts = ops.clip((spread - low.astype(np.float32)) / width.astype(np.float32), 0.0, 1.0)
    if encoding == "piecewise_linear":
        return parts
    mean = np.zeros((len(places), len(columns)), np.float32)
    mean[np.arange(len(places)), places] = [1 / (len(edges[place]) - 1) for place in places]
    return ops.matmul(parts, mean)


def _power_of_two(deviation: float) -> float:
    exponent = -round(math.log2(deviation))
    return 2.0 ** max(-_LARGEST_EXPONENT, min(_LARGEST_EXPONENT, exponent))


def _encode_categories(categories: Any, columns: Sequence[CategoryColumn]) -> list[Any]:
    """One tensor for each column with known values; index 0 (missing or unknown) starts as all zeros."""
    parts = []
    for position, column in enumerate(columns):
        known = len(column.vocabulary)
        if known == 0:
            continue
        index = categories[:, position]
        if known <= ONE_HOT_LIMIT:
            parts.append(ops.one_hot(index - 1, known))
        else:
            parts.append(_embed(index, column, f"embedding_{position + 1}"))
    return parts


def _embed(index: Any, column: CategoryColumn, name: str) -> Any:
    layer = keras.layers.Embedding(len(column.vocabulary) + 1, column.width, name=name)
    embedded = layer(index)
    # If training never updates this row it would stay random; zeros keep an unknown value neutral.
    layer.embeddings.assign(ops.concatenate([ops.zeros((1, column.width)), layer.embeddings[1:]]))
    return embedded
