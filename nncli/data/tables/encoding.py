"""Encodes the columns of a table as arrays, in training and prediction alike; does not depend on files or models.

Statistics and vocabularies come from the training set alone and are kept in `TableInput`, which is all encoding needs.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.facts import CategoryColumn, NumberColumn, TableInput
from nncli.config.sections import Data
from nncli.data.batches import Outside
from nncli.data.dataset import Inputs, make_room
from nncli.data.tables.features.choosing import Features
from nncli.data.tables.features.dates import expand_dates, learn_dates
from nncli.data.tables.files.columns import Column, Table, unknown_columns
from nncli.data.tables.outside import count_outside
from nncli.data.targets import deviation

# The most values that a vocabulary keeps; rarer ones count as unseen.
VOCABULARY_LIMIT = 1000
_BLOCK_ROWS = 8192


@dataclass(frozen=True)
class Encoded:
    """The arrays of all rows; `failures` has the reason for each row (index) that cannot be used, `outside` counts the
    values that training did not have, by column."""

    inputs: Inputs
    failures: dict[int, str]
    outside: dict[str, Outside]


def learn_columns(table: Table, features: Features, training: np.ndarray, data: Data) -> tuple[Table, TableInput]:
    """The table that `encode_parts` takes, with the numbers made from dates as columns, and the statistics and
    vocabularies of the chosen columns in the training set; `training` are the indices of its rows."""
    bins = 0 if data.numbers.encoding == "standard" else data.numbers.bins
    names = tuple(table.columns)
    table, dates = learn_dates(table, features.dates, training, data.day_first)
    numbers = [_number_facts(table.columns[name], training, bins) for name in features.numbers]
    for date in dates:
        # The parts of a date are always missing together, so one missing indicator is enough.
        first, *others = [_number_facts(table.columns[name], training, bins) for name in date.numbers]
        numbers += [first, *(other.model_copy(update={"has_missing": False}) for other in others)]
    categories = [
        CategoryColumn(name=name, vocabulary=_vocabulary(table.columns[name], training)) for name in features.categories
    ]
    inputs = TableInput(
        numbers=tuple(numbers),
        categories=tuple(categories),
        dates=tuple(dates),
        columns=names,
        number_encoding=data.numbers.encoding,
        with_standard=data.numbers.with_standard and data.numbers.encoding != "standard",
        values=data.values,
        **data.text_format.model_dump(),
    )
    return table, inputs


def needed_columns(columns: TableInput) -> list[str]:
    """The names of the table columns that a model learned from."""
    made = {name for date in columns.dates for name in date.numbers}
    numbers = [column.name for column in columns.numbers if column.name not in made]
    return [*numbers, *(column.name for column in columns.categories), *(date.name for date in columns.dates)]


def encode_table(table: Table, columns: TableInput) -> Encoded:
    """Turn rows into `numbers` float32 (rows, n) with NaN for missing and `categories` int32 (rows, m).

    Raises:
        DataError: a column that the model needs is missing.
    """
    absent = [name for name in needed_columns(columns) if name not in table.columns]
    if absent:
        raise unknown_columns(absent, table.columns, table.name)
    table, failures = expand_dates(table, columns.dates)
    [inputs] = encode_parts(table, columns, [np.arange(len(table))], failures)
    return Encoded(inputs, failures, count_outside(table, columns))


def encode_parts(
    table: Table,
    columns: TableInput,
    parts: Sequence[np.ndarray],
    failures: dict[int, str] | None = None,
) -> list[Inputs]:
    """The arrays of each set of rows, encoded like those of `encode_table` but without an array of all rows.

    Unusable rows are added to `failures`.
    """
    failures = {} if failures is None else failures
    encoded: list[Inputs] = [{} for _ in parts]
    if columns.numbers:
        numbers = [_checked_numbers(table.columns[column.name], failures) for column in columns.numbers]
        for inputs, rows in zip(encoded, parts, strict=True):
            inputs["numbers"] = _side_by_side(numbers, rows, np.float32)
    if columns.categories:
        codes = [_indices(table.columns[column.name], column.vocabulary) for column in columns.categories]
        for inputs, rows in zip(encoded, parts, strict=True):
            inputs["categories"] = _side_by_side(codes, rows, np.int32)
    return encoded


def _side_by_side(columns: Sequence[np.ndarray], rows: np.ndarray, kind: type) -> np.ndarray:
    """The columns at `rows` as an array (rows, columns) of that type; built in blocks that fit into the CPU cache."""
    array = make_room((len(rows), len(columns)), kind)
    with np.errstate(over="ignore"):
        for start in range(0, len(rows), _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            for index, values in enumerate(columns):
                array[block, index] = values[rows[block]]
    return array


def _number_facts(column: Column, training: np.ndarray, bins: int) -> NumberColumn:
    # The model sees float32, so the statistics are those of the float32 values.
    values = column.numbers[training].astype(np.float32)
    known = values[~np.isnan(values)]
    present = known.astype(np.float64)
    return NumberColumn(
        name=column.name,
        mean=float(present.mean()) if len(present) else 0.0,
        deviation=deviation(present),
        median=_median(known) if len(known) else 0.0,
        has_missing=len(present) < len(values),
        minimum=float(known.min()) if len(known) else None,
        maximum=float(known.max()) if len(known) else None,
        edges=bin_edges(known, bins) if bins else (),
    )


def bin_edges(values: np.ndarray, bins: int) -> tuple[float, ...]:
    """The edges of at most `bins` bins with equally many rows; if there are few different values, the values
    themselves.

    A value that fills a bin or more by itself is one edge, and the other values share the remaining bins: in a column
    of capital gains that are mostly 0, the few gains decide. `values` is float32, as the model sees them. Bins whose
    edges are equal in float32 are merged.
    """
    if not len(values):
        return ()
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= bins + 1:
        return tuple(float(edge) for edge in different)
    is_heavy = counts * bins >= len(values)
    heavy = different[is_heavy]
    others = np.repeat(different[~is_heavy], counts[~is_heavy])
    edges = np.quantile(others, np.linspace(0, 1, max(1, bins - len(heavy)) + 1)) if len(others) else heavy
    return tuple(float(edge) for edge in np.unique(np.concatenate([heavy, edges.astype(np.float32)])))


def _median(values: np.ndarray) -> float:
    """The same as NumPy's median of the numbers in float64, but sorted in float32, which takes half as long."""
    middle = [(len(values) - 1) // 2, len(values) // 2]
    return float(np.partition(values, middle)[middle].astype(np.float64).mean())


def _vocabulary(column: Column, training: np.ndarray) -> tuple[str, ...]:
    """The values in the training set, the most frequent first, equally frequent ones by name."""
    codes, texts = column.dictionary
    seen = codes[training]
    counts = Counter(dict(zip(texts, np.bincount(seen[seen >= 0], minlength=len(texts)).tolist(), strict=True)))
    ordered = sorted((name for name, count in counts.items() if count), key=lambda name: (-counts[name], name))
    return tuple(ordered[:VOCABULARY_LIMIT])


def _checked_numbers(column: Column, failures: dict[int, str]) -> np.ndarray:
    """The numbers, float64; rows with unusable numbers are added to `failures`."""
    with np.errstate(over="ignore"):
        usable = np.isfinite(column.numbers.astype(np.float32))
    for row in np.flatnonzero(column.present & ~usable):
        reason = "is infinite or too large" if column.numeric[row] else "is not a number"
        failures.setdefault(int(row), f'column "{column.name}": "{column.text(int(row))[:60]}" {reason}')
    return column.numbers


def _indices(column: Column, vocabulary: Sequence[str]) -> np.ndarray:
    codes, texts = column.dictionary
    index_of = {name: index + 1 for index, name in enumerate(vocabulary)}
    return np.array([index_of.get(text, 0) for text in texts] + [0], np.int32)[codes]
