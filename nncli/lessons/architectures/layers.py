"""Layers as matrix products: which product has which shape, computed for the lecture's network 30-15-2."""

import itertools
from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Blocks, Drawing
from nncli.lessons.lesson import Lesson, choose, show_number, tabulate
from nncli.lessons.neurons.functions import sigmoid

TITLE = "a network of layers as matrices: which product has which shape"
VALUES = {"inputs": 64, "units": (30.0, 15.0, 2.0), "rows": 32, "seed": 1}
LIMITS = {"inputs": (1, 10_000), "units": (1, 10_000), "rows": (1, 10_000), "seed": (0, 2**31)}
_MOST_LAYERS = 4
_TALLEST = 7  # neurons of a layer that are drawn


def teach_layers(assignments: Sequence[str] = ()) -> Lesson:
    """A forward pass with random weights; `assignments` change inputs, units (several), rows or seed. UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    if len(v["units"]) > _MOST_LAYERS or not all(units.is_integer() for units in v["units"]):
        raise UsageError(f"units: expected at most {_MOST_LAYERS} whole numbers, as in --set units=30,15,2")
    sizes = [v["inputs"], *map(int, v["units"])]
    generator = np.random.default_rng(v["seed"])
    outputs = [generator.normal(size=(v["rows"], sizes[0]))]
    kernels, biases = [], []
    for before, after in itertools.pairwise(sizes):
        kernels.append(generator.normal(0, np.sqrt(1 / before), (before, after)))
        biases.append(np.zeros(after))
        outputs.append(sigmoid(outputs[-1] @ kernels[-1] + biases[-1]))
    counts = [kernel.size + bias.size for kernel, bias in zip(kernels, biases, strict=True)]
    rows = [
        [f"{place + 1}", *map(_shape, (outputs[place], kernel, bias, outputs[place + 1])), f"{counts[place]:,}"]
        for place, (kernel, bias) in enumerate(zip(kernels, biases, strict=True))
    ]
    last = "-".join(map(str, sizes[1:]))
    first = outputs[1][0, 0]
    by_hand = " + ".join(
        f"{show_number(x)}·{_in_sum(w)}" for x, w in zip(outputs[0][0, :2], kernels[0][:2, 0], strict=False)
    )
    text = "\n".join(
        [
            f"The network {last} on {sizes[0]} inputs, for {v['rows']} rows at once. Each layer computes",
            "  A = g(A_before · W + b)     (rows, n) · (n, units) → (rows, units)",
            *tabulate(["layer", "A_before", "W", "b", "A", "parameters"], rows),
            f"  all: {sum(counts):,} parameters; weights and biases are all that is learned.",
            "",
            "Column j of W holds the weights of neuron j. So the first number of the first A",
            f"is one neuron on one row: g({by_hand} + ...) = {show_number(float(first))}.",
            "The inner numbers must be equal; a product that does not fit is refused:",
            f"  {_mismatch(outputs[0], kernels[0])}",
            "The rows are independent: the network is the same for one row or a million.",
            "",
            *_network(sizes),
            "",
            "In Python, layers in a list need commas between them (a slide lacks some); in a",
            "config each is a line: `- dense: {units: 30, activation: sigmoid}`.",
        ]
    )
    numbers = v | {
        "units": sizes[1:],
        "shapes": [
            {"input": list(before.shape), "kernel": list(kernel.shape), "output": list(after.shape)}
            for before, kernel, after in zip(outputs, kernels, outputs[1:], strict=False)
        ],
        "parameters": counts,
        "total": sum(counts),
        "first_output": float(first),
    }
    blocks = tuple(
        (
            (f"A{place}" if place else "X", *outputs[place].shape),
            "·",
            (f"W{place + 1}", *kernel.shape),
            "→",
            (f"A{place + 1}", *outputs[place + 1].shape),
        )
        for place, kernel in enumerate(kernels)
    )
    panel = Blocks("rows × columns; sides drawn by their square roots", blocks)
    return Lesson("layers", TITLE, text, numbers, Drawing(f"The network {last}", (panel,), columns=1, sketched=()))


def _shape(array: np.ndarray) -> str:
    return " × ".join(map(str, array.shape))


def _in_sum(value: float) -> str:
    return f"({show_number(value)})" if value < 0 else show_number(value)


def _mismatch(inputs: np.ndarray, kernel: np.ndarray) -> str:
    """What NumPy says of the product with the transposed matrix."""
    shapes = f"({_shape(inputs)}) · ({_shape(kernel.T)})"
    try:
        np.matmul(inputs, kernel.T)
    except ValueError:
        return f"{shapes}: {inputs.shape[1]} ≠ {kernel.shape[1]}"
    return f"{shapes}: fits here, as W is square"


def _network(sizes: Sequence[int]) -> list[str]:
    """The layers as columns of neurons with the matrices between them, at most seven neurons high."""
    heights = [min(size, max(2, round(_TALLEST * (size / max(sizes)) ** 0.4))) for size in sizes]
    tall = max(heights)
    lines = []
    for line in range(tall):
        cells = []
        for place, height in enumerate(heights):
            above = (tall - height) // 2
            cells.append("∘" if above <= line < above + height else " ")
            if place < len(sizes) - 1:
                text = {tall // 2 - 1: f"W{place + 1}", tall // 2: f"{sizes[place]} × {sizes[place + 1]}"}.get(line, "")
                cells.append(f"{text:^15}")
        lines.append("    " + "".join(cells).rstrip())
    ends = "".join(f"{size:^16}" for size in sizes)[5:]
    return [*lines, " " + ends.rstrip()]
