"""A training task: a resolved config, the facts of its data, and the arrays, in a folder shared by the processes."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from nncli import data
from nncli.config.facts import CategoryColumn, DataFacts, TableInput
from nncli.config.reading.document import KeyPath, read_document
from nncli.config.reading.loading import load_config, validate
from nncli.config.rules import resolve
from nncli.config.sections import Config, to_mapping

ROOT = Path(__file__).resolve().parent.parent.parent
_CONFIG, _FACTS = "config.yaml", "facts.json"


@dataclass(frozen=True)
class Examples:
    """Inputs by name and targets, as returned by `nncli.data`."""

    inputs: dict[str, np.ndarray]
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Task:
    """A network to train, with its training and test examples."""

    config: Config
    facts: DataFacts
    train: Examples
    test: Examples

    @property
    def batch_size(self) -> int:
        """The number of examples per update."""
        size = self.config.train.batch_size
        return len(self.train) if size == "full" else size

    @property
    def learning_rate(self) -> float:
        """The constant learning rate. Raises ValueError for a schedule, which the peers do not support."""
        rate = self.config.optimizer.learning_rate
        if not isinstance(rate, float):
            raise ValueError(f"got a schedule of learning rates in {self.config.name}")
        return rate

    @property
    def is_regression(self) -> bool:
        """Whether the targets are numbers rather than classes."""
        return self.facts.target.task.is_regression


def save_task(folder: Path, config: str, assignments: tuple[str, ...], data_dir: Path | None, table: Path) -> Task:
    """Reads the data of a config as `nncli train` does, and writes everything for `load_task`.

    `table` is the file for configs that use a table. Raises NncliError if the config or the data is invalid.
    """
    options: list[tuple[KeyPath, Any, str]] = [(("data", "fallback"), None, "no fallback")]
    if config.startswith("benchmarks/tables/"):
        options = [(("data", "path"), str(table), "--data")]
    loaded = load_config(str(ROOT / config), assignments, options)
    section, seed = loaded.config.data, loaded.config.seed
    dataset = data.load(section, seed=seed, data_dir=data_dir, progress=lambda what, share: None)
    resolved, _ = resolve(loaded, dataset.facts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _CONFIG).write_text(yaml.safe_dump(to_mapping(resolved), sort_keys=False), encoding="utf-8")
    (folder / _FACTS).write_text(dataset.facts.model_dump_json(), encoding="utf-8")
    for name, part in (("train", dataset.train), ("test", dataset.test)):
        arrays: dict[str, Any] = {**part.inputs, "targets": part.targets}
        np.savez(folder / f"{name}.npz", **arrays)
    return load_task(folder)


def load_task(folder: Path) -> Task:
    """The task that `save_task` wrote."""
    return Task(
        config=validate(read_document(folder / _CONFIG)).config,
        facts=DataFacts.model_validate_json((folder / _FACTS).read_text(encoding="utf-8")),
        train=_load_examples(folder / "train.npz"),
        test=_load_examples(folder / "test.npz"),
    )


def _load_examples(file: Path) -> Examples:
    with np.load(file, allow_pickle=False) as arrays:
        inputs = {name: arrays[name] for name in arrays.files if name != "targets"}
        return Examples(inputs, arrays["targets"])


def features(task: Task, examples: Examples) -> np.ndarray:
    """The examples as a script would prepare them once: float32 (n, *shape), the input of the network's first layer."""
    if not isinstance(task.facts.inputs, TableInput):
        return examples.inputs["image"].astype(np.float32) * np.float32(task.facts.inputs.scale)
    table, parts = task.facts.inputs, []
    if table.numbers:
        parts += _numbers(table, examples.inputs["numbers"])
    for position, column in enumerate(table.categories):
        parts.append(_one_hot(column, examples.inputs["categories"][:, position]))
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _numbers(table: TableInput, numbers: np.ndarray) -> list[np.ndarray]:
    medians, means, deviations = (
        np.array([getattr(column, name) for column in table.numbers], np.float32)
        for name in ("median", "mean", "deviation")
    )
    missing = np.isnan(numbers)
    lacking = [index for index, column in enumerate(table.numbers) if column.has_missing]
    return [(np.where(missing, medians, numbers) - means) / deviations, missing[:, lacking].astype(np.float32)]


def _one_hot(column: CategoryColumn, indices: np.ndarray) -> np.ndarray:
    known = len(column.vocabulary)
    if column.width != known:
        raise ValueError(f"column {column.name} has {known} values: too many for this benchmark")
    # Row 0 represents a missing or unknown value.
    rows: np.ndarray = np.concatenate([np.zeros((1, known), np.float32), np.eye(known, dtype=np.float32)])
    return np.take(rows, indices, axis=0)


def scaled_targets(task: Task, examples: Examples) -> np.ndarray:
    """Classes int32 (n,), or numbers float32 (n, targets), with mean 0 and standard deviation 1 on the training set."""
    if not task.is_regression:
        return examples.targets.astype(np.int32)
    target = task.facts.target
    mean, deviation = np.array(target.mean, np.float32), np.array(target.deviation, np.float32)
    scaled: np.ndarray = ((examples.targets - mean) / deviation).astype(np.float32)
    return scaled


def score(task: Task, outputs: np.ndarray, *, scaled: bool = True) -> float:
    """The accuracy on the test set of outputs (n, classes), or R² of outputs (n, targets), given scaled or not."""
    if not task.is_regression:
        return float(np.mean(np.argmax(outputs, axis=1) == task.test.targets))
    wanted = scaled_targets(task, task.test) if scaled else task.test.targets
    misses = np.square(outputs.reshape(wanted.shape) - wanted).sum(dtype=np.float64)
    return float(1 - misses / np.square(wanted - wanted.mean(axis=0)).sum(dtype=np.float64))


def updates(task: Task) -> int:
    """The number of updates per epoch; the last batch may be smaller."""
    return math.ceil(len(task.train) / task.batch_size)
