"""The options of `nncli explain backprop`, its answer, and the conversation of an exercise."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli.completion import offer_configs
from nncli.console import Console
from nncli.errors import UsageError

if TYPE_CHECKING:
    from nncli.pipeline import BackpropRequest
    from nncli.pipeline.backprop.explaining import Explained

Expression = Annotated[
    str | None, typer.Option(metavar="TEXT", help="backprop: differentiate this instead of the lecture's graph.")
]
LearningRate = Annotated[
    float | None, typer.Option(help="backprop: the learning rate of the update.", show_default="0.1")
]
Config = Annotated[
    str | None,
    typer.Option(help="backprop: the network of a config, on one row of its data.", autocompletion=offer_configs),
]
Row = Annotated[
    int | None, typer.Option(min=0, help="backprop: the row of the training set for --config.", show_default="0")
]
Exercise = Annotated[bool, typer.Option("--exercise", help="backprop: hide the numbers and ask for them.")]
Answers = Annotated[bool, typer.Option("--answers", help="backprop: show the answers of an exercise.")]
Seed = Annotated[int | None, typer.Option(min=0, help="backprop: draw the numbers of an exercise from this seed.")]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="backprop: write a worksheet, FILE.md.")]
Force = Annotated[bool, typer.Option("--force", help="backprop: replace a file that exists.")]


def require_backprop(request: "BackpropRequest", topic: str | None) -> None:
    """Refuses the options above for another topic. Raises UsageError."""
    if request.given:
        told, verb = " and ".join(request.given), "belong" if len(request.given) > 1 else "belongs"
        what = f'"{topic}"' if topic else "the list of what can be explained"
        raise UsageError(f"{told}: {verb} to the lesson backprop, not to {what}", hint="nncli explain backprop --help")


def answer_backprop(
    console: Console, request: "BackpropRequest", assignments: Sequence[str], data_dir: Path | None
) -> None:
    """Shows the lesson, or asks for its numbers where a person is at the terminal and the answers are not asked for."""
    from nncli import pipeline

    if request.config is not None:
        from nncli.cli.views.gradients import show_network_pass

        folders = pipeline.Folders(data_dir=data_dir)
        found = pipeline.explain_network(request, folders=folders, console=console, assignments=assignments)
        show_network_pass(console, found)
        return
    explained = pipeline.explain_backprop(request, assignments)
    value = explained.value
    shows_files = bool({"plot", "output"} & {*value})
    if console.json_mode:
        console.answer(value)
    elif request.exercise and not request.answers and not shows_files and console.is_conversation:
        _converse(console, explained)
    else:
        parts = [] if request.exercise and shows_files else [explained.text] if "set" in value else [explained.text, ""]
        parts += [f"picture: {value['plot']}"] if "plot" in value else []
        parts += [f"worksheet: {value['output']}"] if "output" in value else []
        parts += [f"--set: {', '.join(value['set'])}"] if "set" in value else []
        parts += ["next: " + "\n      ".join(value["next"])] if value["next"] else []
        console.write("\n".join(parts).rstrip("\n") + "\n")


def _converse(console: Console, explained: "Explained") -> None:
    """Asks one question after another; an empty line shows the answer, the end of the input ends the exercise."""
    from nncli import pipeline

    console.write(f"{explained.task}\n\nAnswer with a number such as -4, 0.5 or -1/2; Enter shows the answer.\n")
    right, before = 0, ""
    for number, (question, heading) in enumerate(zip(explained.questions, explained.headings, strict=True), 1):
        if heading != before:
            console.write(f"\n{heading}:\n")
            before = heading
        line = console.prompt(f" {number:>2}. {question.asked} = ")
        while line and pipeline.judge(question, line) is None:
            line = console.prompt("     that is no number; a number such as -4, 0.5 or -1/2: ")
        if line is None:
            break
        is_right = bool(line) and bool(pipeline.judge(question, line))
        right += is_right
        word = "right: " if is_right else "wrong: " if line else ""
        console.write(console.wrap(f"     {word}{question.reason}") + "\n")
    console.write(f"\n{right} of {len(explained.questions)} right\n")
