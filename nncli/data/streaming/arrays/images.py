"""Writes the images of an archive as the sets of a streamed data set: those, in the order, of the archive in memory."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nncli.config.sections import Data
from nncli.data.archives import image_goal, range_differs
from nncli.data.arrays.archive import Archive, target_columns
from nncli.data.images.image_dataset import describe_images, preparation, refuse_no_column, refuse_table_options
from nncli.data.images.pixel_values import PixelForm, choose_form, with_channels
from nncli.data.streaming.entries import notes_of, parts_of
from nncli.data.streaming.images import RawImages, write_sets
from nncli.data.streaming.mapping import blocks_of
from nncli.data.streaming.storing import ArrayWriter
from nncli.data.targets import encode_targets

_SETS = {"train": "train", "val": "validation", "test": "test"}


def write_images(
    folder: Path, raw_folder: Path, archive: Archive, data: Data, seed: int, progress: Callable[[float], None]
) -> None:
    """Writes the entry in a folder from mapped images; their targets are in memory meanwhile.

    Raises:
        DataError: the images or targets cannot be used as the config requires. OSError: a file cannot be written.
    """
    refuse_table_options(data)
    refuse_no_column(data, None)
    goal, note, columns, multilabel = image_goal(archive, data)
    notes = [note] if note else []
    form = _form(archive, "train")
    raw = {}
    for part, (images, values) in archive.pairs.items():
        if part != "train" and _form(archive, part) != form:
            raise range_differs(archive, part)
        own = columns if part == "train" else target_columns(archive, values, multilabel)
        places = np.arange(len(values), dtype=np.int64)
        raw[_SETS[part]] = RawImages(with_channels(images), places, encode_targets(goal, own), form=form)
    progress(0.3)
    with ArrayWriter(folder) as writer:
        write_sets(writer, goal, data, seed, raw, notes)
        progress(0.9)

        def describe(arrays: dict[str, np.ndarray]) -> dict[str, object]:
            train = parts_of(arrays)["train"]
            prepare = preparation(data, train.inputs["image"].shape[-1])
            facts = describe_images(data.source, train, goal, form.scale, None, prepare)
            return notes_of(str(archive.path), arrays, facts, tuple(notes))

        writer.finish(describe)


def _form(archive: Archive, part: str) -> PixelForm:
    images = with_channels(archive.pairs[part][0])
    return choose_form(images.shape, images.dtype, blocks_of(images), archive.path)
