"""`nncli report`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.completion import offer_runs
from nncli.cli.options import DataDir, Json, Quiet, RunsDir
from nncli.cli.reporting.open import show_in_browser


def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Folders, names or beginnings of names.",
            show_default="the newest run",
            autocompletion=offer_runs,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="A page of all runs, with a link to the page of each.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the page there.", show_default="report.html in the run folder"),
    ] = None,
    shown: Annotated[bool, typer.Option("--open", help="Show the page in a browser.")] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Write one page about a run or a comparison, to look at or to send.

    \b
    Example: nncli report latest
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        folders = pipeline.Folders(runs_dir, data_dir)
        written = pipeline.report(runs or (), folders=folders, console=console, every=every, output=output)
        console.answer({"pages": [str(path) for path in written]}, *[f"page: {path}" for path in written[:20]])
        if shown:
            show_in_browser(written[0])
