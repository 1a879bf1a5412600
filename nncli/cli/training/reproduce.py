"""`nncli reproduce`."""

from pathlib import Path

import typer

from nncli.cli.command import command
from nncli.cli.options import DataDir, Json, Quiet, RunArgument, RunsDir


def reproduce(
    run: RunArgument = "latest",
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Train a run again from its record, and compare the two bit by bit.

    \b
    Example: nncli reproduce latest
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.training import show_reproduction

        folders = pipeline.Folders(runs_dir, data_dir)
        reproduction = pipeline.reproduce(run, folders=folders, console=console)
        show_reproduction(console, reproduction)
        if not reproduction.is_as_promised:
            raise typer.Exit(1)
