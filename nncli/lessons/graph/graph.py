"""A computation graph: named values, and nodes in the order in which they are computed; computes nothing itself."""

from dataclasses import dataclass

from nncli.errors import UsageError

# The name of a value or node, or a number that is written in the expression.
Operand = str | float

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
