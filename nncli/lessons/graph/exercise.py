"""Questions on a graph with their answers, other numbers for them, and the judging of what someone answers."""

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nncli.errors import UsageError
from nncli.lessons.graph.differentiation import Passes, Values, differentiate, find_kinks, parameters
from nncli.lessons.graph.graph import Graph
from nncli.lessons.graph.operations import show, show_term
from nncli.lessons.graph.spelling import chain_rule, spell_computation, spell_formula, spell_gradient
from nncli.lessons.graph.text import Example, backward_order

# The numbers of an exercise, and how many draws of them are compared.
_NUMBERS = (-4, -3, -2, -1, 1, 2, 3, 4)
_DRAWS = 400
# Larger answers are no mental arithmetic.
_LARGE = 20
# What an answer that is not whole may be off by: it has three significant digits.
TOLERANCE = 0.005
_ROUNDING = 1e-9
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_ANSWER = re.compile(rf"(?:.*=)?\s*({_NUMBER})\s*(?:/\s*({_NUMBER}))?\s*", re.DOTALL)
_LONGEST = 80

FORWARD, BACKWARD, UPDATE = "Forward pass", "Backward pass", "Update"


@dataclass(frozen=True)
class Question:
    """What is asked in which part, the answer, and how it is found."""

    part: str
    asked: str
    answer: float
    reason: str


def ask_all(example: Example) -> list[Question]:
    """The value of each node, each derivative, and each parameter after one step, in the order of computation."""
    graph, passes = example.graph, example.passes
    rate = show(example.learning_rate)
    questions = []
    for node in graph.nodes:
        value = passes.values[node.name]
        asked = f"{node.name} = {spell_formula(node)}"
        reason = f"{asked} = {spell_computation(node, passes.values)} = {show(value)}"
        questions.append(Question(FORWARD, asked, value, reason))
    for name in backward_order(graph):
        reason = " = ".join(chain_rule(graph, name, passes))
        questions.append(Question(BACKWARD, spell_gradient(graph, name), passes.gradients[name], reason))
    for name in parameters(graph):
        numbers = f"{show(passes.values[name])} − {rate} · {show_term(passes.gradients[name])}"
        reason = f"{name} − {rate} · {spell_gradient(graph, name)} = {numbers} = {show(example.after[name])}"
        questions.append(Question(UPDATE, f"{name} after the step", example.after[name], reason))
    return questions


def read_answer(text: str) -> float | None:
    """A number such as -4, −0.5, 0,5, -1/2 or `J = 2`; None for anything else."""
    found = _ANSWER.fullmatch(text[:_LONGEST].replace("−", "-").replace(",", "."))
    if not found or (found[2] and float(found[2]) == 0):
        return None
    answer = float(found[1]) / float(found[2] or 1)
    return answer if math.isfinite(answer) else None


def is_right(question: Question, answer: float) -> bool:
    """Whether an answer counts: whole numbers exactly, others within half a percent."""
    allowed = _ROUNDING if question.answer == round(question.answer) else TOLERANCE
    return abs(answer - question.answer) <= allowed * max(1e-6, abs(question.answer)) + _ROUNDING


def draw_numbers(graph: Graph, fixed: Values, seed: int) -> dict[str, float]:
    """Small whole numbers for the given names that are not fixed, the same for the same seed.

    Of many draws, the first is taken whose values and derivatives are all small multiples of 1/2, none of them 0; if
    there is none, the draw that comes nearest to that. Raises UsageError if the expression has a value for none.
    """
    generator = random.Random(seed)
    best: tuple[int, dict[str, float]] | None = None
    for _ in range(_DRAWS):
        given = {name: fixed.get(name, float(generator.choice(_NUMBERS))) for name in graph.given}
        try:
            passes = differentiate(graph, given)
        except UsageError:
            continue
        awkward = _count_awkward(graph, passes)
        if best is None or awkward < best[0]:
            best = awkward, given
        if awkward == 0:
            break
    if best is None:
        hint = "fix some of them with --set, as in --set x=0.5"
        raise UsageError(f"--seed {seed}: the expression has no value for small whole numbers", hint=hint)
    return best[1]


def _count_awkward(graph: Graph, passes: Passes) -> int:
    """How many of the numbers are not small halves, or are 0; an example at a kink is worse than any of them."""
    numbers: Sequence[float] = [
        number for name in graph.names for number in (passes.values[name], passes.gradients[name])
    ]
    unfit = sum(number * 2 != round(number * 2) or abs(number) > _LARGE or number == 0 for number in numbers)
    return unfit + len(numbers) * len(find_kinks(graph, passes.values))
