"""Loads the data set of a config's `data` section from any source; reads no file format itself.

The modules for sources other than tensorflow-datasets are imported only when a config names them.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nncli.config.sections import BUNDLED, STREAMED, Data
from nncli.data.dataset import Dataset, Progress
from nncli.data.prepared.loading import load_prepared
from nncli.errors import DataError, UnreachableError

if TYPE_CHECKING:
    from nncli.data.streaming.memory import Need

# The options that only apply to image files.
_IMAGE_KEYS = ("size", "resize", "labels", "file_column")
# The options that only apply to points that are drawn.
_SHAPE_KEYS = ("shape", "samples", "noise", "arms")


def load(
    data: Data,
    *,
    seed: int,
    data_dir: Path | None,
    progress: Progress,
    say: Callable[[str], None] = lambda told: None,
) -> Dataset:
    """The data set described by a config's `data` section, whose paths are absolute.

    Args:
        data: the section.
        seed: determines which rows go to which set, unless the section has a `split_seed`.
        data_dir: a folder with prepared data sets, searched before the default folder.
        progress: called with a description of the current work and the fraction (0 to 1) done.
        say: called with what the user should know before long work, as that data is streamed.

    Raises:
        DataError: the data cannot be used as it is.
        UnreachableError: the data set is not available, and the section has no `fallback`.
    """
    seed = seed if data.split_seed is None else data.split_seed
    try:
        return _load(data, seed, data_dir, progress, say)
    except UnreachableError as error:
        if data.fallback is None:
            raise
        other = data.model_copy(update={"source": data.fallback, "fallback": None})
        dataset = _load(other, seed, data_dir, progress, say)
        note = f"{data.source} is not available: {error.message}; the bundled {data.fallback} are used instead"
        return replace(dataset, notes=(note, *dataset.notes))


def _load(data: Data, seed: int, data_dir: Path | None, progress: Progress, say: Callable[[str], None]) -> Dataset:
    _refuse_image_options(data)
    _refuse_keys(data, _SHAPE_KEYS, "shapes")
    if data.memory == "stream" and (data.source not in STREAMED or data.image is not None):
        what = "a table of pixels" if data.image is not None else f"source {data.source}"
        raise DataError(
            f"data.memory: stream is for {', '.join(STREAMED)}, got {what}",
            hint="leave `memory` out: it is read whole",
        )
    if data.source in BUNDLED:
        from nncli.data.bundled import load_bundled

        return load_bundled(data, seed=seed)
    if data.source in ("csv", "parquet") and data.image is not None:
        from nncli.data.streaming.memory import tell_whole
        from nncli.data.tables.pixels import load_pixels

        if data.path is not None:
            tell_whole(data.path, say)
        return load_pixels(data, data.image, seed=seed)
    if data.source in ("csv", "parquet"):
        return _load_table(data, seed, progress, say)
    if data.source == "images" and data.labels is not None and data.memory != "stream":
        from nncli.data.images.labels.loading import load_labelled_images

        return load_labelled_images(data, seed=seed, progress=progress)
    if data.source == "images":
        return _load_images(data, seed, progress, say)
    if data.source == "npz":
        return _load_arrays(data, seed, progress, say)
    return load_prepared(data, seed=seed, data_dir=data_dir, progress=progress)


def _load_table(data: Data, seed: int, progress: Progress, say: Callable[[str], None]) -> Dataset:
    """A table in memory, or streamed where the config says so or its arrays would take too much memory."""
    from nncli.data.streaming.loading import load_streamed, should_stream

    if _is_streamed(data, should_stream, say):
        return load_streamed(data, seed=seed, progress=progress, say=say)
    from nncli.data.tables.loading import load_file

    return load_file(data, seed=seed)


def _is_streamed(data: Data, find_need: Callable[[Data], "Need | None"], say: Callable[[str], None]) -> bool:
    """Whether the config says so, or leaves it open and the data needs more memory than it may take, which is said."""
    need = find_need(data) if data.memory == "auto" else None
    if need is not None:
        from nncli.data.streaming.memory import describe_need

        say(describe_need(need))
    return need is not None or data.memory == "stream"


def _load_images(data: Data, seed: int, progress: Progress, say: Callable[[str], None]) -> Dataset:
    """An image folder in memory, or streamed where the config says so or its pixels would take too much memory."""
    from nncli.data.streaming.images import load_streamed_images, should_stream_images

    if _is_streamed(data, should_stream_images, say):
        return load_streamed_images(data, seed=seed, progress=progress, say=say)
    from nncli.data.images.folders import load_folder

    return load_folder(data, seed=seed, progress=progress)


def _load_arrays(data: Data, seed: int, progress: Progress, say: Callable[[str], None]) -> Dataset:
    """Arrays in memory, or streamed where the config says so or they would take too much memory."""
    from nncli.data.streaming.arrays.loading import load_streamed_arrays, should_stream_arrays

    if _is_streamed(data, should_stream_arrays, say):
        return load_streamed_arrays(data, seed=seed, progress=progress, say=say)
    from nncli.data.archives import load_archive

    return load_archive(data, seed=seed)


def _refuse_image_options(data: Data) -> None:
    """Refuses options for image files if the source has none."""
    if data.image is not None and data.source not in ("csv", "parquet"):
        raise DataError(
            f"data.image: expected a table (source csv or parquet), got source {data.source}",
            hint="leave `image` out",
        )
    if data.prepare is not None and not _has_images(data):
        raise DataError(
            f"data.prepare: expected a source of images, got source {data.source}", hint="leave `prepare` out"
        )
    _refuse_keys(data, _IMAGE_KEYS, "images")


def _refuse_keys(data: Data, keys: tuple[str, ...], source: str) -> None:
    """Refuses options that only apply to one source if this is another."""
    given = [key for key in keys if getattr(data, key) is not None and data.source != source]
    if given:
        lines = [f"data.{key}: expected source {source}, got {data.source}" for key in given]
        raise DataError("\n".join(lines), hint=f"leave {', '.join(f'`{key}`' for key in given)} out")


def _has_images(data: Data) -> bool:
    if data.source == "npz":
        return True  # its arrays may be images or a table; if they are a table, that is told when they are read
    if data.source in BUNDLED:
        return data.source in ("digits", "digit_attributes")
    return data.source not in ("csv", "parquet") or data.image is not None
