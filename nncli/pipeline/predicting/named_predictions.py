"""From the outputs of a network to answers with names: classes, labels or values, each with its input's name."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task

Answer = dict[str, Any]


def make_answers(facts: DataFacts, names: Sequence[str], outputs: np.ndarray, top: int | None) -> Iterator[Answer]:
    """One answer for each row of `outputs` (rows, outputs): probabilities, or values in the target's units.

    A class: {input, prediction, probability, probabilities}, the most probable first and at most `top` of them.
    Labels: {input, prediction: [labels above their thresholds], probabilities}. A number: {input, prediction}, where
    several targets make a mapping.
    """
    for name, row in zip(names, outputs.astype(float), strict=True):
        # A file name may hold bytes that are no UTF-8, which no output format can.
        readable = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        yield {"input": readable, **_answer(facts, row, top)}


def _answer(facts: DataFacts, row: np.ndarray, top: int | None) -> Answer:
    target = facts.target
    if target.task.is_regression:
        values = [_rounded(value) for value in row]
        return {"prediction": values[0] if len(values) == 1 else dict(zip(target.columns, values, strict=True))}
    if target.task is Task.MULTILABEL:
        ranked = _ranked(target.columns, row, top)
        limits = target.thresholds or (0.5,) * len(row)
        chosen = [name for name, value, limit in zip(target.columns, row, limits, strict=True) if value > limit]
        return {"prediction": chosen, "probabilities": ranked}
    probabilities = np.array([1.0 - row[0], row[0]]) if target.task is Task.BINARY else row
    ranked = _ranked(target.classes, probabilities, top)
    is_cut = target.task is Task.BINARY and target.thresholds
    best = int(row[0] > target.thresholds[0]) if is_cut else int(np.argmax(probabilities))
    return {
        "prediction": target.classes[best],
        "probability": _rounded(probabilities[best]),
        "probabilities": ranked,
    }


def _ranked(names: Sequence[str], values: np.ndarray, top: int | None) -> dict[str, float]:
    order = np.argsort(-values, kind="stable")[:top]
    return {names[i]: _rounded(values[i]) for i in order}


def _rounded(value: float) -> float:
    """Seven significant digits: all that float32 has."""
    return float(f"{value:.7g}")
