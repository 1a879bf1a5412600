"""Drops rows from the raw files of a table, in place and block by block."""

from dataclasses import replace

import numpy as np

from nncli.data.streaming.splits.copies import first_rows
from nncli.data.streaming.storage.raw_files import RawFiles
from nncli.data.streaming.tables.collecting import RawRows


def drop_repeated(raw: RawRows) -> RawRows:
    """The rows that are equal to none before them, of a table whose `copies` were collected."""
    copies = raw.reader("copies")
    kept = np.ones(raw.files.rows, bool) if copies is None else first_rows(copies, raw.files.rows)
    rows = int(kept.sum())
    if rows == raw.files.rows:
        return raw
    for name in raw.files.kinds:
        _keep_rows(raw.files, name, kept)
    return replace(raw, files=replace(raw.files, rows=rows), repeated=raw.files.rows - rows)


def _keep_rows(files: RawFiles, name: str, kept: np.ndarray) -> None:
    """Moves the rows that are kept to the front of a raw file, and cuts it off after them."""
    with files.path(name).open("r+b") as file:
        for first, end in files.blocks(name):
            # What is written is never after what is read next.
            files.read(name, first, end)[kept[first:end]].tofile(file)
            file.flush()
        file.truncate()
