"""From the outputs of a network to answers with names: classes, labels or values, each with its input's name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.evaluate.scores import cuts

Answer = dict[str, Any]

# So near to the middle between two numbers of seven digits, a product may be rounded to the wrong side.
_UNSURE = 1e-6


@dataclass(frozen=True)
class Answers:
    """The answers to a batch of inputs.

    `outputs` (rows, outputs) are probabilities, or values in the target's units, of the inputs in `names`. `top` limits
    the classes that are reported. `kept` are the original cells of the rows, a pyarrow.Table. `novelty` (rows,) scores
    images, which are unlike the training images above 1.
    """

    facts: DataFacts
    names: Sequence[str]
    outputs: np.ndarray
    top: int | None = None
    kept: Any = None
    novelty: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.names)

    def first(self, count: int) -> "Answers":
        """The first ones, at most `count`, without their original cells."""
        novelty = None if self.novelty is None else self.novelty[:count]
        return Answers(self.facts, self.names[:count], self.outputs[:count], self.top, novelty=novelty)

    def records(self) -> Iterator[Answer]:
        """One mapping for each input.

        A class: {input, prediction, probability, probabilities}, the most probable first and at most `top` of them.
        Labels: {input, prediction: [labels above their thresholds], probabilities}. A number: {input, prediction},
        where several targets make a mapping. Original cells are in `row`, the score of an image in `unlike_training`.
        """
        if self.novelty is None:
            yield from self._records()
            return
        for record, score in zip(self._records(), self._novelty, strict=True):
            yield {**record, "unlike_training": score}

    def _records(self) -> Iterator[Answer]:
        rows = [{}] * len(self) if self.kept is None else [{"row": row} for row in self.kept.to_pylist()]
        target = self.facts.target
        if target.task.is_regression:
            for name, values, row in zip(self._inputs, _rounded(self.outputs), rows, strict=True):
                several = dict(zip(target.columns, values, strict=True))
                yield {"input": name, **row, "prediction": several if len(values) > 1 else values[0]}
            return
        chosen = self._chosen
        order = np.argsort(-self._probabilities, axis=1, kind="stable")[:, : self.top].tolist()
        for place, (name, values, row) in enumerate(zip(self._inputs, self._rounded, rows, strict=True)):
            told: Answer = {"input": name, **row, "prediction": chosen[place]}
            if target.task is not Task.MULTILABEL:
                told["probability"] = values[self._best[place]]
            yield {**told, "probabilities": {self._labels[i]: values[i] for i in order[place]}}

    def columns(self) -> dict[str, list[Any]]:
        """The answers as columns of a table, a probability for each class or label, a value for each target; without
        the original cells. The score of an image is in `unlike_training`.

        The probabilities of classes that `top` leaves out are None; several labels are separated by "|".
        """
        scores = {} if self.novelty is None else {"unlike_training": self._novelty}
        return {"input": self._inputs} | self._prediction_columns() | scores

    def _prediction_columns(self) -> dict[str, list[Any]]:
        target = self.facts.target
        told: dict[str, list[Any]] = {}
        if target.task.is_regression:
            names = target.columns
            keys = ["prediction"] if len(names) == 1 else [f"prediction_{name}" for name in names]
            return told | dict(zip(keys, _rounded(self.outputs.T), strict=True))
        if target.task is Task.MULTILABEL:
            told["prediction"] = ["|".join(labels) for labels in self._chosen]
        else:
            told["prediction"] = self._chosen
            told["probability"] = [row[best] for row, best in zip(self._rounded, self._best, strict=True)]
        columns = _rounded(self._probabilities.T)
        if self.top is not None and self.top < len(self._labels):
            ranks = np.argsort(np.argsort(-self._probabilities, axis=1, kind="stable"), axis=1)
            told_too = (ranks < self.top).T.tolist()
            return told | {
                f"p_{name}": [value if is_told else None for value, is_told in zip(column, row, strict=True)]
                for name, column, row in zip(self._labels, columns, told_too, strict=True)
            }
        return told | {f"p_{name}": column for name, column in zip(self._labels, columns, strict=True)}

    @cached_property
    def _inputs(self) -> list[str]:
        # A file name may hold bytes that are no UTF-8, which no output format can.
        return [name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name in self.names]

    @cached_property
    def _novelty(self) -> list[float]:
        return [] if self.novelty is None else [float(f"{score:.3g}") for score in self.novelty.tolist()]

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        return self.facts.target.names

    @cached_property
    def _probabilities(self) -> np.ndarray:
        """float64 (rows, classes or labels)."""
        outputs = self.outputs.astype(np.float64)
        return np.column_stack([1.0 - outputs[:, 0], outputs[:, 0]]) if self._is_binary else outputs

    @property
    def _is_binary(self) -> bool:
        return self.facts.target.task is Task.BINARY

    @cached_property
    def _rounded(self) -> list[list[float]]:
        return _rounded(self._probabilities)

    @cached_property
    def _chosen(self) -> list[Any]:
        """The class of each row, or its list of labels."""
        if self.facts.target.task is Task.MULTILABEL:
            over = (self._probabilities > cuts(self.facts.target.thresholds, len(self._labels))).tolist()
            return [[name for name, is_over in zip(self._labels, row, strict=True) if is_over] for row in over]
        return [self._labels[place] for place in self._best]

    @cached_property
    def _best(self) -> list[int]:
        """The class of each row by its place: the most probable one, or for binary the one that the threshold says."""
        thresholds = self.facts.target.thresholds
        if self._is_binary and thresholds:
            return [int(value > thresholds[0]) for value in self._probabilities[:, 1]]
        return [int(place) for place in self._probabilities.argmax(axis=1)]


def _rounded(values: np.ndarray) -> list[list[float]]:
    """The values of a matrix as lists with seven significant digits, all that float32 has."""
    exact = values.astype(np.float64)
    with np.errstate(all="ignore"):
        power = 6 - np.floor(np.log10(np.abs(exact)))
        # Up to the 22nd, powers of ten are exact in float64, so that the quotient is the nearest to the seven digits.
        scaled = exact * 10.0**power
        found = np.rint(scaled) / 10.0**power
        is_sure = (power >= 0) & (power <= 22) & (np.abs(np.abs(scaled - np.rint(scaled)) - 0.5) > _UNSURE)
    for place in np.flatnonzero(~is_sure):
        found.flat[place] = float(f"{exact.flat[place]:.7g}")
    rounded: list[list[float]] = found.tolist()
    return rounded
