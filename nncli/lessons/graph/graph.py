"""A computation graph: named values, and nodes in the order in which they are computed; and what collects them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from nncli.errors import UsageError
from nncli.lessons.graph.operations import OPERATIONS, NoValueError

# The name of a value or node, or a number that is written in the expression.
Operand = str | float

MAX_NODES = 40
# An expression is quoted in a message up to here; more would wrap, and the caret below would point nowhere.
_QUOTED = 60


@dataclass(frozen=True)
class Node:
    """One step: an operation (a key of `OPERATIONS`) on its operands, which stand before it in the graph.

    `column` is the place of its sign in the expression, counted from 1.
    """

    name: str
    operation: str
    operands: tuple[Operand, ...]
    column: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names among the operands, each once."""
        return tuple(dict.fromkeys(operand for operand in self.operands if isinstance(operand, str)))


@dataclass(frozen=True)
class Graph:
    """What an expression computes: `given` are the names that need a value, the last node is the cost."""

    text: str
    given: tuple[str, ...]
    nodes: tuple[Node, ...]

    @property
    def cost(self) -> str:
        """The name of what is differentiated."""
        return self.nodes[-1].name

    @property
    def names(self) -> tuple[str, ...]:
        """All values and nodes, in the order of the forward pass."""
        return (*self.given, *(node.name for node in self.nodes))

    def users(self, name: str) -> tuple[Node, ...]:
        """The nodes that a value goes into."""
        return tuple(node for node in self.nodes if name in node.inputs)


def refuse(text: str, column: int, problem: str, hint: str | None = None) -> UsageError:
    """The error for a place in an expression: what is wrong, and a caret under the column (counted from 1)."""
    line = "".join(character if character.isprintable() else " " for character in text)
    start = max(0, min(column - 1 - _QUOTED // 2, len(line) - _QUOTED))
    before, after = ("..." if start else ""), ("..." if start + _QUOTED < len(line) else "")
    quoted = f"{before}{line[start : start + _QUOTED]}{after}"
    caret = " " * (len(before) + column - 1 - start) + "^"
    return UsageError(f"--expression, column {column}: {problem}\n  {quoted}\n  {caret}", hint=hint)


class Builder:
    """Nodes without a name of their own are called "#0", "#1" and so on until all names are known."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nodes: list[Node] = []
        self._given: dict[str, int] = {}  # name -> column of its first use
        self._defined: set[str] = set()

    def name(self, name: str, column: int) -> Operand:
        """The value of a name: a node defined before, or a value that has to be given."""
        if name not in self._defined:
            self._given.setdefault(name, column)
        return name

    def apply(self, operation: str, values: Sequence[Operand], column: int) -> Operand:
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

    def _compute(self, operation: str, numbers: Sequence[Operand], column: int) -> float:
        try:
            result = OPERATIONS[operation].compute(*numbers)
        except NoValueError as error:
            raise refuse(self._text, column, str(error)) from None
        if abs(result) == float("inf"):
            raise refuse(self._text, column, "overflow: the result is too large for float64")
        return float(result)

    def _scaled_power(self, operation: str, values: Sequence[Operand]) -> tuple[str, tuple[Operand, ...]] | None:
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

    def define(self, name: str | None, column: int, value: Operand) -> None:
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

    def _copy(self, name: str | None, value: Operand, column: int) -> None:
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
