"""Epochs, batches and updates: counted, then proved by training one neuron on real rows with each batch size."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.config.sections import Data
from nncli.data.bundled import load_bundled
from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import ABOVE_ZERO, Lesson, choose, show_number, tabulate
from nncli.lessons.neurons.functions import sigmoid

TITLE = "epochs, batches, updates: counted, then proved by a run"
VALUES = {"batch_size": (16.0, 32.0, 128.0), "epochs": 5, "learning_rate": 0.1, "seed": 1}
LIMITS = {"batch_size": (1, 10_000), "epochs": (1, 50), "learning_rate": ABOVE_ZERO, "seed": (0, 2**31)}
_MOST_SIZES = 5


@dataclass(frozen=True)
class BatchRun:
    """A training: its updates, how often each parameter changed, and the cost of all rows after each epoch."""

    batch_size: int
    sizes: tuple[int, ...]
    updates: int
    changes: np.ndarray
    costs: tuple[float, ...]


def load_rows() -> tuple[np.ndarray, np.ndarray]:
    """The training part of breast_cancer, scaled: x float64 (rows, 30), y (rows,)."""
    part = load_bundled(Data(source="breast_cancer"), seed=1).train
    x = part.inputs["numbers"].astype(np.float64)
    return (x - x.mean(axis=0)) / x.std(axis=0), part.targets[:, 0].astype(np.float64)


def gradient(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """∂J/∂(w₁ ... wₙ, b) of logistic regression: the mean of (a - y)·x, and of a - y for b; x ends in a column of 1."""
    return np.asarray(x.T @ (sigmoid(x @ w) - y) / len(y))


def cost_of(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    """The mean binary cross-entropy of all rows."""
    z = x @ w
    return float(np.mean(np.logaddexp(0, z) - y * z))


def train(x: np.ndarray, y: np.ndarray, size: int, epochs: int, rate: float, seed: int) -> BatchRun:
    """One neuron by gradient descent from zeros; each epoch shuffles the rows and takes them in batches of `size`."""
    generator = np.random.default_rng(seed)
    w, changes = np.zeros(x.shape[1]), np.zeros(x.shape[1], dtype=int)
    costs, sizes, updates = [cost_of(x, y, w)], list[int](), 0
    for _ in range(epochs):
        order = generator.permutation(len(x))
        sizes = []
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            new = w - rate * gradient(x[rows], y[rows], w)
            changes += new != w
            w, updates = new, updates + 1
            sizes.append(len(rows))
        costs.append(cost_of(x, y, w))
    return BatchRun(size, tuple(sizes), updates, changes, tuple(costs))


def teach_batches(assignments: Sequence[str] = ()) -> Lesson:
    """Runs with several batch sizes and with all rows; `assignments` change them, epochs, learning_rate or seed.

    Raises UsageError.
    """
    v = choose(VALUES, assignments, LIMITS)
    if len(v["batch_size"]) > _MOST_SIZES or not all(size.is_integer() for size in v["batch_size"]):
        raise UsageError(f"batch_size: expected at most {_MOST_SIZES} whole numbers, as in --set batch_size=1,32")
    x, y = load_rows()
    x = np.column_stack([x, np.ones(len(x))])
    chosen = sorted({min(int(size), len(x)) for size in v["batch_size"]} | {len(x)})
    runs = [train(x, y, size, v["epochs"], v["learning_rate"], v["seed"]) for size in chosen]
    first = next((run for run in runs if 1 < run.batch_size < len(x)), runs[0])
    order = np.random.default_rng(v["seed"]).permutation(len(x))
    parts = [order[place * first.batch_size :][: first.batch_size] for place in (0, 1)]
    slopes = [float(gradient(x[rows], y[rows], np.zeros(x.shape[1]))[0]) for rows in (*parts, order) if len(rows)]
    text = "\n".join(_text_lines(v, runs, first, slopes, x.shape))
    numbers = v | {
        "rows": len(x),
        "runs": [
            {
                "batch_size": run.batch_size,
                "updates_per_epoch": math.ceil(len(x) / run.batch_size),
                "last_batch": run.sizes[-1],
                "updates": run.updates,
                "changes_of_each_parameter": run.changes.tolist(),
                "costs": list(run.costs),
            }
            for run in runs
        ],
        "slopes_of_w1": slopes,
    }
    lines = tuple(Line(f"batch size {run.batch_size}", np.arange(v["epochs"] + 1), run.costs) for run in runs)
    panels = (
        Curves("J over epochs", "epoch", lines, "J", whole_x=True),
        _slopes_of_batches(x, y, order, first.batch_size),
    )
    return Lesson("batches", TITLE, text, numbers, Drawing("Batches", panels, sketch_height=8))


def _slopes_of_batches(x: np.ndarray, y: np.ndarray, order: np.ndarray, size: int) -> Curves:
    """∂J/∂w₁ at the start from each batch of an epoch, and from all rows."""
    start = np.zeros(x.shape[1])
    parts = [order[place : place + size] for place in range(0, len(order), size)]
    slopes = [float(gradient(x[rows], y[rows], start)[0]) for rows in parts]
    batches = np.arange(1, len(parts) + 1)
    everything = np.full(len(parts), float(gradient(x, y, start)[0]))
    lines = (Line(f"each batch of {size}", batches, slopes, "dots"), Line("all rows", batches, everything))
    return Curves("∂J/∂w₁ before the first update", "batch", lines, "∂J/∂w₁", whole_x=True)


def _text_lines(
    v: dict[str, float], runs: Sequence[BatchRun], first: BatchRun, slopes: Sequence[float], shape: tuple[int, ...]
) -> list[str]:
    rows, parameters = shape
    n = show_number
    table = [
        [
            str(run.batch_size),
            f"⌈{rows} / {run.batch_size}⌉ = {math.ceil(rows / run.batch_size)}",
            str(run.sizes[-1]),
            f"{math.ceil(rows / run.batch_size) * v['epochs']:.0f}",
            str(run.updates),
            _changed(run),
            n(run.costs[1]),
            n(run.costs[-1]),
        ]
        for run in runs
    ]
    head = ["size", "an epoch", "last", "counted", "made", "changes", "J after 1", f"after {v['epochs']}"]
    return [
        "An epoch shows every row once, in batches. Each batch updates every parameter",
        "once, from the gradient of that batch alone:",
        "  updates = epochs · ⌈rows / batch size⌉",
        f"One neuron, {rows} rows of breast_cancer, {v['epochs']} epochs, {parameters} parameters from 0:",
        *tabulate(head, table, left=0),
        "`made` is what the run counted, `changes` how often each parameter was different",
        "after an update (not if its gradient was too small for that). The last batch of",
        "an epoch takes what is left.",
        "",
        f"∂J/∂w₁ at the start, from the first batch of {first.batch_size}: {n(slopes[0])}, from the",
        f"second: {n(slopes[1])}, from all rows: {n(slopes[-1])}. Small batches are noisy and many, the",
        "full one exact and one: for the same rows, many noisy steps lead further.",
    ]


def _changed(run: BatchRun) -> str:
    low, high = int(run.changes.min()), int(run.changes.max())
    return str(low) if low == high else f"{low} to {high}"
