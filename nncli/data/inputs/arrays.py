"""Reads arrays in files, .npz and .npy, as a model's inputs; never unpickles anything."""

from collections.abc import Iterator
from pathlib import Path

from nncli.config.facts import DataFacts
from nncli.data.archives import form_of, input_block
from nncli.data.batches import Batch
from nncli.data.streaming.inputs.arrays import opened_inputs
from nncli.data.streaming.mapping import let_go

BATCH_ROWS = 4096


def array_batches(path: Path, name: str, facts: DataFacts) -> Iterator[Batch]:
    """The rows or images of an archive (x_test, or x, or x_train), in batches.

    Raises:
        DataError: the archive cannot be read, or its arrays do not fit the model.
    """
    with opened_inputs(path) as rows:
        form = form_of(path, rows, facts)
        for start in range(0, len(rows), BATCH_ROWS):
            end = min(start + BATCH_ROWS, len(rows))
            batch = Batch(names=[f"{name}:row {place + 1}" for place in range(start, end)])
            batch.inputs = input_block(path, rows[start:end], facts, form)
            let_go([rows])
            batch.share = end / len(rows)
            yield batch
