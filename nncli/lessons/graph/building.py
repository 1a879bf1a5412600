"""Collects the nodes of a graph while its expression is read: names, numbers that are computed at once, limits."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, count

from nncli.lessons.graph.graph import Graph, Node, Operand, refuse
from nncli.lessons.graph.operations import OPERATIONS, NoValueError

MAX_NODES = 40

# A name, or a number known while the expression is read.
Value = Operand


class Builder:
    """Nodes without a name of their own are called "#0", "#1" and so on until all names are known."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nodes: list[Node] = []
        self._given: dict[str, int] = {}  # name -> column of its first use
        self._defined: set[str] = set()

    def name(self, name: str, column: int) -> Value:
        """The value of a name: a node defined before, or a value that has to be given."""
        if name not in self._defined:
            self._given.setdefault(name, column)
        return name

    def apply(self, operation: str, values: Sequence[Value], column: int) -> Value:
        """The result of an operation: a number if all values are, else the name of a new node."""
        if operation == "power" and not isinstance(values[1], float):
            operation = "exponentiate"
        if all(isinstance(value, float) for value in values):
            return self._compute(operation, values, column)
        scaled = self._scaled_power(operation, values)
        if scaled is not None:
            operation, values = scaled
        if len(self._nodes) == MAX_NODES:
            raise refuse(self._text, column, f"more than {MAX_NODES} operations; a graph that large cannot be read")
        node = Node(f"#{len(self._nodes)}", operation, tuple(values), column)
        self._nodes.append(node)
        return node.name

    def _compute(self, operation: str, numbers: Sequence[Value], column: int) -> float:
        try:
            result = OPERATIONS[operation].compute(*numbers)
        except NoValueError as error:
            raise refuse(self._text, column, str(error)) from None
        if abs(result) == float("inf"):
            raise refuse(self._text, column, "overflow: the result is too large for float64")
        return float(result)

    def _scaled_power(self, operation: str, values: Sequence[Value]) -> tuple[str, tuple[Value, ...]] | None:
        """A power times or over a number is one step, as in the lecture's J = d² / 2."""
        if not self._nodes or operation not in ("multiply", "divide"):
            return None
        power = self._nodes[-1]
        number = values[1] if values[0] == power.name else values[0]
        is_power = power.operation == "power" and power.name.startswith("#") and power.name in values
        if not is_power or not isinstance(number, float) or (operation == "divide" and values[0] != power.name):
            return None
        self._nodes.pop()
        return ("power_over" if operation == "divide" else "times_power"), (*power.operands, number)

    def define(self, name: str | None, column: int, value: Value) -> None:
        """Ends a statement: its last node gets the name."""
        if name is not None and name in self._defined:
            raise refuse(self._text, column, f'"{name}" has a value already', "give each step its own name")
        if name is not None and name in self._given:
            told = f'"{name}" is used before it is defined'
            raise refuse(self._text, min(self._given[name], column), told, "put its statement first, or rename it")
        is_step = isinstance(value, str) and value.startswith("#")
        if not is_step:
            self._copy(name, value, column)
        if name is not None:
            self._defined.add(name)
            self._nodes[-1] = replace(self._nodes[-1], name=name)

    def _copy(self, name: str | None, value: Value, column: int) -> None:
        """A statement that is a name alone is a step, too; one that is a number is none."""
        if isinstance(value, float):
            hint = f"leave the statement out and use --set {name}={value:g}" if name else None
            raise refuse(self._text, column, "a number without any name has no derivative", hint)
        self.apply("copy", (value,), column)

    def finish(self) -> Graph:
        """The graph, with names for all nodes."""
        taken = self._defined | set(self._given)
        names = {}
        if self._nodes[-1].name.startswith("#"):
            names[self._nodes[-1].name] = next(name for name in chain(("J", "L"), _numbered("J")) if name not in taken)
        steps = (name for name in _numbered("v") if name not in taken)
        for node in self._nodes:
            if node.name.startswith("#"):
                names[node.name] = names.get(node.name) or next(steps)
        return Graph(self._text, tuple(self._given), tuple(_renamed(node, names) for node in self._nodes))


def _renamed(node: Node, names: dict[str, str]) -> Node:
    operands = tuple(names.get(each, each) if isinstance(each, str) else each for each in node.operands)
    return replace(node, name=names.get(node.name, node.name), operands=operands)


def _numbered(letter: str) -> Iterator[str]:
    """v1, v2 and so on, as steps are called in the literature (Baydin et al., 2018)."""
    return (f"{letter}{number}" for number in count(1))
