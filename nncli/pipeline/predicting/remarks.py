"""What numbers alone do not say of a model: that it learned nothing, or predicts what cannot be; with what to try."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.data.plurals import count

# A loss that changes by less than this share in a whole training has not moved.
_STILL = 0.02
# A loss on the validation set that is above its minimum by this share, while the other fell, is overfitting.
_PARTED = 1.2


def count_impossible(facts: DataFacts, predictions: np.ndarray) -> int:
    """How many rows of `predictions` (n, targets) are below zero in a target that never is in the training set."""
    target = facts.target
    if target.task is not Task.REGRESSION or not target.minimum:
        return 0
    never = np.array(target.minimum) >= 0
    return int((predictions[:, never] < 0).any(axis=1).sum()) if never.any() else 0


def describe_impossible(facts: DataFacts, impossible: int, rows: int) -> str:
    """Says so, with the fix."""
    names = ", ".join(facts.target.columns)
    return (
        f"{impossible:,} of {count(rows, 'prediction')} below zero, which {names} never is in the training set; "
        "`task: positive_regression` rules that out"
    )


def describe_verdict(judged: Mapping[str, Any], history: Sequence[Mapping[str, float]]) -> str | None:
    """What to say of a model that is no better than its baseline, and what to try; None for one that is.

    `judged` is what `evaluate.baseline.judge` found, `history` the records of the training's epochs.
    """
    verdict = judged["verdict"]
    if verdict == "better":
        return None
    numbers = f"loss {judged['loss']:.4g} a row, the baseline's {judged['baseline_loss']:.4g}"
    if verdict == "unclear":
        return f"not clearly better than guessing on so few rows ({numbers})"
    if verdict == "overconfident":
        return (
            f"the probabilities are worse than the frequencies of the classes ({numbers}): it is too sure of itself; "
            f"{_REMEDIES['parted']}"
        )
    return f"learned nothing: no better than guessing ({numbers}); {_REMEDIES[_course(history)]}"


_REMEDIES = {
    "still": "the loss hardly moved: try a learning rate ten times as large, or `hidden_activation: relu`",
    "parted": "try fewer units, dropout or l2, early stopping, or more data",
    "rising": "the loss rose: try a learning rate ten times smaller",
    "falling": "the loss was still falling: try more epochs, or a larger learning rate",
    "unknown": "try another learning rate, more epochs, or examine the data with `nncli data`",
}


def _course(history: Sequence[Mapping[str, float]]) -> str:
    """How the losses went: what to try follows from it."""
    losses = [record["loss"] for record in history if record.get("loss") is not None]
    if len(losses) < 2:
        return "unknown"
    change = (losses[0] - losses[-1]) / max(abs(losses[0]), 1e-12)
    if change < -_STILL:
        return "rising"
    if change < _STILL:
        return "still"
    validation = [record["val_loss"] for record in history if record.get("val_loss") is not None]
    if validation and validation[-1] > _PARTED * min(validation):
        return "parted"
    return "falling"
