"""Reads NumPy archives (.npz) as data sets of images or numeric rows; never unpickles anything.

The arrays are x_train, y_train, x_test, y_test (and x_val, y_val), or x and y, which are split; class_names is
optional.
"""

import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, Target, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Part
from nncli.data.images.image_dataset import Images, Labels, as_pixels, image_dataset, refuse_table_options
from nncli.data.tables.files.columns import Column, Table, number_column, text_column
from nncli.data.tables.loading import label_rows, load_table
from nncli.data.targets import choose_goal, encode_targets
from nncli.errors import DataError

_PARTS = ("train", "test", "val")
_INPUTS = "expected numeric rows (n, k), or images (n, height, width) or (n, height, width, channels)"
_KEYS = "x_train, y_train, x_test, y_test, or x and y"


@dataclass(frozen=True)
class Archive:
    """The pairs (x, y) of an archive by set ("train" also if x and y are not split), and the class names."""

    path: Path
    pairs: dict[str, tuple[np.ndarray, np.ndarray]]
    class_names: tuple[str, ...]


def load_archive(data: Data, *, seed: int) -> Dataset:
    """The data set in an .npz file.

    Raises:
        DataError: the file cannot be read, or its arrays do not match.
    """
    archive = _open(data)
    inputs, _ = archive.pairs["train"]
    return _table_dataset(archive, data, seed) if inputs.ndim <= 2 else _image_dataset(archive, data, seed)


def _open(data: Data) -> Archive:
    if data.path is None:
        raise DataError("source npz needs `path`: the .npz file")
    archive = read_archive(Path(data.path))
    if isinstance(data.test, str):
        archive.pairs["test"] = read_archive(Path(data.test)).pairs["train"]
    return archive


def label_archive(path: Path, facts: DataFacts) -> Part:
    """The test set of an archive (or all of it if it has none), encoded for a trained model.

    Raises:
        DataError: the arrays have the wrong shape, or classes that the model does not know.
    """
    archive = read_archive(path)
    inputs, values = archive.pairs.get("test", archive.pairs["train"])
    targets = _target_columns(archive, values, facts.target)
    rows = _fitting(path, inputs, facts)
    if isinstance(rows, Table):
        return label_rows(replace(rows, columns={**rows.columns, **{each.name: each for each in targets}}), facts)
    return Part({"image": rows}, encode_targets(facts.target, targets), np.arange(len(rows), dtype=np.int64))


def read_inputs_of(path: Path, facts: DataFacts) -> np.ndarray | Table:
    """The inputs in an archive (x_test, or x, or x_train), with or without targets: images as the model takes them,
    or numeric rows.

    Raises:
        DataError: there are none, or they do not fit the model.
    """
    arrays = _read_arrays(path)
    found = next((arrays[name] for name in ("x_test", "x", "x_train") if name in arrays), None)
    if found is None:
        raise DataError(f"{path} has the arrays {', '.join(arrays) or '(none)'}", hint="name the inputs x")
    if found.dtype.kind not in "biuf" or not 1 <= found.ndim <= 4:
        raise DataError(f"{path}: the inputs are {found.dtype} with shape {found.shape}", hint=_INPUTS)
    return _fitting(path, found, facts)


def _fitting(path: Path, inputs: np.ndarray, facts: DataFacts) -> np.ndarray | Table:
    """Images, or a table of numeric rows, checked to be what the model takes."""
    if not isinstance(facts.inputs, ImageInput):
        if inputs.ndim > 2:
            raise DataError(f"{path} holds images (shape {inputs.shape}), but the model was trained on a table")
        names = [column for column in facts.inputs.columns if column not in facts.target.columns]
        return _table(path, inputs, names)
    if inputs.ndim <= 2:
        raise DataError(f"{path} holds numeric rows (shape {inputs.shape}), but the model was trained on images")
    pixels, scale = as_pixels(inputs, path)
    image = facts.inputs
    if inputs.dtype == np.uint8 and image.dtype == "uint8" and scale > image.scale:
        scale = image.scale  # a few dark images need not reach the end of the range
    if pixels.shape[1:] != image.shape or pixels.dtype != image.dtype or abs(scale / image.scale - 1) > 0.01:
        raise DataError(
            f"{path} holds images of {pixels.shape[1:]} {pixels.dtype} (up to {1 / scale:g}), "
            f"the model takes {image.shape} {image.dtype} (up to {1 / image.scale:g})"
        )
    return pixels


def read_archive(path: Path) -> Archive:
    """Open an archive and check its array names, types and lengths.

    Raises:
        DataError: an array is wrong; the message names it.
    """
    arrays = _read_arrays(path)
    pairs = {}
    for part, suffix in (("train", ""), *((part, f"_{part}") for part in _PARTS)):
        if f"x{suffix}" in arrays and f"y{suffix}" in arrays:
            pairs[part] = _checked_pair(path, arrays[f"x{suffix}"], arrays[f"y{suffix}"], suffix)
    if "train" not in pairs:
        raise DataError(f"{path} has the arrays {', '.join(arrays) or '(none)'}", hint=f"name them {_KEYS}")
    shapes = {pair[0].shape[1:] for pair in pairs.values()}
    if len(shapes) > 1:
        raise DataError(f"{path}: the sets have different shapes: {', '.join(map(str, sorted(shapes)))}")
    class_names = tuple(str(name) for name in arrays.get("class_names", np.array([])).reshape(-1))
    return Archive(path, pairs, class_names)


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if path.is_dir():
        raise DataError(f"{path} is a folder, not an .npz file")
    if not path.exists():
        raise DataError(
            f"there is no file {path}", hint="relative paths in a config are relative to the config's folder"
        )
    try:
        # Opened here because numpy leaves the file of a damaged archive open.
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(
                    f"{path} holds one array, not an archive", hint=f"use np.savez(path, x=..., y=...) with {_KEYS}"
                )
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        if "pickle" in str(error).lower() or "Object arrays" in str(error):
            told = "is not an .npz archive, or holds Python objects, which are not loaded (they could run code)"
            raise DataError(f"{path} {told}", hint="save plain numeric arrays with np.savez") from None
        raise DataError(f"{path} cannot be read as an .npz archive: {' '.join(str(error).split())[:150]}") from None


def _checked_pair(path: Path, inputs: np.ndarray, values: np.ndarray, suffix: str) -> tuple[np.ndarray, np.ndarray]:
    if inputs.ndim == 0 or values.ndim == 0 or len(inputs) != len(values):
        raise DataError(
            f"{path}: x{suffix} has shape {inputs.shape} and y{suffix} {values.shape}: the numbers of rows differ"
        )
    if inputs.dtype.kind not in "biuf" or inputs.ndim > 4:
        raise DataError(
            f"{path}: x{suffix} is {inputs.dtype} with shape {inputs.shape}",
            hint=_INPUTS,
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError(f"{path}: y{suffix} has {int((~np.isfinite(values)).sum())} values that are NaN or infinite")
    if values.dtype.kind not in "biufU" or values.ndim > 2:
        raise DataError(
            f"{path}: y{suffix} is {values.dtype} with shape {values.shape}", hint="expected (n,) or (n, targets)"
        )
    return inputs, values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _table_dataset(archive: Archive, data: Data, seed: int) -> Dataset:
    table, section, test = _tables(archive, data)
    return load_table(table, section, seed=seed, test=test)


def open_archive_table(data: Data) -> tuple[Table, Data, Table | None] | None:
    """The numeric rows of an .npz file: its table, the section with its target, its test set; None for images.

    Raises:
        DataError: the file cannot be read, or its arrays do not match.
    """
    archive = _open(data)
    return _tables(archive, data) if archive.pairs["train"][0].ndim <= 2 else None


def _tables(archive: Archive, data: Data) -> tuple[Table, Data, Table | None]:
    if "val" in archive.pairs:
        # The validation set of a table is always split off the training rows, so the two are joined here.
        pairs = [archive.pairs["train"], archive.pairs.pop("val")]
        archive.pairs["train"] = (np.concatenate([x for x, _ in pairs]), np.concatenate([y for _, y in pairs]))
    tables = {}
    for part, (inputs, values) in archive.pairs.items():
        rows, targets = _table(archive.path, inputs, None), _target_columns(archive, values, None)
        tables[part] = replace(rows, columns={**rows.columns, **{each.name: each for each in targets}})
    table = tables["train"]
    names = tuple(name for name in table.columns if name.startswith("y"))
    chosen = data if data.target else data.model_copy(update={"target": names})
    others = tuple(name for name in names if name not in (chosen.target or ()))
    return table, chosen.model_copy(update={"drop": (*chosen.drop, *others)}), tables.get("test")


def _table(path: Path, inputs: np.ndarray, names: list[str] | None) -> Table:
    rows = inputs.reshape(len(inputs), -1)
    names = names or [f"x{index}" for index in range(rows.shape[1])]
    if len(names) != rows.shape[1]:
        raise DataError(f"{path} has {rows.shape[1]} columns in x, the model expects {len(names)}")
    columns = {name: number_column(name, rows[:, index]) for index, name in enumerate(names)}
    return Table(columns, np.arange(len(rows), dtype=np.int64), name=str(path))


def _target_columns(archive: Archive, values: np.ndarray, target: Target | None) -> list[Column]:
    """The targets as columns, named y (y0, y1, ... for several) or like the target columns of the trained model."""
    if values.ndim == 2 and (target is None or len(target.columns) != values.shape[1]) and _is_one_hot(values, target):
        values = values.argmax(axis=1)
    count = 1 if values.ndim == 1 else values.shape[1]
    names = list(target.columns) if target else ["y"] if count == 1 else [f"y{index}" for index in range(count)]
    if len(names) != count:
        raise DataError(f"{archive.path} has {count} targets, the model has {len(names)}: {', '.join(names)}")
    if values.ndim == 2:
        return [number_column(name, values[:, index]) for index, name in enumerate(names)]
    class_names = archive.class_names
    if values.dtype.kind == "U":
        texts, codes = np.unique(values, return_inverse=True)
        return [text_column(names[0], codes, texts.tolist())]
    if class_names and values.dtype.kind in "biu":
        if values.min() < 0 or values.max() >= len(class_names):
            raise DataError(
                f"{archive.path}: y ranges from {values.min()} to {values.max()}, but class_names has "
                f"{len(class_names)} names, for 0 to {len(class_names) - 1} [label-values]",
                hint="give every class a name, or leave out class_names",
            )
        return [text_column(names[0], values.astype(np.int32), class_names)]
    return [number_column(names[0], values)]


def _is_one_hot(values: np.ndarray, target: Target | None) -> bool:
    if target is not None and target.task is Task.MULTILABEL:
        return False
    return values.shape[1] > 2 and bool(np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all())


def _image_dataset(archive: Archive, data: Data, seed: int) -> Dataset:
    refuse_table_options(data)
    inputs, values = archive.pairs["train"]
    multilabel = Target(task=Task.MULTILABEL, columns=()) if data.task is Task.MULTILABEL else None
    if multilabel is not None:
        multilabel = multilabel.model_copy(update={"columns": tuple(f"y{index}" for index in range(values.shape[-1]))})
    columns = _target_columns(archive, values, multilabel)
    goal, note = choose_goal(columns, data.task)
    pixels, scale = as_pixels(inputs, archive.path)
    parts = {}
    for part in ("test", "val"):
        if part in archive.pairs:
            x, y = archive.pairs[part]
            others, other_scale = as_pixels(x, archive.path)
            if others.dtype != pixels.dtype or other_scale != scale:
                raise DataError(f"{archive.path}: the value range of x_{part} differs from that of x_train")
            targets = encode_targets(goal, _target_columns(archive, y, multilabel))
            parts[part] = Part({"image": others}, targets, np.arange(len(others), dtype=np.int64))
    return image_dataset(
        data,
        seed,
        Images(pixels),
        Labels(goal, encode_targets(goal, columns)),
        scale=scale,
        test=parts.get("test"),
        validation=parts.get("val"),
        notes=[note] if note else [],
    )
