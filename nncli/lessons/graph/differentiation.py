"""Both passes through a graph: forward for the values, backward for the derivatives of the cost; prints nothing.

The backward pass is reverse accumulation: each node's derivative is the sum, over the nodes that use it, of their
derivative times the local one (Rumelhart, Hinton and Williams, 1986).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nncli.errors import UsageError
from nncli.lessons.graph.graph import Graph, Node, refuse
from nncli.lessons.graph.operations import OPERATIONS, NoValueError
from nncli.lessons.lesson import choose_values

Values = Mapping[str, float]

# The lecture's numbers, for an expression that has its names.
LECTURE = {"w": 2.0, "b": 8.0, "x": -2.0, "y": 2.0}
# Tried in this order, as the check of whole networks does, until one agrees with the analytic derivative.
_STEPS = (1e-5, 1e-4, 1e-3, 1e-6, 1e-7, 1e-8)
# A relative difference that no longer step would improve on; and one up to which two derivatives are equal.
_PLAINLY, _EQUAL = 1e-9, 1e-5
# The letters that examples and targets have by convention.
_DATA = ("x", "y")


@dataclass(frozen=True)
class Term:
    """One path's share of a derivative: what arrives at the node that uses the value, times the local derivative."""

    user: str
    upstream: float
    local: float

    @property
    def product(self) -> float:
        """The share."""
        return self.upstream * self.local


@dataclass(frozen=True)
class Passes:
    """The value of every name, the derivative of the cost with respect to it, and the terms it is the sum of."""

    values: Values
    gradients: Values
    terms: Mapping[str, Sequence[Term]]

    def local(self, user: str, name: str) -> float:
        """The derivative of a node with respect to one of its inputs."""
        return next(term.local for term in self.terms[name] if term.user == user)


def choose_numbers(graph: Graph, assignments: Sequence[str], *, partial: bool = False) -> dict[str, float]:
    """The number of each given name, from assignments such as `w=3`; the lecture's names have the lecture's numbers.

    With `partial`, only those that are assigned. Raises UsageError for other names and for those that have no number.
    """
    for assignment in assignments:
        name = assignment.partition("=")[0]
        if name in graph.names and name not in graph.given:
            hint = f"--set changes {', '.join(graph.given)}"
            raise UsageError(f"--set {assignment}: {name} is computed by the expression", hint=hint)
    start = {name: (math.nan,) if partial else (LECTURE.get(name, math.nan),) for name in graph.given}
    chosen = {name: numbers[0] for name, numbers in choose_values(start, assignments, several=False).items()}
    if partial:
        return {name: number for name, number in chosen.items() if not math.isnan(number)}
    missing = [name for name, number in chosen.items() if math.isnan(number)]
    if missing:
        told = " ".join(f"--set {name}=..." for name in missing)
        raise UsageError(f"{', '.join(missing)}: no value; the expression needs a number for each", hint=f"add {told}")
    return chosen


def run_forward(graph: Graph, given: Values, fixed: Values | None = None) -> dict[str, float]:
    """The value of every name; a node in `fixed` has that value instead of its own. Raises UsageError.

    A value must exist and be finite: there is none for a division by zero, the logarithm of a negative number or an
    overflow.
    """
    values = dict(given) | {name: value for name, value in (fixed or {}).items() if name in given}
    for node in graph.nodes:
        if fixed and node.name in fixed:
            values[node.name] = fixed[node.name]
            continue
        try:
            value = OPERATIONS[node.operation].compute(*numbers_of(node, values))
        except NoValueError as error:
            raise refuse(graph.text, node.column, str(error), "choose other values with --set") from None
        values[node.name] = _finite(graph, node, value, node.name)
    return values


def run_backward(graph: Graph, values: Values) -> Passes:
    """The derivatives of the cost with respect to every name, from the values of `run_forward`. Raises UsageError."""
    terms: dict[str, list[Term]] = {name: [] for name in graph.names}
    gradients = {}
    for node in reversed(graph.nodes):
        gradients[node.name] = 1.0 if node.name == graph.cost else _total(graph, node.name, terms[node.name])
        for operand, local in _local_derivatives(graph, node, values).items():
            term = Term(node.name, gradients[node.name], local)
            _finite(graph, node, term.product, f"d{graph.cost}/d{operand}")
            terms[operand].insert(0, term)
    gradients |= {name: _total(graph, name, terms[name]) for name in graph.given}
    return Passes(values, {name: gradients[name] for name in graph.names}, terms)


def differentiate(graph: Graph, given: Values) -> Passes:
    """Both passes."""
    return run_backward(graph, run_forward(graph, given))


def find_kinks(graph: Graph, values: Values) -> dict[str, str]:
    """The nodes that have no derivative at these values, and what is done about it."""
    kinks = {node.name: OPERATIONS[node.operation].kink(numbers_of(node, values)) for node in graph.nodes}
    return {name: reason for name, reason in kinks.items() if reason}


def try_derivative(graph: Graph, passes: Passes, name: str) -> float | None:
    """The derivative with respect to a value or node by central differences, (J(v + h) - J(v - h)) / 2h.

    Several h are tried, relative to |v|, and the result nearest to the analytic one counts, as rounding and kinks spoil
    different ones. None where the cost has no value on either side.
    """
    analytic, centre = passes.gradients[name], passes.values[name]
    given = {each: passes.values[each] for each in graph.given}
    best: float | None = None
    for relative in _STEPS:
        step = relative * max(1.0, abs(centre))
        try:
            above, below = (run_forward(graph, given, {name: centre + way * step})[graph.cost] for way in (1, -1))
        except UsageError:
            continue
        found = (above - below) / (2 * step)
        if math.isfinite(found) and (best is None or abs(found - analytic) < abs(best - analytic)):
            best = found
        if best is not None and abs(best - analytic) <= _PLAINLY * max(abs(analytic), 1.0):
            break
    return best


def agree(analytic: float, numeric: float | None) -> bool:
    """Whether a central difference confirms a derivative."""
    return numeric is not None and abs(analytic - numeric) <= _EQUAL * max(abs(analytic), abs(numeric), 1.0)


def parameters(graph: Graph) -> list[str]:
    """The values that a step of gradient descent changes: all but x and y with their numbers, unless none is left."""
    chosen = [name for name in graph.given if name.rstrip("0123456789₀₁₂₃₄₅₆₇₈₉_").casefold() not in _DATA]
    return chosen or list(graph.given)


def take_step(graph: Graph, passes: Passes, learning_rate: float) -> dict[str, float]:
    """The given values after one update, v := v - learning_rate · dJ/dv for each parameter."""
    changed = {name: passes.values[name] - learning_rate * passes.gradients[name] for name in parameters(graph)}
    return {name: changed.get(name, passes.values[name]) for name in graph.given}


def _total(graph: Graph, name: str, terms: Sequence[Term]) -> float:
    total = sum(term.product for term in terms)
    return _finite(graph, graph.users(name)[0], total, f"d{graph.cost}/d{name}") if terms else 0.0


def numbers_of(node: Node, values: Values) -> list[float]:
    """The numbers that a node computes with."""
    return [values[operand] if isinstance(operand, str) else operand for operand in node.operands]


def _local_derivatives(graph: Graph, node: Node, values: Values) -> dict[str, float]:
    """The derivative of a node with respect to each of its inputs; both places count where one is used twice."""
    numbers, operation = numbers_of(node, values), OPERATIONS[node.operation]
    found: dict[str, float] = {}
    for operand, slope in zip(node.operands, operation.slopes, strict=False):
        if not isinstance(operand, str):
            continue
        try:
            local = slope(numbers, values[node.name])
        except NoValueError as error:
            raise refuse(graph.text, node.column, str(error), "choose other values with --set") from None
        found[operand] = found.get(operand, 0.0) + _finite(graph, node, local, f"d{node.name}/d{operand}")
    return found


def _finite(graph: Graph, node: Node, value: float, what: str) -> float:
    if math.isfinite(value):
        return value
    raise refuse(graph.text, node.column, f"overflow: {what} is too large for float64", "choose smaller values")
