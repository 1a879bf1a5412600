"""The entry point for examining a data set. Lists what is there and all that is wrong with it; trains nothing.

The results are defined in `values`; tables are examined in `tables/`, image folders and arrays in `images/`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from nncli.config.facts import TableInput
from nncli.config.sections import BUNDLED, MISSING, Data
from nncli.config.text_format import TextFormat
from nncli.data import load
from nncli.data.bundled import open_bundled_table
from nncli.data.dataset import Progress
from nncli.data.profile.archives import look_over_archive
from nncli.data.profile.images.arrays import look_over_images
from nncli.data.profile.images.folders import Wanted, look_over_folder
from nncli.data.profile.images.labelled import look_over_labelled
from nncli.data.profile.tables.reading import Opened, open_table
from nncli.data.profile.tables.table import look_over
from nncli.data.profile.values import (
    ColumnProfile,
    Finding,
    ImageProfile,
    Level,
    Profile,
    TableProfile,
    TargetProfile,
    Tile,
)
from nncli.data.tables.loading import check_target
from nncli.errors import DataError

__all__ = [
    "ColumnProfile",
    "Finding",
    "ImageProfile",
    "Level",
    "Profile",
    "TableProfile",
    "TargetProfile",
    "Tile",
    "open_table",
    "profile_data",
    "profile_images",
    "profile_table",
]

# The default seed of a config.
_SEED = 1


def profile_table(
    path: Path,
    target: Sequence[str] = (),
    *,
    text_format: TextFormat | None = None,
) -> TableProfile:
    """Examine a CSV (also compressed) or Parquet file; the text format is guessed if it is not given.

    Raises:
        DataError: the file does not exist or is no table, or a target is not one of its columns.
    """
    opened = open_table(path, MISSING, text_format)
    check_target(opened.table, target, "--target")
    return look_over(opened.table, table_section(path, opened, target), seed=_SEED, findings=opened.findings)


def table_section(path: Path, opened: Opened, target: Sequence[str] = ()) -> Data:
    """The `data` section of a config for an opened table."""
    source = "parquet" if opened.is_parquet else "csv"
    written = {**opened.text_format.model_dump(), "missing": MISSING}
    return Data(source=source, path=str(path), target=tuple(target) or None, **written)


def profile_images(folder: Path, *, progress: Progress = lambda what, share: None) -> ImageProfile:
    """Examine a folder of class folders (perhaps below train/, test/, val/), or of images without class folders.

    Raises:
        DataError: the folder does not exist or has no images.
    """
    return look_over_folder(folder, progress=progress, seed=_SEED)


def profile_data(
    data: Data,
    *,
    seed: int,
    data_dir: Path | None,
    progress: Progress,
    say: Callable[[str], None] = lambda told: None,
) -> Profile:
    """Examine the data that a config's `data` section describes; its paths must be absolute.

    What should be known before long work is told to `say`.

    Raises:
        DataError: the data cannot be read at all, or a name in the section is not a column.
        UnreachableError: the data set is not available, and the section has no `fallback`.
    """
    seed = seed if data.split_seed is None else data.split_seed
    if data.image is not None:
        return look_over_images(load(data, seed=seed, data_dir=data_dir, progress=progress, say=say), path=data.path)
    if data.source in ("csv", "parquet"):
        return _profile_file(data, seed)
    if data.source == "images" and data.labels is not None:
        return look_over_labelled(data, seed=seed, progress=progress)
    if data.source == "images" and data.path is not None:
        return look_over_folder(
            Path(data.path),
            progress=progress,
            seed=seed,
            wanted=Wanted.of(data),
            section=data,
        )
    if data.source == "npz":
        return look_over_archive(data, seed=seed)
    bundled = open_bundled_table(data, seed=seed) if data.source in BUNDLED else None
    if bundled is not None:
        return look_over(*bundled, seed=seed)
    dataset = load(data, seed=seed, data_dir=data_dir, progress=progress)
    if isinstance(dataset.facts.inputs, TableInput) and data.fallback is not None:
        # The source is not available and its fallback is a table.
        return profile_data(Data(source=data.fallback), seed=seed, data_dir=data_dir, progress=progress)
    return look_over_images(dataset, path=data.path)


def _profile_file(data: Data, seed: int) -> TableProfile:
    if data.path is None:
        raise DataError(f"data.path: source {data.source} needs `path`: the table's file")
    opened = open_table(Path(data.path), data.missing, data.text_format)
    test = None
    findings = list(opened.findings)
    if isinstance(data.test, str):
        other = open_table(Path(data.test), data.missing, opened.text_format)
        test = other.table
        findings += [replace(finding, where=f"test set, {finding.where}") for finding in other.findings]
    section = data.model_copy(update=opened.text_format.model_dump())
    return look_over(opened.table, section, seed=seed, test=test, findings=findings)
