"""Back-propagation on the lecture's computation graph: a forward pass for the values, a backward pass for derivatives.

The graph is a linear neuron with the squared error: c = w·x, a = c + b, d = a - y, J = d²/2. It is a table of steps,
and both passes work for any such table.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nncli.errors import UsageError
from nncli.lessons.lesson import Lesson, align, choose_values, show_number, show_term

Numbers = Mapping[str, float]

# The lecture's numbers.
VALUES = {"w": (2.0,), "b": (8.0,), "x": (-2.0,), "y": (2.0,)}


@dataclass(frozen=True)
class Step:
    """One node: its value as a function of its inputs, and its derivative with respect to each of them."""

    name: str
    formula: str
    compute: Callable[[Numbers], float]
    derivatives: Mapping[str, Callable[[Numbers], float]]


GRAPH = (
    Step("c", "{w} · {x}", lambda v: v["w"] * v["x"], {"w": lambda v: v["x"], "x": lambda v: v["w"]}),
    Step("a", "{c} + {b}", lambda v: v["c"] + v["b"], {"c": lambda v: 1.0, "b": lambda v: 1.0}),
    Step("d", "{a} − {y}", lambda v: v["a"] - v["y"], {"a": lambda v: 1.0, "y": lambda v: -1.0}),
    Step("J", "{d}² / 2", lambda v: v["d"] * v["d"] / 2, {"d": lambda v: v["d"]}),
)


def run_forward(given: Numbers) -> dict[str, float]:
    """The value of every node: the given inputs, then each step in the order of the graph."""
    values = dict(given)
    for step in GRAPH:
        values[step.name] = step.compute(values)
    return values


def run_backward(values: Numbers) -> dict[str, float]:
    """∂J/∂node for every node, by the chain rule backwards from J; `values` come from `run_forward`.

    If a node feeds several steps, its derivatives add up (Rumelhart, Hinton and Williams, 1986).
    """
    gradients = {"J": 1.0}
    for step in reversed(GRAPH):
        for name, derivative in step.derivatives.items():
            gradients[name] = gradients.get(name, 0.0) + gradients[step.name] * derivative(values)
    return gradients


def teach_backpropagation(assignments: Sequence[str] = ()) -> Lesson:
    """Both passes with all numbers; `assignments` such as `w=3` change w, b, x or y. Raises UsageError."""
    given = {name: numbers[0] for name, numbers in choose_values(VALUES, assignments, several=False).items()}
    values = run_forward(given)
    gradients = run_backward(values)
    if not all(map(math.isfinite, [*values.values(), *gradients.values()])):
        raise UsageError("the cost overflows float64", hint="choose smaller values")
    text = "\n".join(
        [
            "The computation graph of a linear neuron with the squared error:",
            "  " + "   ".join(f"{step.name} = {_spell(step.formula)}" for step in GRAPH),
            "with " + ", ".join(f"{name} = {show_number(value)}" for name, value in given.items()),
            "",
            "Forward pass, from the inputs to the cost:",
            *align([_forward_row(step, values) for step in GRAPH]),
            "",
            "Backward pass, from the cost to the inputs: the derivative of the next node",
            "times the local derivative (the chain rule):",
            *align([row for step in reversed(GRAPH) for row in _backward_rows(step, values, gradients)]),
            "",
            "The same by central differences, with w and b changed by a small h:",
            *align([_tried_row(name, given) for name in ("w", "b")]),
            "",
            "One forward and one backward pass give the derivatives of all nodes; central",
            "differences need two forward passes for each. `nncli gradcheck` compares both",
            "for a whole network.",
        ]
    )
    numbers = {"values": values, "derivatives": gradients}
    return Lesson("backpropagation", "how the derivatives of the cost are computed", text, numbers)


def try_derivative(name: str, given: Numbers) -> float:
    """∂J/∂name by central differences, (J(v + h) - J(v - h)) / 2h."""
    step = 1e-4 * max(1.0, abs(given[name]))
    above, below = (run_forward({**given, name: given[name] + sign * step})["J"] for sign in (1, -1))
    return (above - below) / (2 * step)


def _spell(formula: str, values: Numbers | None = None) -> str:
    """The formula with names, or with the numbers in `values`; negative numbers in parentheses."""
    names = "wbxycadJ"
    if values is None:
        return formula.format(**{name: name for name in names})
    return formula.format(**{name: show_term(values[name]) for name in names})


def _forward_row(step: Step, values: Numbers) -> list[str]:
    return [step.name, _spell(step.formula), _spell(step.formula, values), show_number(values[step.name])]


def _backward_rows(step: Step, values: Numbers, gradients: Numbers) -> list[list[str]]:
    """One row for each input of the step."""
    rows = []
    for name, derivative in step.derivatives.items():
        product = f"{show_term(gradients[step.name])} · {show_term(derivative(values))}"
        rule = f"∂J/∂{step.name} · ∂{step.name}/∂{name}"
        rows.append([f"∂J/∂{name}", rule, product, show_number(gradients[name])])
    return rows


def _tried_row(name: str, given: Numbers) -> list[str]:
    rule = f"(J({name} + h) − J({name} − h)) / 2h"
    return [f"∂J/∂{name}", rule, show_number(try_derivative(name, given))]
