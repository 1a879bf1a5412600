"""`nncli explain`."""

from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import Json, Quiet


def explain(
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", help="A rule, a lesson, a list such as losses, or a name.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="Change a number of a lesson; repeatable.")
    ] = None,
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

        show_explanation(console, pipeline.explain(topic, assignments or ()))
