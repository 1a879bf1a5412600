"""Other models on the run's own split: fitted at the first evaluation, kept in the cache, compared with the network."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.config.facts import ImageInput, Task
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.data.prepared.array_cache import cache_folder, load_entry, store_entry
from nncli.evaluate.metrics import Baseline, constant_prediction
from nncli.evaluate.references import HEADLINES, differences, fit_linear, fit_trees, headline, linear, trees

# Increased when the models are fitted in another way.
_VERSION = 1
_PREDICTIONS = "predictions"


@dataclass(frozen=True)
class _Fitted:
    """A model's predictions for the test set, and how many rows it was fitted to."""

    name: str
    predictions: np.ndarray
    rows: int


def compare_with_references(dataset: Dataset, predictions: np.ndarray, console: Console) -> dict[str, Any]:
    """How the run's `predictions` for its test set compare with those of simpler and of other models, for JSON.

    {"metric", "value", "fitted_to": rows of the training and validation sets, which the models are fitted to together,
    "models": [{"name", "rows" it was fitted to, "value", "difference", "interval", "verdict"}]}; the difference is
    positive where the network is ahead.
    """
    facts, test = dataset.facts, dataset.test
    task, metric = facts.target.task.value, HEADLINES[facts.target.task.value]
    constant = constant_prediction(task, facts.target.names, Baseline(facts.target.class_counts, facts.target.mean))
    guess = _Fitted("guessing", np.tile(constant, (len(test), 1)), sum_of_rows(dataset))
    tried = [_fit(dataset, linear.NAMES[task], fit_linear, console)]
    if not isinstance(facts.inputs, ImageInput):
        tried.append(_fit(dataset, trees.NAME, fit_trees, console))
    fitted = [guess, *(each for each in tried if each is not None)]
    with console.step("comparing with other models"):
        found = differences(task, test.targets, predictions, {each.name: each.predictions for each in fitted})
    told = []
    for each in fitted:
        value = _value(task, dataset, each.predictions)
        difference = found[each.name]
        told.append(
            {
                "name": each.name,
                "rows": each.rows,
                "value": value,
                "difference": difference.value,
                "interval": difference.interval,
                "verdict": difference.verdict,
            }
        )
    return {
        "metric": metric,
        "value": _value(task, dataset, predictions),
        "fitted_to": sum_of_rows(dataset),
        "models": told,
    }


def sum_of_rows(dataset: Dataset) -> int:
    """The rows of the training and validation sets."""
    return len(dataset.train) + len(dataset.validation)


def _value(task: str, dataset: Dataset, predictions: np.ndarray) -> float | None:
    """The headline metric on the test set; None where it is not defined."""
    value = headline(task, dataset.test.targets, predictions)
    return value if np.isfinite(value) else None


def _fit(dataset: Dataset, name: str, fit: Callable[..., tuple[np.ndarray, int]], console: Console) -> _Fitted | None:
    """From the cache, or fitted now and stored there; a cache that cannot be written only costs time.

    None, with a warning, if it cannot be fitted.
    """
    task, outputs = dataset.facts.target.task, dataset.facts.target.outputs
    folder = cache_folder() / "references" / _key(dataset, name, task)
    entry = load_entry(folder)
    if entry is not None and entry.arrays[_PREDICTIONS].shape == (len(dataset.test), outputs):
        return _Fitted(name, np.asarray(entry.arrays[_PREDICTIONS]), int(entry.notes["rows"]))
    inputs = {
        key: np.concatenate([dataset.train.inputs[key], dataset.validation.inputs[key]]) for key in dataset.train.inputs
    }
    targets = np.concatenate([dataset.train.targets, dataset.validation.targets])
    try:
        with console.step(f"fitting {name} to compare with"):
            found, rows = fit(task.value, inputs, targets, dataset.test.inputs, outputs)
    except (ValueError, MemoryError) as error:  # from scikit-learn; the network's own numbers do not depend on it
        reason = (str(error).splitlines() or ["out of memory"])[0]
        console.warn(f"{name} could not be fitted to compare with: {reason}")
        return None
    predictions = found.astype(np.float32)
    store_entry(folder, {_PREDICTIONS: predictions}, {"rows": rows, "model": name})
    return _Fitted(name, predictions, rows)


def _key(dataset: Dataset, name: str, task: Task) -> str:
    """The data decides, and what is predicted: the same numbers are fitted in another way for another task."""
    from importlib.metadata import version

    told = f"{_VERSION}/{dataset.fingerprint}/{task.value}/{name}/{version('scikit-learn')}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]
