"""Finds columns with the same content: each value of one always occurs with the same value of the other."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from nncli.data.profile.values import Finding, Level
from nncli.data.tables.files.columns import Column

# Values must occur so often on average for a one-to-one mapping between two columns to mean anything.
_ROWS_A_VALUE = 5


def find_copies(columns: Sequence[Column]) -> list[list[str]]:
    """Groups of columns that map one-to-one onto each other, missing cells onto missing ones; names in order.

    If nearly every row has its own value, any two columns map one-to-one onto each other, so columns whose values
    hardly ever repeat count as copies only if their numbers are equal. Columns with a single value are never copies.
    """
    groups: defaultdict[bytes, list[str]] = defaultdict(list)
    for column in columns:
        codes = _codes(column)
        values = int(codes.max(initial=0))
        if values * _ROWS_A_VALUE <= len(codes):
            content = codes
        elif column.is_numeric:
            content = np.where(column.present, column.numbers + 0.0, np.nan)  # + 0.0 makes -0.0 equal to 0.0
        else:
            continue
        if values > 1:
            groups[hashlib.sha256(content.tobytes()).digest()].append(column.name)
    return [names for names in groups.values() if len(names) > 1]


def _codes(column: Column) -> np.ndarray:
    """Each cell as the index of its value, in order of first occurrence from 1, int32 (rows,); 0 is missing."""
    cells = column.numbers if column.is_numeric else column.dictionary[0]
    _, first, codes = np.unique(cells, return_index=True, return_inverse=True, equal_nan=True)
    ranks = np.empty(len(first), np.int32)
    ranks[np.argsort(first)] = np.arange(1, len(first) + 1, dtype=np.int32)
    return np.where(column.present, ranks[codes.reshape(-1)], 0).astype(np.int32)


def copy_findings(columns: Sequence[Column]) -> list[Finding]:
    """A finding for each group of columns with the same content."""
    findings = []
    for names in find_copies(columns):
        told = ", ".join(f'"{name}"' for name in names)
        fix = f"`drop: [{', '.join(names[1:])}]`"
        what = "have the same content in every row"
        findings.append(Finding("copy", Level.WARNING, f"columns {told}", what, fix, tuple(names)))
    return findings
