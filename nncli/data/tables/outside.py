"""Counts the rows of a table whose values the training set did not have; does not depend on files or models."""

import numpy as np

from nncli.config.facts import CategoryColumn, NumberColumn, TableInput
from nncli.data.batches import Outside, first_different
from nncli.data.tables.files.columns import Column, Table


def count_outside(table: Table, columns: TableInput) -> dict[str, Outside]:
    """By column: the rows outside the training range, or with a category that the vocabulary lacks; only columns that
    have such rows.

    Numbers are compared as float32, as the network takes them. Missing values are never outside.
    """
    found = [_outside_range(table.columns[column.name], column) for column in columns.numbers]
    found += [_unseen(table.columns[column.name], column) for column in columns.categories]
    return {name: outside for name, outside in found if outside.rows}


def _outside_range(column: Column, known: NumberColumn) -> tuple[str, Outside]:
    if known.minimum is None or known.maximum is None:  # an empty column, or a run of an earlier version
        return known.name, Outside(0, ())
    with np.errstate(over="ignore"):
        values = column.numbers.astype(np.float32)
    outside = np.isfinite(values) & ((values < np.float32(known.minimum)) | (values > np.float32(known.maximum)))
    examples = first_different(f"{value:.7g}" for value in column.numbers[outside][:100].tolist())
    return known.name, Outside(int(outside.sum()), examples, known.minimum, known.maximum)


def _unseen(column: Column, known: CategoryColumn) -> tuple[str, Outside]:
    vocabulary = set(known.vocabulary)
    codes, texts = column.dictionary
    unseen = np.array([text not in vocabulary for text in texts] + [False])[codes]
    examples = first_different(text for text in column.values if text not in vocabulary) if unseen.any() else ()
    return known.name, Outside(int(unseen.sum()), examples)
