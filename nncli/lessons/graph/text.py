"""The lesson on a graph: its table, both passes and an update, as text of at most 80 columns and as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nncli.errors import UsageError
from nncli.lessons.graph.differentiation import (
    Passes,
    agree,
    find_kinks,
    parameters,
    run_forward,
    take_step,
    try_derivative,
)
from nncli.lessons.graph.drawing import draw_tree
from nncli.lessons.graph.graph import Graph
from nncli.lessons.graph.operations import show, show_term
from nncli.lessons.graph.spelling import (
    WIDTH,
    chain_rule,
    fit,
    spell_computation,
    spell_formula,
    spell_local,
    wrap,
)

# Columns for a value, a derivative and a central difference.
_COLUMNS = (11, 12, 14)


@dataclass(frozen=True)
class Example:
    """A graph with its numbers: both passes, and what a step with the learning rate changes."""

    graph: Graph
    passes: Passes
    learning_rate: float

    @cached_property
    def numeric(self) -> dict[str, float | None]:
        """The derivative of each name by central differences."""
        return {name: try_derivative(self.graph, self.passes, name) for name in self.graph.names}

    @cached_property
    def after(self) -> dict[str, float]:
        """The given values after one update."""
        return take_step(self.graph, self.passes, self.learning_rate)

    @cached_property
    def cost_after(self) -> float | None:
        """The cost with these values; None where it has none, as after a step out of the domain of log."""
        try:
            return run_forward(self.graph, self.after)[self.graph.cost]
        except UsageError:
            return None


def tell_example(example: Example) -> str:
    """The whole lesson, for the lecture's graph on one screen."""
    graph, passes = example.graph, example.passes
    forward = [
        [node.name, spell_formula(node), spell_computation(node, passes.values), show(passes.values[node.name])]
        for node in graph.nodes
    ]
    locals_ = [[spell_local(node, name, passes) for name in node.inputs] for node in graph.nodes]
    several = any(len(terms) > 1 for terms in passes.terms.values())
    parts = [
        _table(example),
        ["Forward pass, from the values to the cost:", *fit(forward)],
        ["Local derivatives, each node by its inputs:", *_side_by_side(locals_)],
        [
            f"Backward pass by the chain rule, upstream derivative times local derivative{',' if several else ':'}",
            *(["added up over all paths:"] if several else []),
            *fit([chain_rule(graph, name, passes) for name in backward_order(graph)]),
        ],
        _update(example),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def _table(example: Example) -> list[str]:
    """The tree with the value of each name, and its derivative by the chain rule and by differences."""
    graph, passes = example.graph, example.passes
    nodes = {node.name: node for node in graph.nodes}
    room = WIDTH - 4 - sum(_COLUMNS)  # two columns are kept for ASCII, where ² is ^2
    heads = ("value", f"∂{graph.cost}/∂node", "differences")
    title = f"The graph of {graph.cost}"
    lines = [title.ljust(room + 2) + _in_columns(heads)]
    for branch in draw_tree(graph):
        node = nodes.get(branch.name)
        formula = f" = {spell_formula(node)}" if node and not branch.is_repeated else ""
        told = branch.prefix + branch.name + formula + (" (above)" if branch.is_repeated else "")
        told = told if len(told) <= room else branch.prefix + branch.name
        numeric = example.numeric[branch.name]
        cells = (
            show(passes.values[branch.name]),
            show(passes.gradients[branch.name]),
            "-" if numeric is None else show_difference(numeric),
        )
        lines.append("  " + told.ljust(room) + _in_columns(cells))
    return [*lines, f"differences: ({graph.cost}(v + h) − {graph.cost}(v − h)) / 2h for a small h", *_remarks(example)]


def _in_columns(cells: Sequence[str]) -> str:
    return "".join(cell[: width - 1].rjust(width) for cell, width in zip(cells, _COLUMNS, strict=True))


def show_difference(value: float) -> str:
    """A number with seven significant digits, zeros included, as it is only nearly that of the chain rule."""
    return f"{round(value, 12) + 0.0:#.7g}".replace("-", "−")


def _remarks(example: Example) -> list[str]:
    """What the table does not say by itself: kinks, differences that do not agree, nodes that lead nowhere."""
    graph, passes = example.graph, example.passes
    formulas = {node.name: spell_formula(node) for node in graph.nodes}
    kinks = find_kinks(graph, passes.values)
    told = [f"{name} = {formulas[name]} has a kink here: {reason}" for name, reason in kinks.items()]
    wrong = [name for name in graph.names if not agree(passes.gradients[name], example.numeric[name])]
    if wrong:
        reason = "at a kink they average both sides" if kinks else "rounding and curvature spoil them here"
        told.append(f"differences do not confirm {', '.join(wrong)}: {reason}")
    idle = [name for name in graph.names if name != graph.cost and not graph.users(name)]
    if idle:
        told.append(f"{', '.join(idle)}: not used by {graph.cost}, so the derivative is 0")
    return [line for text in told for line in wrap(text)]


def backward_order(graph: Graph) -> list[str]:
    """The nodes from the cost on, each followed by the given values that go into it first."""
    order: list[str] = []
    for node in reversed(graph.nodes):
        order += [name for name in (node.name, *reversed(node.inputs)) if name in graph.given or name == node.name]
    last = {name: place for place, name in enumerate(order)}  # a value is complete with its last node
    return [name for place, name in enumerate(order) if last[name] == place and name != graph.cost]


def _side_by_side(rows: list[list[str]]) -> list[str]:
    """The parts of each row beside each other in columns, or below each other where they are too long."""
    width = max(len(row[0]) for row in rows)
    lines = []
    for row in rows:
        line = "  " + "   ".join([row[0].ljust(width), *row[1:]]).rstrip()
        lines += [line] if len(line) <= WIDTH else [piece for part in row for piece in wrap(f"  {part}", "      ")]
    return lines


def _update(example: Example) -> list[str]:
    """One step of gradient descent, and what it does to the cost."""
    graph, passes, rate = example.graph, example.passes, show(example.learning_rate)
    names = parameters(graph)
    stay = [name for name in graph.given if name not in names]
    verbs = ("are", "stay") if len(stay) > 1 else ("is", "stays")
    note = f"; {' and '.join(stay)} {verbs[0]} data and {verbs[1]}" if stay else ""
    rows = [
        [name, f"{show(passes.values[name])} − {rate} · {show_term(passes.gradients[name])}",
         show(example.after[name])]
        for name in names
    ]  # fmt: skip
    before, after = passes.values[graph.cost], example.cost_after
    return [
        *wrap(f"One step of gradient descent, learning rate {rate}{note}:"),
        *fit(rows),
        *wrap(f"  {graph.cost} {_compare(before, after)}"),
    ]


def _compare(before: float, after: float | None) -> str:
    if after is None:
        return f"is {show(before)}; after the step the expression has no value"
    if after == before:
        return f"stays at {show(before)}"
    told = f"from {show(before)} to {show(after)}"
    return f"falls {told}" if after < before else f"rises {told}, as the step is too large"


def to_numbers(example: Example) -> dict[str, Any]:
    """All of it for programs."""
    graph, passes = example.graph, example.passes
    nodes = [
        {
            "name": node.name,
            "formula": spell_formula(node),
            "value": passes.values[node.name],
            "local_derivatives": {name: passes.local(node.name, name) for name in node.inputs},
        }
        for node in graph.nodes
    ]
    paths = {
        name: [{"through": term.user, "upstream": term.upstream, "local": term.local} for term in terms]
        for name, terms in passes.terms.items()
    }
    step = {
        "learning_rate": example.learning_rate,
        "parameters": {name: example.after[name] for name in parameters(graph)},
        "cost_before": passes.values[graph.cost],
        "cost_after": example.cost_after,
    }
    return {
        "expression": graph.text,
        "cost": graph.cost,
        "given": {name: passes.values[name] for name in graph.given},
        "nodes": nodes,
        "values": dict(passes.values),
        "derivatives": dict(passes.gradients),
        "numeric_derivatives": example.numeric,
        "chain_rule": paths,
        "kinks": find_kinks(graph, passes.values),
        "step": step,
    }
