"""How the parts of both passes are written: formulas, local derivatives, the chain rule; with names, with numbers."""

import textwrap
from collections.abc import Callable, Sequence

from nncli.lessons.graph.differentiation import Passes, Values, numbers_of
from nncli.lessons.graph.graph import Graph, Node
from nncli.lessons.graph.operations import EXACT, OPERATIONS, show, show_term
from nncli.lessons.lesson import align

WIDTH = 80
# Letters of a row up to which its cells are aligned with those of others.
_SHORT = 56


def spell_formula(node: Node) -> str:
    """The formula of a node with names: w · x."""
    return OPERATIONS[node.operation].spell(*_texts(node, lambda name: name))


def spell_computation(node: Node, values: Values) -> str:
    """The formula of a node with numbers: 2 · (−2)."""
    return OPERATIONS[node.operation].spell(*_texts(node, lambda name: show_term(values[name])))


def spell_local(node: Node, name: str, passes: Passes) -> str:
    """A local derivative, as a formula and as a number: ∂c/∂w = x = −2."""
    operation = OPERATIONS[node.operation]
    texts = operation.spell_slopes(_texts(node, lambda each: each), numbers_of(node, passes.values), node.name)
    used = [text for operand, text in zip(node.operands, texts, strict=False) if operand == name]
    number, formula = show(passes.local(node.name, name)), " + ".join(used)
    tells_number = formula == number or " for " in formula or " at " in formula
    return f"∂{node.name}/∂{name} = {formula}" + ("" if tells_number else f" = {number}")


def spell_given(graph: Graph, values: Values) -> str:
    """The given names with their numbers, of which no digit is left out: w = 2, x = −2."""
    return ", ".join(f"{name} = {show(values[name], EXACT)}" for name in graph.given)


def spell_gradient(graph: Graph, name: str) -> str:
    """∂J/∂w."""
    return f"∂{graph.cost}/∂{name}"


def chain_rule(graph: Graph, name: str, passes: Passes) -> list[str]:
    """The chain rule for a name, with names, with numbers, and the result; a sum where several nodes use it.

    The derivative of the cost with respect to itself is 1, and that of what does not lead to the cost is 0.
    """
    left, result = spell_gradient(graph, name), show(passes.gradients[name])
    terms = passes.terms[name]
    if name == graph.cost or not terms:
        return [left, result]
    rule = " + ".join(f"{spell_gradient(graph, term.user)} · ∂{term.user}/∂{name}" for term in terms)
    numbers = " + ".join(f"{show_term(term.upstream)} · {show_term(term.local)}" for term in terms)
    return [left, rule, numbers, result]


def fit(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows aligned at their equals signs; those that are too long stand for themselves, and break before one."""
    short = [row for row in rows if sum(map(len, row)) <= _SHORT]
    columns = max((len(row) for row in short), default=0)
    aligned = iter(align([[*row, *[""] * (columns - len(row))] for row in short]) if short else [])
    lines: list[str] = []
    for row in rows:
        line = next(aligned).rstrip(" =") if row in short else ""
        lines += [line] if line and len(line) <= WIDTH else _break_before_signs(row)
    return lines


def _break_before_signs(row: Sequence[str]) -> list[str]:
    lines = [f"  {row[0]}"]
    for part in row[1:]:
        if len(lines[-1]) + len(part) + 3 <= WIDTH:
            lines[-1] += f" = {part}"
        else:
            lines.append(" " * (2 + min(len(row[0]), 8)) + f" = {part}")
    return [piece for line in lines for piece in wrap(line, indent=" " * 12)]


def wrap(line: str, indent: str = "  ") -> list[str]:
    """A line broken at blanks; what follows is indented."""
    if len(line) <= WIDTH:
        return [line]
    before = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line.lstrip(), WIDTH, initial_indent=before, subsequent_indent=indent, break_on_hyphens=False)


def _texts(node: Node, spell: Callable[[str], str]) -> list[str]:
    return [spell(operand) if isinstance(operand, str) else show_term(operand, EXACT) for operand in node.operands]
