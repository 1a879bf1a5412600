"""The artificial neuron, a = g(w·x + b), in numbers: the products, their sum, and the output of each activation."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nncli.errors import UsageError
from nncli.lessons.lesson import Lesson, align, choose_values, show_number, show_term

VALUES = {"w": (0.5, -1.0), "x": (2.0, 3.0), "b": (1.0,)}


def _sigmoid(z: Any) -> Any:
    # With tanh, which does not overflow: 1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2.
    return (1 + np.tanh(z / 2)) / 2


# name -> the formula and the function, for one z or an array of them
ACTIVATIONS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "linear": ("z", lambda z: z),
    "relu": ("max(0, z)", lambda z: np.maximum(0.0, z)),
    "sigmoid": ("1 / (1 + e⁻ᶻ)", _sigmoid),
    "tanh": ("tanh(z)", np.tanh),
}


def teach_neuron(assignments: Sequence[str] = ()) -> Lesson:
    """One neuron with all numbers; `assignments` such as `w=1,2` change w, x (of equal length) or b.

    Raises UsageError.
    """
    chosen = choose_values(VALUES, assignments, several=True)
    if len(chosen["w"]) != len(chosen["x"]) or len(chosen["b"]) != 1:
        counts = f"w, x and b have {len(chosen['w'])}, {len(chosen['x'])} and {len(chosen['b'])} numbers"
        raise UsageError(f"{counts}; a neuron has one weight per input, and one bias", hint="set both w and x")
    weights, inputs, bias = np.asarray(chosen["w"]), np.asarray(chosen["x"]), chosen["b"][0]
    with np.errstate(over="ignore", invalid="ignore"):
        z = float(weights @ inputs + bias)
    if not np.isfinite(z):
        raise UsageError("w·x + b overflows float64", hint="choose smaller values")
    outputs = {name: float(function(z)) for name, (_, function) in ACTIVATIONS.items()}
    text = "\n".join(
        [
            "A neuron applies an activation g to the weighted sum of its inputs plus a bias:",
            "  a = g(z)   z = w·x + b   w·x = w₁·x₁ + w₂·x₂ + ...",
            "with " + "; ".join(f"{name} = {_listed(numbers)}" for name, numbers in chosen.items()),
            "",
            "The sum:",
            *align(_sum_rows(weights, inputs, bias, z)),
            "",
            "The output with each activation g:",
            *align([[name, formula, show_number(outputs[name])] for name, (formula, _) in ACTIVATIONS.items()]),
            "",
            "In the output layer, use linear for a number of any sign, relu for one that is",
            "never negative, and sigmoid for a probability. In hidden layers relu is the",
            "usual choice: it is fast to compute, and unlike that of sigmoid its gradient",
            "does not vanish for large z.",
        ]
    )
    numbers = {name: list(values) for name, values in chosen.items()} | {"z": z, "a": outputs}
    return Lesson("neuron", "what one neuron computes: a = g(w·x + b)", text, numbers)


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(map(show_number, numbers))


def _sum_rows(weights: np.ndarray, inputs: np.ndarray, bias: float, z: float) -> list[list[str]]:
    """One row for each product, and one for the sum."""
    rows = [
        [f"w{position}·x{position}", f"{show_term(w)} · {show_term(x)}", show_number(w * x)]
        for position, (w, x) in enumerate(zip(weights, inputs, strict=True), 1)
    ]
    parts = [*(show_term(w * x) for w, x in zip(weights, inputs, strict=True)), show_term(bias)]
    return [*rows, ["z", " + ".join(parts), show_number(z)]]
