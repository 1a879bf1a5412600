"""Writes encoded rows as the CSV text that encodes to the same rows; the inverse of `encoding`, without dates."""

import csv
import io

import numpy as np

from nncli.config.facts import TableInput
from nncli.config.text_format import WHITESPACE
from nncli.data.dataset import Inputs


def can_rewrite(table: TableInput) -> bool:
    """Whether the rows can be written in the table's format: only a plain one, and no date that became numbers."""
    is_plain = table.header and table.has_plain_numbers and not table.skip and table.comment is None
    return is_plain and table.delimiter != WHITESPACE and not table.dates


def rewrite_rows(inputs: Inputs, table: TableInput) -> bytes:
    """The rows as CSV in the table's format: missing numbers and categories, unseen ones among them, as its first word
    for a missing value."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=table.delimiter, lineterminator="\n")
    nothing = table.missing[0] if table.missing else ""
    columns = [[_number(value, nothing) for value in column] for column in np.transpose(inputs.get("numbers", ()))]
    for category, codes in zip(table.categories, np.transpose(inputs.get("categories", ())), strict=True):
        columns.append([category.vocabulary[code - 1] if code else nothing for code in codes])
    writer.writerow([*(column.name for column in table.numbers), *(column.name for column in table.categories)])
    writer.writerows(zip(*columns, strict=True))
    return buffer.getvalue().encode(table.encoding)


def _number(value: np.float32, nothing: str) -> str:
    """The shortest text that is read as the same float32."""
    return nothing if np.isnan(value) else np.format_float_positional(value, unique=True, trim="0")
