"""Back-propagation on the lecture's computation graph or any other: the lesson, from an expression and its numbers."""

from collections.abc import Sequence

from nncli.lessons.graph.differentiation import choose_numbers, differentiate
from nncli.lessons.graph.grammar import parse_expression
from nncli.lessons.graph.text import Example, tell_example, to_numbers
from nncli.lessons.lesson import Lesson

# A linear neuron with the squared error.
EXPRESSION = "c = w*x; a = c + b; d = a - y; J = d**2 / 2"
LEARNING_RATE = 0.1


def teach_backpropagation(assignments: Sequence[str] = ()) -> Lesson:
    return teach_graph(make_example(EXPRESSION, assignments))


def make_example(expression: str, assignments: Sequence[str], learning_rate: float = LEARNING_RATE) -> Example:
    graph = parse_expression(expression)
    return Example(graph, differentiate(graph, choose_numbers(graph, assignments)), learning_rate)


def teach_graph(example: Example) -> Lesson:
    """The lesson on an example."""
    return Lesson("backprop", "how the derivatives of the cost are computed", tell_example(example), to_numbers(example))
