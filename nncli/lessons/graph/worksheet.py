"""The questions of an exercise as text for a terminal, and as a worksheet in Markdown; with or without answers."""

from collections.abc import Sequence

from nncli.lessons.graph.drawing import draw_tree
from nncli.lessons.graph.exercise import BACKWARD, FORWARD, UPDATE, Question
from nncli.lessons.graph.graph import Graph
from nncli.lessons.graph.operations import show
from nncli.lessons.graph.spelling import spell_formula, spell_given, wrap
from nncli.lessons.graph.text import Example


def tell_task(example: Example) -> str:
    """The graph and the given numbers, which is all that an exercise starts from."""
    numbers = spell_given(example.graph, example.passes.values)
    return "\n".join([f"The graph of {example.graph.cost}", *_tree(example.graph), *wrap(f"with {numbers}")])


def tell_questions(example: Example, questions: Sequence[Question], *, answers: bool) -> str:
    """All questions in lines of at most 80 columns, with their answers instead of a gap if asked for."""
    lines = [tell_task(example)]
    for number, question in enumerate(questions, 1):
        if number == 1 or question.part != questions[number - 2].part:
            lines += ["", head_part(question.part, example) + ":"]
        told = _format_question(question) if answers else f"{question.asked} = ?"
        lines += wrap(f"  {number:>2}. {told}", indent=" " * 8)
    return "\n".join(lines)


def make_worksheet(example: Example, questions: Sequence[Question], *, seed: int | None, answers: bool) -> str:
    """A page of Markdown with a table to fill in for each part, and the answers after it if asked for."""
    graph = example.graph
    title = "# Back-propagation" + ("" if seed is None else f", exercise {seed}")
    lines = [title, "", f"The computation graph of {graph.cost}, from the cost to the values:", "", "```"]
    lines += [line.removeprefix("  ") for line in _tree(graph)] + [
        "```",
        "",
        f"Given: {spell_given(graph, example.passes.values)}.",
    ]
    for part, task in _TASKS.items():
        lines += [
            "",
            f"## {head_part(part, example)}",
            "",
            task,
            "",
            "| | | with numbers | result |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {number} | `{question.asked}` | | |"
            for number, question in enumerate(questions, 1)
            if question.part == part
        ]
    if answers:
        lines += ["", "## Answers", ""]
        lines += [f"{number}. `{_format_question(question)}`" for number, question in enumerate(questions, 1)]
    return "\n".join(lines) + "\n"


_TASKS = {
    FORWARD: "Compute the value of each node.",
    BACKWARD: "Compute each derivative by the chain rule: the derivative of the next node times the local derivative, "
    "added up where a value is used more than once.",
    UPDATE: "Take one step of gradient descent: each parameter minus the learning rate times its derivative.",
}


def _format_question(question: Question) -> str:
    return question.reason if question.part != UPDATE else f"{question.asked}: {question.reason}"


def head_part(part: str, example: Example) -> str:
    """The heading of a part of the questions."""
    return f"{part} with the learning rate {show(example.learning_rate)}" if part == UPDATE else part


def _tree(graph: Graph) -> list[str]:
    formulas = {node.name: f" = {spell_formula(node)}" for node in graph.nodes}
    return [
        f"  {branch.prefix}{branch.name}" + (" (above)" if branch.is_repeated else formulas.get(branch.name, ""))
        for branch in draw_tree(graph)
    ]
