"""The bundled data sets: those of scikit-learn, read from its files, and `shapes`; without importing scikit-learn.

Importing `sklearn.datasets` takes seconds because of scipy and others, so its data files are located and read directly.
"""

import csv
import gzip
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from nncli.config.facts import Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.images.image_dataset import Images, Labels, image_dataset, refuse_table_options
from nncli.data.shapes import draw_points, names_of_classes
from nncli.data.tables.files.columns import Column, Table, number_column, text_column
from nncli.data.tables.loading import load_table
from nncli.data.targets import choose_goal, class_goal, encode_targets
from nncli.errors import DataError, NncliError

ATTRIBUTES = ("even", "at_least_five", "has_loop")
_DIGITS_SCALE = 1 / 16
_DIABETES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
_WINE = (
    "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
    "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280/od315_of_diluted_wines", "proline",
)  # fmt: skip
_IRIS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
_CELL = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points", "symmetry",
    "fractal dimension",
)  # fmt: skip
_CANCER = (
    *(f"mean {name}" for name in _CELL),
    *(f"{name} error" for name in _CELL),
    *(f"worst {name}" for name in _CELL),
)


def load_bundled(data: Data, *, seed: int) -> Dataset:
    """The bundled data set named by `data.source`.

    Raises:
        DataError: an option of `data` does not apply to it.
    """
    if data.path is not None:
        raise DataError(f"source {data.source} is bundled and takes no `path`", hint="remove `path`")
    if isinstance(data.test, str):
        raise DataError(f"source {data.source} is bundled: `test` must be a fraction, got {data.test!r}")
    opened = open_bundled_table(data, seed=seed)
    if opened is not None:
        return load_table(*opened, seed=seed)
    return _digits(data, seed) if data.source == "digits" else _digit_attributes(data, seed)


def open_bundled_table(data: Data, *, seed: int) -> tuple[Table, Data] | None:
    """The table named by `data.source`, and the section with its target and task; None for an image data set.

    The seed is that of the config, from which `shapes` are drawn.

    Raises:
        DataError: the section names another target.
    """
    openers: dict[str, Callable[[Data], tuple[Table, Data]]] = {
        "iris": partial(_classes, file="iris.csv", names=_IRIS, target="species"),
        "wine": partial(_classes, file="wine_data.csv", names=_WINE, target="cultivar"),
        "breast_cancer": partial(_classes, file="breast_cancer.csv", names=_CANCER, target="diagnosis"),
        "diabetes": _diabetes,
        "shapes": partial(_shapes, seed=seed),
    }
    return openers[data.source](data) if data.source in openers else None


def _digits(data: Data, seed: int) -> Dataset:
    refuse_table_options(data, target=True)
    _refuse_target(data, "digit")
    pixels, digits = _digit_pixels()
    goal = class_goal("digit", [str(digit) for digit in range(10)], data.task)
    return image_dataset(data, seed, Images(pixels), Labels(goal, digits.astype(np.int32)), scale=_DIGITS_SCALE)


def _digit_attributes(data: Data, seed: int) -> Dataset:
    refuse_table_options(data, target=True)
    pixels, digits = _digit_pixels()
    facts = {"even": digits % 2 == 0, "at_least_five": digits >= 5, "has_loop": np.isin(digits, (0, 6, 8, 9))}
    names = data.target or ATTRIBUTES
    unknown = [name for name in names if name not in facts]
    if unknown:
        raise DataError(f'digit_attributes has no target "{unknown[0]}"', hint=f"choose from {', '.join(ATTRIBUTES)}")
    columns = [number_column(name, facts[name]) for name in names]
    if len(columns) == 1:
        columns = [text_column(names[0], facts[names[0]].astype(np.int32), ("no", "yes"))]
    goal, _ = choose_goal(columns, data.task or (Task.BINARY if len(columns) == 1 else Task.MULTILABEL))
    return image_dataset(
        data, seed, Images(pixels), Labels(goal, encode_targets(goal, columns), strata=digits), scale=_DIGITS_SCALE
    )


def _classes(data: Data, *, file: str, names: tuple[str, ...], target: str) -> tuple[Table, Data]:
    """A table whose file starts with a line of: rows, columns, class names."""
    _refuse_target(data, target)
    with _file(file).open(newline="") as lines:
        classes = next(csv.reader(lines))[2:]
        values = np.loadtxt(lines, delimiter=",")
    labels = text_column(target, values[:, -1].astype(np.int32), classes)
    task = Task.BINARY if len(classes) == 2 else Task.MULTICLASS
    return _table(data, names, values[:, :-1], labels, task)


def _diabetes(data: Data) -> tuple[Table, Data]:
    _refuse_target(data, "progression")
    with gzip.open(_file("diabetes_data_raw.csv.gz"), "rt") as lines:
        values = np.loadtxt(lines)
    with gzip.open(_file("diabetes_target.csv.gz"), "rt") as lines:
        progression = np.loadtxt(lines)
    return _table(data, _DIABETES, values, number_column("progression", progression), Task.REGRESSION)


def _shapes(data: Data, *, seed: int) -> tuple[Table, Data]:
    _refuse_target(data, "class")
    shape = data.shape or "circles"
    if data.arms is not None and shape != "spirals":
        raise DataError(
            f"data.arms: expected shape spirals, got {shape}", hint="leave `arms` out, or write `shape: spirals`"
        )
    arms = data.arms or 2
    points, classes = draw_points(shape, data.samples or 500, 0.05 if data.noise is None else data.noise, arms, seed)
    labels = text_column("class", classes, names_of_classes(shape, arms))
    task = Task.MULTICLASS if shape == "spirals" and arms > 2 else Task.BINARY
    return _table(data, ("x1", "x2"), points, labels, task)


def _table(data: Data, names: tuple[str, ...], values: np.ndarray, target: Column, task: Task) -> tuple[Table, Data]:
    columns = {name: number_column(name, values[:, index]) for index, name in enumerate(names)}
    table = Table({**columns, target.name: target}, np.arange(len(values)), name=f"the data set {data.source}")
    return table, data.model_copy(update={"target": (target.name,), "task": data.task or task})


def _digit_pixels() -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (1797, 8, 8, 1) with values from 0 to 16, and the digits int64 (1797,)."""
    with gzip.open(_file("digits.csv.gz"), "rt") as lines:
        values = np.loadtxt(lines, delimiter=",", dtype=np.int64)
    return values[:, :-1].astype(np.uint8).reshape(-1, 8, 8, 1), values[:, -1]


def _refuse_target(data: Data, name: str) -> None:
    if data.target and data.target != (name,):
        raise DataError(
            f'source {data.source} has the target "{name}", got "{", ".join(data.target)}"', hint="remove `target`"
        )


def _file(name: str) -> Path:
    found = find_spec("sklearn")
    folder = Path(found.origin or "").parent / "datasets" / "data" if found else Path()
    if not (folder / name).is_file():
        raise NncliError(f"scikit-learn's data file {name} was not found", hint="pip install scikit-learn")
    return folder / name
