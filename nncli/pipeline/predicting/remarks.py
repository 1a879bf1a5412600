"""Warnings that the metrics alone do not give: a model that learned nothing or predicts impossible values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.data.batches import Outside
from nncli.data.plurals import count

# A loss that changes by less than this share over a whole training has not changed.
_STILL = 0.02
# A loss this many times that of guessing means steps that are too large, not too little training.
_FAR = 2.0
# Columns with unknown values that are told one by one.
_MOST_COLUMNS = 8
# The verdicts on a training (nncli.evaluate.health) that tell why nothing was learned.
_CAUSES = (
    "vanishing", "exploding", "dead", "saturated", "starved", "learning-rate-too-high", "learning-rate-too-low",
)  # fmt: skip
# The share of the epochs after which the best one counts as the end of a training.
_END = 0.9


def count_impossible(facts: DataFacts, predictions: np.ndarray) -> int:
    """How many rows of `predictions` (n, targets) are below zero in a target that never is in the training set."""
    target = facts.target
    if target.task is not Task.REGRESSION or not target.minimum:
        return 0
    never = np.array(target.minimum) >= 0
    return int((predictions[:, never] < 0).any(axis=1).sum()) if never.any() else 0


def describe_impossible(facts: DataFacts, impossible: int, rows: int) -> str:
    """The warning about them, with the fix."""
    names = ", ".join(facts.target.columns)
    return (
        f"{impossible:,} of {count(rows, 'prediction')} below zero, which {names} never is in the training set; "
        "`task: positive_regression` rules that out"
    )


def describe_outside(outside: Mapping[str, Outside], rows: int) -> list[str]:
    """A line for each column with values that training did not have, those with most rows first."""
    ordered = sorted(outside.items(), key=lambda item: -item[1].rows)
    told = []
    for name, found in ordered[:_MOST_COLUMNS]:
        examples = ", ".join(found.examples)
        what = (
            f"outside the training range {found.low:.7g} to {found.high:.7g} ({examples})"
            if found.low is not None and found.high is not None
            else f"with a value not in the training set ({examples})"
        )
        told.append(f"{name}: {found.rows:,} of {count(rows, 'row')} {what}")
    if len(ordered) > _MOST_COLUMNS:
        told.append(f"{count(len(ordered) - _MOST_COLUMNS, 'more column')} with values that training did not have")
    return told


def describe_verdict(
    judged: Mapping[str, Any], history: Sequence[Mapping[str, float]], cause: str | None = None
) -> str | None:
    """What to say about a model that is no better than its baseline, and what to try; None for one that is.

    `judged` is what `evaluate.baseline.judge` found, `history` the records of the training's epochs, `cause` what is
    known to have kept the network from learning.
    """
    told = _TOLD.get(judged["verdict"])
    if told is None:
        return None
    numbers = f"loss {judged['loss']:.4g} a row, the baseline's {judged['baseline_loss']:.4g}"
    if judged["verdict"] == "nothing":
        remedy = cause or _REMEDIES[_course(judged, history)]
    else:
        remedy = _OTHER[judged["verdict"]]
    return f"{told} ({numbers}); {remedy}"


def cause_in(verdicts: Sequence[Mapping[str, Any]]) -> str | None:
    """What may have kept a network from learning anything; None if no verdict says so."""
    rules = [verdict["rule"] for verdict in verdicts if verdict["rule"] in _CAUSES]
    return f"the cause may be: {', '.join(rules)} (`nncli explain {rules[0]}`)" if rules else None


def describe_other_data(judged: Mapping[str, Any]) -> str | None:
    """What to say about a model that learned, where it is no better than its baseline on data that is not its own."""
    if judged["verdict"] == "better":
        return None
    if judged["verdict"] != "nothing":
        return describe_verdict(judged, [])
    return (
        f"no better than guessing on this data (loss {judged['loss']:.4g} a row, the baseline's "
        f"{judged['baseline_loss']:.4g}), though it was on its own test set; check that inputs and labels mean the same"
    )


_TOLD = {
    "few": "too few rows to tell whether it is better than guessing",
    "unclear": "not clearly better than guessing: on these rows this may be chance",
    "overconfident": "overconfident: its probabilities are worse than the class frequencies",
    "outliers": "most predictions are closer than the baseline's, but a few are far off",
    "nothing": "learned nothing: no better than guessing",
}

_OTHER = {
    "few": "measure on more rows with `nncli eval --data`, and collect more to learn from",
    "unclear": "measure on more rows with `nncli eval --data`",
    "overconfident": "try fewer units, dropout or l2, early stopping, or more data",
    "outliers": "look at the worst rows of `nncli eval`; try `loss: huber`, or remove extreme values",
}

_REMEDIES = {
    "still": "the loss hardly changed: try a learning rate ten times as large, or `hidden_activation: relu`",
    "far": "the loss stayed far above that of guessing: try a learning rate ten times smaller",
    "parted": (
        "the validation loss stopped falling before the training loss: the inputs may carry little information "
        "about the target; try fewer units, dropout or l2, or more data"
    ),
    "rising": "the loss rose: try a learning rate ten times smaller",
    "falling": "the loss was still falling: try more epochs, or a larger learning rate",
    "unknown": "try another learning rate, more epochs, or examine the data with `nncli data`",
}


def _course(judged: Mapping[str, Any], history: Sequence[Mapping[str, float]]) -> str:
    """The course of the losses, which decides what to try."""
    losses = [record["loss"] for record in history if record.get("loss") is not None]
    if len(losses) < 2:
        return "unknown"
    change = (losses[0] - losses[-1]) / max(abs(losses[0]), 1e-12)
    if change < -_STILL:
        return "rising"
    if change < _STILL:
        return "still"
    if min(losses[-1], judged["loss"]) > _FAR * judged["baseline_loss"]:
        return "far"
    validation = [record["val_loss"] for record in history if record.get("val_loss") is not None]
    if validation and validation.index(min(validation)) + 1 < _END * len(validation):
        return "parted"
    return "falling"
