"""Drops rows from the raw files of a table, in place and block by block."""

from dataclasses import replace

import numpy as np

from nncli.data.streaming.splits.copies import first_rows
from nncli.data.streaming.statistics import BLOCK
from nncli.data.streaming.tables.collecting import RawRows


def drop_repeated(raw: RawRows) -> RawRows:
    """The rows that are equal to none before them, of a table whose `copies` were collected."""
    copies = raw.reader("copies")
    kept = np.ones(raw.rows, bool) if copies is None else first_rows(copies, raw.rows)
    rows = int(kept.sum())
    if rows == raw.rows:
        return raw
    for name in raw.shapes:
        _keep(raw, name, kept)
    return replace(raw, rows=rows, repeated=raw.rows - rows)


def _keep(raw: RawRows, name: str, kept: np.ndarray) -> None:
    """Moves the rows that are kept to the front of a raw file, and cuts it off after them."""
    with (raw.folder / name).open("r+b") as file:
        for first in range(0, raw.rows, BLOCK):
            end = min(raw.rows, first + BLOCK)
            # What is written is never after what is read next.
            raw.block(name, first, end)[kept[first:end]].tofile(file)
            file.flush()
        file.truncate()
