"""`nncli check`."""

from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import Assignments, ConfigArgument, DataDir, Json, Quiet


def check(
    config: ConfigArgument,
    resolved: Annotated[bool, typer.Option("--resolved", help="Print every value and where it comes from.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Apply every fix that is certain, then check.")] = False,
    assignments: Assignments = None,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Check a config against its data and print the network.

    \b
    Example: nncli check mnist_softmax
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.network import show_fixes, show_network, show_origins

        folders, given = pipeline.Folders(data_dir=data_dir), assignments or ()
        if fix:
            show_fixes(console, config, pipeline.fix(config, folders=folders, console=console, assignments=given))
        checked = pipeline.check(config, folders=folders, console=console, assignments=given)
        show_origins(console, checked.origins()) if resolved else show_network(console, checked)
