"""What `nncli explain backprop` answers: the lesson on an expression, or an exercise; with its files."""

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from nncli.errors import UsageError
from nncli.lessons import LESSONS, find_lesson
from nncli.lessons.backpropagation import EXPRESSION, LEARNING_RATE, make_example, teach_graph
from nncli.lessons.graph.exercise import Question, ask_all, is_right, read_answer
from nncli.lessons.graph.text import Example
from nncli.lessons.graph.worksheet import head_part, make_worksheet, tell_questions, tell_task
from nncli.pipeline.backprop.picture import draw_example, is_lesson_picture, require_writable, write_file

_PICTURES, _WORKSHEETS = (".png", ".svg"), (".md", ".markdown")


@dataclass(frozen=True)
class BackpropRequest:
    """What the options of `nncli explain backprop` say; None and False where they are left out."""

    expression: str | None = None
    learning_rate: float | None = None
    plot: Path | None = None
    config: str | None = None
    row: int | None = None
    exercise: bool = False
    answers: bool = False
    seed: int | None = None
    output: Path | None = None
    force: bool = False

    @property
    def given(self) -> list[str]:
        """The options that are used, as they are written; 0 is a value like others."""
        used = [
            field.name for field in fields(self) if not any(getattr(self, field.name) is no for no in (None, False))
        ]
        return [f"--{name.replace('_', '-')}" for name in used]

    @property
    def rate(self) -> float:
        """The learning rate of the update."""
        return LEARNING_RATE if self.learning_rate is None else self.learning_rate


@dataclass(frozen=True)
class Explained:
    """The answer as a value for programs and as text; of an exercise, what is asked and below which headings."""

    value: dict[str, Any]
    text: str
    task: str = ""
    questions: Sequence[Question] = ()
    headings: Sequence[str] = ()  # that of each question's part


def explain_backprop(request: BackpropRequest, assignments: Sequence[str] = ()) -> Explained:
    """The lesson or the exercise on an expression, the lecture's if none is given. Raises UsageError."""
    require_fitting(request)
    example = make_example(
        EXPRESSION if request.expression is None else request.expression,
        assignments,
        learning_rate=request.rate,
        seed=request.seed,
    )
    files = {}
    if request.plot is not None:
        numbers = request.answers or not request.exercise
        write_file("--plot", request.plot, draw_example(example, request.plot.suffix.lower()[1:], numbers=numbers))
        files["plot"] = str(request.plot)
    if request.exercise:
        return _exercise(request, assignments, example, files)
    lesson = teach_graph(example)
    value = {"lesson": lesson.id, "title": lesson.title, **lesson.numbers, "text": lesson.text}
    if request.expression is None:
        value["set"] = list(LESSONS["backprop"].values)
    value["next"] = [_exercise_command(request, assignments)]
    return Explained(value | files, f"{lesson.id}: {lesson.title}\n\n{lesson.text}")


def _exercise(
    request: BackpropRequest, assignments: Sequence[str], example: Example, files: dict[str, str]
) -> Explained:
    questions = ask_all(example)
    if request.output is not None:
        sheet = make_worksheet(example, questions, seed=request.seed, answers=request.answers)
        write_file("--output", request.output, sheet.encode())
        files = files | {"output": str(request.output)}
    asked = [
        {"part": question.part, "asked": question.asked}
        | ({"answer": question.answer, "reason": question.reason} if request.answers else {})
        for question in questions
    ]
    value = {
        "lesson": "backprop",
        "expression": example.graph.text,
        "seed": request.seed,
        "learning_rate": request.rate,
        "given": {name: example.passes.values[name] for name in example.graph.given},
        "questions": asked,
        "next": [] if request.answers else [f"{_exercise_command(request, assignments)} --answers"],
    }
    text = tell_questions(example, questions, answers=request.answers)
    headings = [head_part(question.part, example) for question in questions]
    return Explained(value | files, text, tell_task(example), questions, headings)


def is_backprop(topic: str | None) -> bool:
    """Whether a topic is the lesson on back-propagation."""
    return topic is not None and find_lesson(topic) == "backprop"


def judge(question: Question, text: str) -> bool | None:
    """Whether an answer that was typed is right; None if it is no number."""
    answer = read_answer(text)
    return None if answer is None else is_right(question, answer)


def require_fitting(request: BackpropRequest) -> None:
    """Refuses options that do not fit together, and files that cannot be written. Raises UsageError."""
    if not (math.isfinite(request.rate) and request.rate > 0):
        raise UsageError(f"--learning-rate {request.rate:g}: expected a number above 0", hint="0.1 is the default")
    given = request.given
    for name, other in (("--answers", "--exercise"), ("--output", "--exercise"), ("--row", "--config")):
        if name in given and other not in given:
            raise UsageError(f"{name} goes with {other}", hint=f"add {other}, or leave {name} out")
    if request.config is not None:
        others = [each for each in given if each in ("--expression", "--exercise", "--seed")]
        if others:
            told = " and ".join(others)
            raise UsageError(f"--config explains a network, and takes no {told}", hint=f"leave {told} out")
    plot, output = request.plot, request.output
    if plot is not None:
        require_writable("--plot", plot, _PICTURES, replaceable=request.force or is_lesson_picture(plot))
    if output is not None:
        require_writable("--output", output, _WORKSHEETS, replaceable=request.force)


def _exercise_command(request: BackpropRequest, assignments: Sequence[str]) -> str:
    """The command of the same exercise, to which options can be added."""
    words = ["nncli", "explain", "backprop"]
    words += ["--expression", request.expression] if request.expression is not None else []
    words += [word for assignment in assignments for word in ("--set", assignment)]
    words += ["--seed", str(request.seed)] if request.seed is not None else []
    words += ["--learning-rate", f"{request.rate!r}"] if request.learning_rate is not None else []
    return " ".join([*map(shlex.quote, words), "--exercise"])
