"""Reads the arrays of .npz files as a model's inputs; never unpickles anything."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nncli.config.facts import DataFacts, ImageInput
from nncli.data.archives import read_inputs_of
from nncli.data.batches import Batch
from nncli.data.tables.encoding import encode_table

BATCH_ROWS = 4096


def array_batches(path: Path, name: str, facts: DataFacts) -> Iterator[Batch]:
    """The rows or images of an archive (x_test, or x, or x_train), in batches.

    Raises:
        DataError: the archive cannot be read, or its arrays do not fit the model.
    """
    rows = read_inputs_of(path, facts)
    for start in range(0, len(rows), BATCH_ROWS):
        places = np.arange(start, min(start + BATCH_ROWS, len(rows)))
        batch = Batch(names=[f"{name}:row {place + 1}" for place in places])
        if isinstance(rows, np.ndarray):
            batch.inputs = {"image": rows[places]}
        elif not isinstance(facts.inputs, ImageInput):
            batch.inputs = encode_table(rows.take(places), facts.inputs).inputs
        batch.share = (int(places[-1]) + 1) / len(rows)
        yield batch
