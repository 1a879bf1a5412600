"""The thresholds of a run, chosen on its validation set and kept among its facts (inputs.json)."""

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.errors import UsageError
from nncli.evaluate.adjusting.thresholds import HALF, choose_thresholds

_MOST_NAMES = 4


def choose_for(facts: DataFacts, targets: np.ndarray, predictions: np.ndarray) -> DataFacts:
    """The facts with thresholds chosen by F1 on these rows of the validation set; none where one half is as good.

    `targets` and `predictions` are (n, 1) for binary and (n, labels) for multilabel; other tasks have no thresholds.
    """
    if facts.target.task not in (Task.BINARY, Task.MULTILABEL) or not len(targets):
        return facts
    found = choose_thresholds(targets, predictions)
    return _with_thresholds(facts, () if all(value == HALF for value in found) else found)


def override(facts: DataFacts, threshold: float | None) -> DataFacts:
    """The facts with this threshold for the class or every label. Raises UsageError for other tasks."""
    if threshold is None:
        return facts
    if facts.target.task not in (Task.BINARY, Task.MULTILABEL):
        raise UsageError(
            f"--threshold: expected a binary or multilabel run, got {facts.target.task.value}",
            hint="leave --threshold out",
        )
    return _with_thresholds(facts, (threshold,) * facts.target.outputs)


def by_name(facts: DataFacts) -> dict[str, float] | None:
    """The threshold of the positive class or of each label; None where all are one half."""
    return dict(zip(_names(facts), facts.target.thresholds, strict=True)) if facts.target.thresholds else None


def describe(facts: DataFacts) -> str | None:
    """Which answers need more or less than one half, in words; None where none does."""
    told = [f"{name} above {value:.3g}" for name, value in (by_name(facts) or {}).items() if value != HALF]
    if not told:
        return None
    more = f" and {len(told) - _MOST_NAMES} more" if len(told) > _MOST_NAMES else ""
    return f"{', '.join(told[:_MOST_NAMES])}{more}"


def _names(facts: DataFacts) -> tuple[str, ...]:
    return facts.target.classes[1:] if facts.target.task is Task.BINARY else facts.target.columns


def _with_thresholds(facts: DataFacts, thresholds: tuple[float, ...]) -> DataFacts:
    return facts.model_copy(update={"target": facts.target.model_copy(update={"thresholds": thresholds})})
