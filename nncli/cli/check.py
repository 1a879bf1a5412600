"""`nncli check`."""

from typing import Annotated

import typer

from nncli.cli.shell import Assignments, DataDir, Json, command
from nncli.cli.views import show_network


def check(
    config: Annotated[str, typer.Argument(help="A config file, or the name of a shipped one.")],
    assignments: Assignments = None,
    data_dir: DataDir = None,
    json_mode: Json = False,
) -> None:
    """Check a config against its data and print the network, without TensorFlow.

    Example: [bold]nncli check mnist_softmax[/bold]
    """
    with command(json_mode=json_mode) as console:
        from nncli import pipeline

        places = pipeline.Places(data_dir=data_dir)
        show_network(console, pipeline.check(config, places=places, console=console, assignments=assignments or ()))
