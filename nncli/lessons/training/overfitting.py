"""A small network on few digits: the training loss keeps falling, that of the validation set turns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.digits import load_digits
from nncli.lessons.lesson import ABOVE_ZERO, Lesson, choose, show_number, tabulate

TITLE = "training and validation part ways, and what helps"
VALUES = {"rows": 60, "units": 64, "epochs": 150, "wrong_labels": 0.1, "learning_rate": 0.01, "l2": 0.005, "seed": 1}
LIMITS = {
    "rows": (20, 400),
    "units": (1, 256),
    "epochs": (10, 300),
    "wrong_labels": (0.0, 0.9),
    "learning_rate": ABOVE_ZERO,
    "l2": (0.0, 10.0),
    "seed": (0, 2**31),
}
_CLASSES = 10
_SHOWN = (1, 5, 10, 20, 50, 100, 150, 200, 300)


@dataclass(frozen=True)
class Rows:
    """Images (rows, 64) from 0 to 1 and digits (rows,)."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class History:
    """Loss on both sets after each epoch, and the validation accuracy; (epochs,) each."""

    loss: np.ndarray
    val_loss: np.ndarray
    val_accuracy: np.ndarray

    @property
    def best(self) -> int:
        """The epoch, counted from 1, with the smallest validation loss."""
        return int(self.val_loss.argmin()) + 1


class Network:
    """64 inputs, one relu layer, ten logits; full-batch Adam on the cross-entropy plus l2·Σw²."""

    def __init__(self, units: int, rate: float, l2: float, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self._weights = [
            generator.normal(0, np.sqrt(2 / 64), (64, units)),
            np.zeros(units),
            generator.normal(0, np.sqrt(1 / units), (units, _CLASSES)),
            np.zeros(_CLASSES),
        ]
        self._means = [np.zeros_like(each) for each in self._weights]
        self._squares = [np.zeros_like(each) for each in self._weights]
        self._rate, self._l2, self._step = rate, l2, 0

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The hidden layer's outputs (rows, units), and log probabilities (rows, 10)."""
        w1, b1, w2, b2 = self._weights
        hidden = np.maximum(x @ w1 + b1, 0.0)
        logits = hidden @ w2 + b2
        logits = logits - logits.max(axis=1, keepdims=True)
        return hidden, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    def loss(self, rows: Rows) -> tuple[float, float]:
        """The mean cross-entropy, and the share of right answers."""
        _, logs = self.predict(rows.x)
        right = logs[np.arange(len(rows.y)), rows.y]
        return float(-right.mean()), float((logs.argmax(axis=1) == rows.y).mean())

    def gradients(self, rows: Rows) -> list[np.ndarray]:
        """Of the mean cross-entropy plus l2·Σw², for kernels and biases in order."""
        w1, _, w2, _ = self._weights
        hidden, logs = self.predict(rows.x)
        error = np.exp(logs)
        error[np.arange(len(rows.y)), rows.y] -= 1
        error /= len(rows.y)
        back = (error @ w2.T) * (hidden > 0)
        l2 = 2 * self._l2
        return [rows.x.T @ back + l2 * w1, back.sum(axis=0), hidden.T @ error + l2 * w2, error.sum(axis=0)]

    def update(self, rows: Rows) -> None:
        """One step of Adam with Keras's defaults."""
        self._step += 1
        for place, gradient in enumerate(self.gradients(rows)):
            self._means[place] = 0.9 * self._means[place] + 0.1 * gradient
            self._squares[place] = 0.999 * self._squares[place] + 0.001 * gradient**2
            mean = self._means[place] / (1 - 0.9**self._step)
            square = self._squares[place] / (1 - 0.999**self._step)
            self._weights[place] = self._weights[place] - self._rate * mean / (np.sqrt(square) + 1e-7)


def load_parts(rows: int, wrong: float, seed: int) -> tuple[Rows, Rows]:
    """`rows` training examples, a share of them with a random label, and the validation set of the bundled digits."""
    dataset, generator = load_digits(), np.random.default_rng(seed)
    chosen = generator.permutation(len(dataset.train.targets))[:rows]
    y = dataset.train.targets[chosen].copy()
    mistaken = generator.permutation(rows)[: round(wrong * rows)]
    y[mistaken] = (y[mistaken] + generator.integers(1, _CLASSES, len(mistaken))) % _CLASSES
    flat = [part.inputs["image"].reshape(-1, 64) / 16.0 for part in (dataset.train, dataset.validation)]
    return Rows(flat[0][chosen], y), Rows(flat[1], dataset.validation.targets)


def train(network: Network, training: Rows, validation: Rows, epochs: int) -> History:
    """The history of a training; an epoch is one update with all rows."""
    records = []
    for _ in range(epochs):
        network.update(training)
        records.append((network.loss(training)[0], *network.loss(validation)))
    return History(*np.array(records).T)


def teach_overfitting(assignments: Sequence[str] = ()) -> Lesson:
    """Three trainings; `assignments` change rows, units, epochs, wrong_labels (a share), learning_rate, l2 or seed.

    Raises UsageError.
    """
    v = choose(VALUES, assignments, LIMITS)
    few, validation = load_parts(v["rows"], v["wrong_labels"], v["seed"])
    many, _ = load_parts(3 * v["rows"], v["wrong_labels"], v["seed"])
    trainings = {f"{v['rows']} rows": (few, 0.0), f"{3 * v['rows']} rows": (many, 0.0)}
    trainings[f"{v['rows']} rows, l2 {show_number(v['l2'])}"] = (few, v["l2"])
    with np.errstate(over="ignore", invalid="ignore"):
        histories = {
            name: train(Network(v["units"], v["learning_rate"], l2, v["seed"]), rows, validation, v["epochs"])
            for name, (rows, l2) in trainings.items()
        }
    numbers = v | {
        "trainings": {
            name: {
                "loss": each.loss.tolist(),
                "val_loss": each.val_loss.tolist(),
                "val_accuracy": each.val_accuracy.tolist(),
                "best_epoch": each.best,
            }
            for name, each in histories.items()
        },
        "validation_rows": len(validation.y),
        "parameters": 64 * v["units"] + v["units"] + v["units"] * _CLASSES + _CLASSES,
    }
    text = "\n".join(_text_lines(v, histories, int(numbers["parameters"])))
    return Lesson("overfitting", TITLE, text, numbers, _draw(histories))


def _text_lines(v: dict[str, float], histories: dict[str, History], parameters: int) -> list[str]:
    n = show_number
    first = next(iter(histories.values()))
    shown = [epoch for epoch in _SHOWN if epoch <= v["epochs"]]
    rows = [
        [name, *(n(series[epoch - 1]) for epoch in shown)]
        for name, series in (("training", first.loss), ("validation", first.val_loss))
    ]
    ends = [
        [name, n(each.loss[-1]), n(each.val_loss[-1]), n(each.val_loss.min()), str(each.best), n(each.val_accuracy[-1])]
        for name, each in histories.items()
    ]
    wrong = f", {v['wrong_labels']:.0%} of them with a wrong label" if v["wrong_labels"] else ""
    return [
        f"{v['rows']} digits{wrong}; a network with {v['units']} hidden units has",
        f"{parameters:,} parameters, enough to learn them by heart. The loss by epoch:",
        *tabulate(["epoch", *map(str, shown)], rows),
        f"From epoch {first.best} on it gets better at the {v['rows']} rows and worse at all others.",
        "",
        f"After {v['epochs']} epochs, beside three times the rows, and a penalty on large weights:",
        *tabulate(["trained on", "loss", "val_loss", "best", "at epoch", "val_accuracy"], ends),
        "",
        "What helps: more rows; early stopping, which keeps the best epoch; l2 or",
        "dropout; fewer parameters. The test set stays out of all of these choices.",
    ]


def _draw(histories: dict[str, History]) -> Drawing:
    panels = []
    for name, each in histories.items():
        epochs = np.arange(1, len(each.loss) + 1)
        best = Line("best epoch", [each.best], [each.val_loss.min()], "dots")
        lines = (best, Line("training", epochs, each.loss), Line("validation", epochs, each.val_loss))
        panels.append(Curves(name, "epoch", lines, "loss", (0.0, 2.6), whole_x=True))
    return Drawing("Overfitting", tuple(panels), columns=3, sketch_height=10)
