"""`nncli explain`."""

from typing import Annotated

import typer

from nncli.cli.shell import Json, command
from nncli.cli.textview import show_explanation


def explain(
    topic: Annotated[str | None, typer.Argument(metavar="[RULE]", help="The id at the end of a message.")] = None,
    json_mode: Json = False,
) -> None:
    """Explain a rule: what goes wrong in training, why, and how to write it right; without a rule, list all.

    Example: [bold]nncli explain logits-twice[/bold]
    """
    with command(json_mode=json_mode) as console:
        from nncli import pipeline

        show_explanation(console, topic, pipeline.explain(topic))
