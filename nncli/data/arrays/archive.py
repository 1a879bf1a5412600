"""What the arrays of an archive are: pairs (x, y) by set, which become the columns of a table; reads no files.

The arrays may be memory maps of files larger than memory; whole ones are looked at a block at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nncli.config.facts import Target, Task
from nncli.config.sections import Data
from nncli.data.arrays.files import KEYS
from nncli.data.streaming.mapping import blocks_of
from nncli.data.tables.files.columns import Column, Table, number_column, text_column
from nncli.errors import DataError

PARTS = ("train", "test", "val")
INPUTS = "expected numeric rows (n, k), or images (n, height, width) or (n, height, width, channels)"

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Archive:
    """The pairs (x, y) of an archive by set ("train" also if x and y are not split), and the class names."""

    path: Path
    pairs: dict[str, Pair]
    class_names: tuple[str, ...]

    @property
    def has_images(self) -> bool:
        """Whether the inputs are images, and not rows of numbers."""
        return self.pairs["train"][0].ndim > 2


def make_archive(path: Path, arrays: Mapping[str, np.ndarray], *, is_trained: bool = True) -> Archive:
    """An archive of arrays by name, whose types and lengths are checked; one that is only measured on, and not
    trained on, needs no training set.

    Raises:
        DataError: an array is wrong; the message names it.
    """
    pairs = {}
    for part, suffix in (("train", ""), *((part, f"_{part}") for part in PARTS)):
        if f"x{suffix}" in arrays and f"y{suffix}" in arrays:
            pairs[part] = _checked_pair(path, arrays[f"x{suffix}"], arrays[f"y{suffix}"], suffix)
    if "train" not in pairs and (is_trained or "test" not in pairs):
        raise DataError(f"{path} has the arrays {', '.join(arrays) or '(none)'}", hint=f"name them {KEYS}")
    shapes = {pair[0].shape[1:] for pair in pairs.values()}
    if len(shapes) > 1:
        raise DataError(f"{path}: the sets have different shapes: {', '.join(map(str, sorted(shapes)))}")
    class_names = tuple(str(name) for name in arrays.get("class_names", np.array([])).reshape(-1))
    return Archive(path, pairs, class_names)


def table_section(data: Data, columns: Mapping[str, Column]) -> Data:
    """The config's section with its target, by default all that y has; what else y has is not learned from."""
    names = tuple(name for name in columns if name.startswith("y"))
    chosen = data if data.target else data.model_copy(update={"target": names})
    others = tuple(name for name in names if name not in (chosen.target or ()))
    return chosen.model_copy(update={"drop": (*chosen.drop, *others)})


def pair_table(archive: Archive, pair: Pair, *, one_hot: bool | None = None) -> Table:
    """Rows of numbers and their targets as a table; `one_hot` as in `target_columns`."""
    rows, targets = input_table(archive.path, pair[0], None), target_columns(archive, pair[1], None, one_hot=one_hot)
    return replace(rows, columns={**rows.columns, **{each.name: each for each in targets}})


def input_table(path: Path, inputs: np.ndarray, names: list[str] | None) -> Table:
    """Numeric rows as a table with the columns x0, x1, ..., or with those of a trained model. Raises DataError."""
    rows = inputs.reshape(len(inputs), -1)
    names = names or [f"x{index}" for index in range(rows.shape[1])]
    if len(names) != rows.shape[1]:
        raise DataError(f"{path} has {rows.shape[1]} columns in x, the model expects {len(names)}")
    columns = {name: number_column(name, rows[:, index]) for index, name in enumerate(names)}
    return Table(columns, np.arange(len(rows), dtype=np.int64), name=str(path))


def target_columns(
    archive: Archive, values: np.ndarray, target: Target | None, *, one_hot: bool | None = None
) -> list[Column]:
    """The targets as columns, named y (y0, y1, ... for several) or like the target columns of the trained model.

    Whether the values are classes in the form of 0 and 1 is found out, unless it is known (`one_hot`) as where they
    are some of all rows.
    """
    if is_one_hot(values, target) if one_hot is None else one_hot:
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


def is_one_hot(values: np.ndarray, target: Target | None) -> bool:
    """Whether each row of the targets is a class as one 1 among zeros, for at least three classes."""
    if values.ndim != 2 or (target is not None and len(target.columns) == values.shape[1]):
        return False
    if values.shape[1] <= 2 or (target is not None and target.task is Task.MULTILABEL):
        return False
    return all(bool(np.isin(block, (0, 1)).all() and (block.sum(axis=1) == 1).all()) for block in blocks_of(values))


def _checked_pair(path: Path, inputs: np.ndarray, values: np.ndarray, suffix: str) -> Pair:
    if inputs.ndim == 0 or values.ndim == 0 or len(inputs) != len(values):
        raise DataError(
            f"{path}: x{suffix} has shape {inputs.shape} and y{suffix} {values.shape}: the numbers of rows differ"
        )
    if inputs.dtype.kind not in "biuf" or inputs.ndim > 4:
        raise DataError(
            f"{path}: x{suffix} is {inputs.dtype} with shape {inputs.shape}",
            hint=INPUTS,
        )
    if values.dtype.kind == "f":
        wrong = sum(int((~np.isfinite(block)).sum()) for block in blocks_of(values))
        if wrong:
            raise DataError(f"{path}: y{suffix} has {wrong} values that are NaN or infinite")
    if values.dtype.kind not in "biufU" or values.ndim > 2:
        raise DataError(
            f"{path}: y{suffix} is {values.dtype} with shape {values.shape}", hint="expected (n,) or (n, targets)"
        )
    return inputs, values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
