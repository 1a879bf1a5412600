"""`nncli runs export`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.completion import offer_trackers
from nncli.cli.options import Json, Quiet, RunArgument, RunsDir


def export(
    to: Annotated[
        str, typer.Option("--to", metavar="TOOL", help="tensorboard or mlflow.", autocompletion=offer_trackers)
    ],
    run: RunArgument = "latest",
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write.", show_default="in or beside the runs")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--tracking-uri", metavar="URI", help="MLflow: the server to send it to.")
    ] = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Write a run into TensorBoard's or MLflow's own format.

    \b
    Example: nncli runs export latest --to tensorboard
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        request = pipeline.TrackingRequest(to, output, address)
        written = pipeline.export_runs(run, request, folders=pipeline.Folders(runs_dir), console=console)
        lines = [f"{each['run']}: {each['epochs']:,} epochs" for each in written]
        pipeline.say_notes(written, console)
        console.answer({"exported": written}, *lines, f"look: {written[0]['look']}")
