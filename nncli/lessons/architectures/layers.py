"""Layers as matrix products: which product has which shape, computed for the lecture's network 30-15-2."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Blocks, Drawing
from nncli.lessons.lesson import Lesson, choose, show_number, show_term, tabulate
from nncli.lessons.neurons.functions import sigmoid

TITLE = "a network of layers as matrices: which product has which shape"
VALUES = {"inputs": 64, "units": (30.0, 15.0, 2.0), "rows": 32, "seed": 1}
LIMITS = {"inputs": (1, 10_000), "units": (1, 10_000), "rows": (1, 10_000), "seed": (0, 2**31)}
_MOST_LAYERS = 4
_TALLEST = 7  # neurons of a layer that are drawn


@dataclass(frozen=True)
class Forward:
    """The inputs and each layer's outputs (rows, units), its kernel (n, units) and biases (units,)."""

    outputs: tuple[np.ndarray, ...]
    kernels: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    @property
    def parameters(self) -> list[int]:
        """Of each layer."""
        return [kernel.size + bias.size for kernel, bias in zip(self.kernels, self.biases, strict=True)]


def teach_layers(assignments: Sequence[str] = ()) -> Lesson:
    """A forward pass with random weights; `assignments` change inputs, units (several), rows or seed. UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    if len(v["units"]) > _MOST_LAYERS or not all(units.is_integer() for units in v["units"]):
        raise UsageError(f"units: expected at most {_MOST_LAYERS} whole numbers, as in --set units=30,15,2")
    sizes = [v["inputs"], *map(int, v["units"])]
    passed = run_forward(sizes, v["rows"], v["seed"])
    numbers = v | {
        "units": sizes[1:],
        "shapes": [
            {"input": list(before.shape), "kernel": list(kernel.shape), "output": list(after.shape)}
            for before, kernel, after in zip(passed.outputs, passed.kernels, passed.outputs[1:], strict=False)
        ],
        "parameters": passed.parameters,
        "total": sum(passed.parameters),
        "first_output": float(passed.outputs[1][0, 0]),
    }
    return Lesson("layers", TITLE, "\n".join(_text_lines(sizes, passed)), numbers, _draw(sizes, passed))


def run_forward(sizes: Sequence[int], rows: int, seed: int) -> Forward:
    """Random inputs through random layers with sigmoids; `sizes` are the inputs and each layer's units."""
    generator = np.random.default_rng(seed)
    outputs, kernels, biases = [generator.normal(size=(rows, sizes[0]))], [], []
    for before, after in itertools.pairwise(sizes):
        kernels.append(generator.normal(0, np.sqrt(1 / before), (before, after)))
        biases.append(np.zeros(after))
        outputs.append(sigmoid(outputs[-1] @ kernels[-1] + biases[-1]))
    return Forward(tuple(outputs), tuple(kernels), tuple(biases))


def _text_lines(sizes: Sequence[int], passed: Forward) -> list[str]:
    outputs, kernels, counts = passed.outputs, passed.kernels, passed.parameters
    rows = [
        [f"{place + 1}", *map(_shape, (outputs[place], kernel, bias, outputs[place + 1])), f"{counts[place]:,}"]
        for place, (kernel, bias) in enumerate(zip(kernels, passed.biases, strict=True))
    ]
    by_hand = " + ".join(
        f"{show_term(x)}·{show_term(w)}" for x, w in zip(outputs[0][0, :2], kernels[0][:2, 0], strict=False)
    )
    return [
        f"The network {'-'.join(map(str, sizes[1:]))} on {sizes[0]} inputs, for {len(outputs[0])} rows at once. "
        "Each layer computes",
        "  A = g(A_before · W + b)     (rows, n) · (n, units) → (rows, units)",
        *tabulate(["layer", "A_before", "W", "b", "A", "parameters"], rows),
        f"  all: {sum(counts):,} parameters; weights and biases are all that is learned.",
        "",
        "Column j of W holds the weights of neuron j. The first number of the first A is",
        f"one neuron on one row: g({by_hand}{' + ...' * (sizes[0] > 2)}) = {show_number(float(outputs[1][0, 0]))}.",
        "The inner numbers must be equal; a product that does not fit is refused:",
        f"  {_mismatch(outputs[0], kernels[0])}",
        "The rows are independent: the network is the same for one row or a million.",
        "",
        *_network(sizes),
        "",
        "In Python, layers in a list need commas between them (a slide lacks some); in a",
        "config each is a line: `- dense: {units: 30, activation: sigmoid}`.",
    ]


def _draw(sizes: Sequence[int], passed: Forward) -> Drawing:
    """Each product as a row of matrices; the sketch is part of the text."""
    rows = tuple(
        (
            (f"A{place}" if place else "X", *before.shape),
            "·",
            (f"W{place + 1}", *kernel.shape),
            "→",
            (f"A{place + 1}", *after.shape),
        )
        for place, (before, kernel, after) in enumerate(
            zip(passed.outputs, passed.kernels, passed.outputs[1:], strict=False)
        )
    )
    panel = Blocks("rows × columns, drawn by their square roots", rows)
    return Drawing(f"The network {'-'.join(map(str, sizes[1:]))}", (panel,), columns=1, sketched=())


def _shape(array: np.ndarray) -> str:
    return " × ".join(map(str, array.shape))


def _mismatch(inputs: np.ndarray, kernel: np.ndarray) -> str:
    """What NumPy says about the product with the transposed matrix."""
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
