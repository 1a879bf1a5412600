"""How a script reads the data of a run: from its source where that is short to say, else from an .npz file."""

from dataclasses import dataclass

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, TableInput
from nncli.config.sections import BUNDLED, Config
from nncli.data.dataset import Dataset, Part
from nncli.pipeline.exporting.script.calls import LOAD_ARRAYS, write_value

PARTS = ("train", "validation", "test")
_ROWS = f"rows = {LOAD_ARRAYS}"
_TABLES = {name: f"load_{name}" for name in BUNDLED if not name.startswith("digit") and name != "shapes"}
# Those of tensorflow-datasets that are known to have the splits train and test, and no other.
_PREPARED = frozenset(("mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100"))
# What digit_attributes asks of each digit.
_ATTRIBUTES = {"even": "y % 2 == 0", "at_least_five": "y >= 5", "has_loop": "np.isin(y, (0, 6, 8, 9))"}


@dataclass(frozen=True)
class DataCode:
    """The body of `load_data`, the imports it needs, what the .npz file holds, and what to say about it."""

    lines: list[str]
    imports: list[str]
    arrays: dict[str, np.ndarray]
    description: str


def write_data_code(config: Config, dataset: Dataset) -> DataCode:
    """How the script comes by the same rows in the same sets.

    Those of scikit-learn and of tensorflow-datasets are read from there, and the .npz file has the row numbers of
    each set. Of other sources it has the rows themselves, encoded as the network takes them.
    """
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    rows = {name: part.rows for name, part in parts.items()}
    source = config.data.source
    told = "has the row numbers of the training, validation and test set"
    if source in ("digits", "digit_attributes"):
        lines, imports = _digits_lines(config), ["from sklearn.datasets import load_digits"]
        return DataCode([*lines, *_choose_lines()], imports, rows, told)
    if source in _TABLES and _is_whole(config, dataset.facts):
        lines = _table_lines(source, dataset.facts)
        return DataCode([*lines, *_choose_lines()], [f"from sklearn.datasets import {_TABLES[source]}"], rows, told)
    if source.removeprefix("tfds:") in _PREPARED:
        lines = _prepared_lines(source.removeprefix("tfds:"))
        return DataCode(lines, ["import tensorflow_datasets as tfds"], rows, told)
    told = "has the rows of each set, encoded as the network takes them"
    return DataCode(_array_lines(dataset.facts), [], _arrays(parts), told)


def _choose_lines() -> list[str]:
    return [_ROWS, f"return [(x[rows[part]], y[rows[part]]) for part in {write_value(PARTS)}]"]


def _digits_lines(config: Config) -> list[str]:
    lines = ["digits = load_digits()", 'x, y = digits.images.astype("uint8")[..., np.newaxis], digits.target']
    if config.data.source == "digit_attributes":
        asked = [_ATTRIBUTES[name] for name in config.data.target or _ATTRIBUTES]
        stacked = f"np.stack([{', '.join(asked)}], axis=1)" if len(asked) > 1 else f"({asked[0]})"
        lines.append(f'y = {stacked}.astype("float32")')
    return lines


def _is_whole(config: Config, facts: DataFacts) -> bool:
    """Whether every column is learned from as the number that it is."""
    data = config.data
    changed = data.features or data.drop or data.columns or data.values
    return not changed and isinstance(facts.inputs, TableInput) and not facts.inputs.categories


def _table_lines(source: str, facts: DataFacts) -> list[str]:
    if facts.target.task.is_regression:
        load = f"data = {_TABLES[source]}({'scaled=False' if source == 'diabetes' else ''})"
        return [load, 'x, y = data.data.astype("float32"), data.target.astype("float32")']
    lines = [f"data = {_TABLES[source]}()", 'x, y = data.data.astype("float32"), data.target']
    if source == "breast_cancer":
        lines.append("y = 1 - y  # malignant is the positive class")
    return lines


def _prepared_lines(name: str) -> list[str]:
    return [
        "# Read in the order of the files, which the row numbers count; TFDS_DATA_DIR is where it looks.",
        "order = tfds.ReadConfig(interleave_cycle_length=1)",
        f'splits = tfds.load({write_value(name)}, split=["train", "test"], batch_size=-1, read_config=order)',
        'train, test = ((split["image"], split["label"]) for split in tfds.as_numpy(splits))',
        _ROWS,
        'own = [tuple(array[rows[part]] for array in train) for part in ("train", "validation")]',
        "return [*own, test]",
    ]


def _array_lines(facts: DataFacts) -> list[str]:
    names = _input_names(facts)
    load = f"data = {LOAD_ARRAYS}"
    if len(names) == 1:
        taken = f'data[f"{{part}}_{names[0]}"]'
    else:
        taken = f'{{name: data[f"{{part}}_{{name}}"] for name in {write_value(names)}}}'
    return [
        load,
        f"parts = {write_value(PARTS)}",
        f"x = [{taken} for part in parts]",
        'y = [data[f"{part}_targets"] for part in parts]',
        "return list(zip(x, y))",
    ]


def _arrays(parts: dict[str, Part]) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for name, part in parts.items():
        arrays |= {f"{name}_{key}": array for key, array in part.inputs.items()}
        is_single = part.targets.ndim == 2 and part.targets.shape[1] == 1
        arrays[f"{name}_targets"] = part.targets[:, 0] if is_single else part.targets
    return arrays


def _input_names(facts: DataFacts) -> tuple[str, ...]:
    if isinstance(facts.inputs, ImageInput):
        return ("image",)
    return tuple(name for name in ("numbers", "categories") if getattr(facts.inputs, name))
