"""Loads the data set of a config's `data` section from any source; reads no file format itself.

The modules for sources other than tensorflow-datasets are imported only when a config names them.
"""

from dataclasses import replace
from pathlib import Path

from nncli.config.sections import BUNDLED, Data
from nncli.data.dataset import Dataset, Progress
from nncli.data.prepared.loading import load_prepared
from nncli.errors import DataError, UnreachableError

# The options that only apply to image files.
_IMAGE_KEYS = ("size", "resize", "labels", "file_column")


def load(data: Data, *, seed: int, data_dir: Path | None, progress: Progress) -> Dataset:
    """The data set described by a config's `data` section, whose paths are absolute.

    Args:
        data: the section.
        seed: determines which rows go to which set, unless the section has a `split_seed`.
        data_dir: a folder with prepared data sets, searched before the default folder.
        progress: called with a description of the current work and the fraction (0 to 1) done.

    Raises:
        DataError: the data cannot be used as it is.
        UnreachableError: the data set is not available, and the section has no `fallback`.
    """
    seed = seed if data.split_seed is None else data.split_seed
    try:
        return _load(data, seed, data_dir, progress)
    except UnreachableError as error:
        if data.fallback is None:
            raise
        other = data.model_copy(update={"source": data.fallback, "fallback": None})
        dataset = _load(other, seed, data_dir, progress)
        note = f"{data.source} is not available: {error.message}; the bundled {data.fallback} are used instead"
        return replace(dataset, notes=(note, *dataset.notes))


def _load(data: Data, seed: int, data_dir: Path | None, progress: Progress) -> Dataset:
    _refuse_image_options(data)
    if data.source in BUNDLED:
        from nncli.data.bundled import load_bundled

        return load_bundled(data, seed=seed)
    if data.source in ("csv", "parquet") and data.image is not None:
        from nncli.data.tables.pixels import load_pixels

        return load_pixels(data, data.image, seed=seed)
    if data.source in ("csv", "parquet"):
        from nncli.data.tables.loading import load_file

        return load_file(data, seed=seed)
    if data.source == "images" and data.labels is not None:
        from nncli.data.images.labels.loading import load_labelled_images

        return load_labelled_images(data, seed=seed, progress=progress)
    if data.source == "images":
        from nncli.data.images.folders import load_folder

        return load_folder(data, seed=seed, progress=progress)
    if data.source == "npz":
        from nncli.data.archives import load_archive

        return load_archive(data, seed=seed)
    return load_prepared(data, seed=seed, data_dir=data_dir, progress=progress)


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
    given = [key for key in _IMAGE_KEYS if getattr(data, key) is not None and data.source != "images"]
    if given:
        lines = [f"data.{key}: expected source images, got {data.source}" for key in given]
        raise DataError("\n".join(lines), hint=f"leave {', '.join(f'`{key}`' for key in given)} out")


def _has_images(data: Data) -> bool:
    if data.source == "npz":
        return True  # its arrays may be images or a table; if they are a table, that is told when they are read
    if data.source in BUNDLED:
        return data.source in ("digits", "digit_attributes")
    return data.source not in ("csv", "parquet") or data.image is not None
