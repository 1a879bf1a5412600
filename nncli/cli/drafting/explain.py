"""`nncli explain`."""

from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.drafting import backprop
from nncli.cli.options import DataDir, Json, Quiet


def explain(
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", help="A rule, a lesson, a list such as losses, or a name.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="Change a number of a lesson; repeatable.")
    ] = None,
    expression: backprop.Expression = None,
    learning_rate: backprop.LearningRate = None,
    plot: backprop.Plot = None,
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
    """Explain a rule, a lesson, a layer or an optimizer.

    \b
    Example: nncli explain logits-twice
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.explanation import show_explanation

        request = pipeline.BackpropRequest(
            expression, learning_rate, plot, config, row, exercise, answers, seed, output, force
        )
        if pipeline.is_backprop(topic):
            backprop.answer_backprop(console, request, assignments or (), data_dir)
            return
        backprop.require_backprop(request, topic)
        show_explanation(console, pipeline.explain(topic, assignments or ()))
