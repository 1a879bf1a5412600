"""`nncli explain`."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from nncli.cli.command import command
from nncli.cli.drafting import backprop
from nncli.cli.group import Command
from nncli.cli.options import DataDir, Json, Quiet


class ExplainCommand(Command):
    """Takes -3 for a number and not for an option that does not exist: numbers follow a lesson's name as typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Gives negative numbers the minus sign that begins no option; lessons read both."""
        return super().parse_args(ctx, [re.sub(r"^-(?=\.?\d|inf|nan)", "−", word) for word in args])


def explain(
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="A lesson, a rule, a list such as losses, or a name.")
    ] = None,
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER", help="Logits, for the lesson softmax.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="Change a number of a lesson; repeatable.")
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(help="Your own digit, for the lessons convolution and attention.", show_default="a bundled one"),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the lesson into a PNG or SVG file.")] = None,
    options: Annotated[
        bool, typer.Option("--options", help="Show the layer or optimizer, where a lesson has the same name.")
    ] = False,
    expression: backprop.Expression = None,
    learning_rate: backprop.LearningRate = None,
    config: backprop.Config = None,
    row: backprop.Row = None,
    exercise: backprop.Exercise = False,
    answers: backprop.Answers = False,
    seed: backprop.Seed = None,
    output: backprop.Output = None,
    force: backprop.Force = False,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Explain a lesson, a rule, a layer or an optimizer.

    \b
    Example: nncli explain softmax 2 1 0.1 -3
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.explanation import show_explanation

        own = pipeline.is_backprop(topic) and not (numbers or image or options)
        asked = pipeline.BackpropRequest(
            expression, learning_rate, plot if own else None, config, row, exercise, answers, seed, output, force
        )
        if own:
            backprop.answer_backprop(console, asked, assignments or (), data_dir)
            return
        if not pipeline.is_backprop(topic):
            backprop.require_backprop(asked, topic)
        request = pipeline.LessonRequest(assignments or (), numbers or (), image, plot)
        show_explanation(console, pipeline.explain(topic, request, options=options))
