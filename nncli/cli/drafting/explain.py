"""`nncli explain`."""

from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import Json


def explain(
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", help="A rule, a lesson, a list such as losses, or a name.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="Change a number of a lesson; repeatable.")
    ] = None,
    json_mode: Json = False,
) -> None:
    """Explain a rule or a lesson, or list layers, optimizers, schedules or losses with examples; alone, list all rules.

    Example: [bold]nncli explain logits-twice[/bold], [bold]nncli explain adam[/bold]
    """
    with command(json_mode=json_mode) as console:
        from nncli import pipeline
        from nncli.cli.views.explanation import show_explanation

        show_explanation(console, pipeline.explain(topic, assignments or ()))
