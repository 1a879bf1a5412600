"""How the columns of a table become arrays, in training and at prediction alike; knows neither files nor models.

Statistics and vocabularies are made from the training rows alone and kept in `TableInput`; encoding needs nothing else.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.facts import CategoryColumn, NumberColumn, TableInput
from nncli.data.columns import Column, Table, unknown_columns
from nncli.data.dataset import Inputs
from nncli.data.features import Features
from nncli.data.targets import deviation
from nncli.data.wording import count

# The most names a category's vocabulary keeps; rarer ones count as unseen.
VOCABULARY_LIMIT = 1000


@dataclass(frozen=True)
class Encoded:
    """The arrays of all rows; `failures` says by row (index into the table) why one cannot be used."""

    inputs: Inputs
    failures: dict[int, str]
    warnings: list[str]


def learn_columns(
    table: Table, features: Features, training: np.ndarray, *, missing: Sequence[str], delimiter: str, header: bool
) -> TableInput:
    """Statistics and vocabularies of the chosen columns from the rows of the training part (indices)."""
    numbers = [_number_facts(table.columns[name], training) for name in features.numbers]
    categories = [
        CategoryColumn(name=name, vocabulary=_vocabulary(table.columns[name], training)) for name in features.categories
    ]
    return TableInput(
        numbers=tuple(numbers),
        categories=tuple(categories),
        missing=tuple(missing),
        delimiter=delimiter,
        header=header,
        columns=tuple(table.columns),
    )


def needed_columns(columns: TableInput) -> list[str]:
    """The names of the columns that a model learned from."""
    return [column.name for column in columns.numbers] + [column.name for column in columns.categories]


def encode_table(table: Table, columns: TableInput) -> Encoded:
    """Turn rows into `numbers` float32 (rows, n) with NaN for missing and `categories` int32 (rows, m).

    Raises:
        DataError: a column that the model needs is not there.
    """
    absent = [name for name in needed_columns(columns) if name not in table.columns]
    if absent:
        raise unknown_columns(absent, table.columns, table.name)
    inputs: Inputs = {}
    failures: dict[int, str] = {}
    warnings: list[str] = []
    if columns.numbers:
        numbers = [_numbers(table.columns[column.name], failures) for column in columns.numbers]
        inputs["numbers"] = np.stack(numbers, axis=1)
    if columns.categories:
        codes = [_indices(table.columns[column.name], column.vocabulary, warnings) for column in columns.categories]
        inputs["categories"] = np.stack(codes, axis=1)
    return Encoded(inputs, failures, warnings)


def _number_facts(column: Column, training: np.ndarray) -> NumberColumn:
    # Float32 is what the model will see, so that is what its statistics are of.
    values = column.numbers[training].astype(np.float32)
    present = values[~np.isnan(values)].astype(np.float64)
    return NumberColumn(
        name=column.name,
        mean=float(present.mean()) if len(present) else 0.0,
        deviation=deviation(present),
        median=float(np.median(present)) if len(present) else 0.0,
        has_missing=len(present) < len(values),
    )


def _vocabulary(column: Column, training: np.ndarray) -> tuple[str, ...]:
    """The names in the training rows, the frequent ones first, equally frequent ones by name."""
    codes, texts = column.dictionary
    seen = codes[training]
    counts = Counter(dict(zip(texts, np.bincount(seen[seen >= 0], minlength=len(texts)).tolist(), strict=True)))
    ordered = sorted((name for name, count in counts.items() if count), key=lambda name: (-counts[name], name))
    return tuple(ordered[:VOCABULARY_LIMIT])


def _numbers(column: Column, failures: dict[int, str]) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = column.numbers.astype(np.float32)
    for row in np.flatnonzero(column.present & ~np.isfinite(values)):
        reason = "is infinite or too large" if column.numeric[row] else "is not a number"
        failures.setdefault(int(row), f'column "{column.name}": "{column.text(int(row))[:60]}" {reason}')
    return values


def _indices(column: Column, vocabulary: Sequence[str], warnings: list[str]) -> np.ndarray:
    codes, texts = column.dictionary
    index_of = {name: index + 1 for index, name in enumerate(vocabulary)}
    indices = np.array([index_of.get(text, 0) for text in texts] + [0], np.int32)[codes]
    unseen = int(((indices == 0) & column.present).sum())
    if unseen:
        examples = ", ".join(f'"{text}"' for text in column.values if text not in index_of)[:80]
        warnings.append(
            f"{column.name}: {count(unseen, 'row has', 'rows have')} a value that training did not have ({examples})"
        )
    return indices
