"""`nncli ensemble`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.completion import offer_comparisons
from nncli.cli.options import DataDir, Json, Quiet, RunsDir


def ensemble(
    comparison: Annotated[
        str,
        typer.Argument(
            metavar="COMPARISON",
            help="A comparison's folder, name or beginning.",
            autocompletion=offer_comparisons,
            show_default="latest",
        ),
    ] = "latest",
    variant: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose seeds to join.", show_default="the best one")
    ] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Join the seeds of a comparison into one model.

    \b
    Example: nncli ensemble latest
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.several.ensemble import show_ensemble

        folders = pipeline.Folders(runs_dir, data_dir)
        made = pipeline.make_ensemble(comparison, variant, folders=folders, console=console)
        show_ensemble(console, made, runs_dir)
