"""Back-propagation on the lecture's computation graph or any other: the lesson, from an expression and its numbers."""

from collections.abc import Sequence

from nncli.lessons.graph.differentiation import choose_numbers, differentiate
from nncli.lessons.graph.exercise import draw_numbers
from nncli.lessons.graph.grammar import parse_expression
from nncli.lessons.graph.text import Example, tell_example, to_numbers
from nncli.lessons.lesson import Lesson

TITLE = "how the derivatives of the cost are computed"
# A linear neuron with the squared error.
EXPRESSION = "c = w*x; a = c + b; d = a - y; J = d**2 / 2"
LEARNING_RATE = 0.1


def teach_backpropagation(assignments: Sequence[str] = ()) -> Lesson:
    """The lesson on the lecture's graph; `assignments` such as `w=3` change w, b, x or y. Raises UsageError."""
    return teach_graph(make_example(assignments=assignments))


def make_example(
    expression: str = EXPRESSION,
    assignments: Sequence[str] = (),
    *,
    learning_rate: float = LEARNING_RATE,
    seed: int | None = None,
) -> Example:
    """Both passes through the graph of an expression, with the assigned numbers; a `seed` draws the others.

    Raises UsageError.
    """
    graph = parse_expression(expression)
    if seed is None:
        given = choose_numbers(graph, assignments)
    else:
        given = draw_numbers(graph, choose_numbers(graph, assignments, partial=True), seed)
    return Example(graph, differentiate(graph, given), learning_rate)


def teach_graph(example: Example) -> Lesson:
    """The lesson on an example."""
    return Lesson("backprop", TITLE, tell_example(example), to_numbers(example))
