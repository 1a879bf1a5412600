"""The artificial neuron, a = g(w·x + b), in numbers: the products, their sum, and the output of each activation."""

from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import Lesson, align, choose_values, show_list, show_number, show_term
from nncli.lessons.neurons.functions import ACTIVATIONS

TITLE = "what one neuron computes: a = g(w·x + b)"
VALUES = {"w": (0.5, -1.0), "x": (2.0, 3.0), "b": (1.0,)}


def teach_neuron(assignments: Sequence[str] = ()) -> Lesson:
    """One neuron with all numbers; `assignments` such as `w=1,2` change w, x (of equal length) or b.

    Raises UsageError.
    """
    chosen = choose_values(VALUES, assignments, several=True)
    if len(chosen["w"]) != len(chosen["x"]) or len(chosen["b"]) != 1:
        counts = f"w, x and b have {len(chosen['w'])}, {len(chosen['x'])} and {len(chosen['b'])} numbers"
        hint = "set both w and x" if len(chosen["b"]) == 1 else "give b one number, as in --set b=1"
        raise UsageError(f"{counts}; a neuron has one weight per input, and one bias", hint=hint)
    weights, inputs, bias = np.asarray(chosen["w"]), np.asarray(chosen["x"]), chosen["b"][0]
    with np.errstate(over="ignore", invalid="ignore"):
        z = float(weights @ inputs + bias)
    if not np.isfinite(z):
        raise UsageError("w·x + b overflows float64", hint="choose smaller values")
    outputs = {name: float(activation.compute(z)) for name, activation in ACTIVATIONS.items()}
    formulas = [(name, activation.formula) for name, activation in ACTIVATIONS.items()]
    text = "\n".join(
        [
            "A biological neuron gathers signals through its dendrites and fires along its",
            "axon. An artificial one applies an activation g to the weighted sum of its",
            "inputs plus a bias:",
            "  a = g(z)   z = w·x + b   w·x = w₁·x₁ + w₂·x₂ + ...",
            "with " + "; ".join(f"{name} = {show_list(numbers)}" for name, numbers in chosen.items()),
            "",
            "The sum:",
            *align(_sum_rows(weights, inputs, bias, z)),
            "",
            "The output with each activation g:",
            *align([[name, formula, show_number(outputs[name])] for name, formula in formulas]),
            "",
            "In the output layer, use linear for a number of any sign, relu for one that is",
            "never negative, and sigmoid for a probability. In hidden layers relu is the",
            "usual choice: it is fast to compute, and unlike that of sigmoid its gradient",
            "does not vanish for large z.",
        ]
    )
    numbers = {name: list(values) for name, values in chosen.items()} | {"z": z, "a": outputs}
    return Lesson("neuron", TITLE, text, numbers, _draw(z, outputs))


def _draw(z: float, outputs: dict[str, float]) -> Drawing:
    """Relu and sigmoid around z, with the neuron's own output on them."""
    z = float(np.clip(z, -_FARTHEST, _FARTHEST))
    reach = max(4.0, 1.3 * abs(z))
    grid = np.linspace(-reach, reach, 201)
    lines = tuple(Line(name, grid, ACTIVATIONS[name].compute(grid)) for name in ("relu", "sigmoid", "tanh"))
    dots = Line("this neuron", [z] * len(lines), [outputs[line.name] for line in lines], "dots")
    panel = Curves("a over z", "z = w·x + b", (dots, *lines), "a = g(z)")
    return Drawing("One neuron", (panel,), columns=1, sketch_height=7)


_FARTHEST = 1e100  # drawn; beyond, the axis itself would overflow
# Of more inputs, the first ones are shown, so that the lesson stays on one screen.
_MOST_PRODUCTS = 4


def _sum_rows(weights: np.ndarray, inputs: np.ndarray, bias: float, z: float) -> list[list[str]]:
    """One row for each product, and one for the sum."""
    rows = [
        [f"w{position}·x{position}", f"{show_term(w)} · {show_term(x)}", show_number(w * x)]
        for position, (w, x) in enumerate(zip(weights, inputs, strict=True), 1)
    ]
    parts = [show_term(w * x) for w, x in zip(weights, inputs, strict=True)]
    if len(rows) > _MOST_PRODUCTS:
        rows, parts = rows[:_MOST_PRODUCTS], [*parts[:_MOST_PRODUCTS], "..."]
    return [*rows, ["z", " + ".join([*parts, show_term(bias)]), show_number(z)]]
