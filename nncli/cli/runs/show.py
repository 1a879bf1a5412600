"""`nncli runs show` and `nncli runs diff`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.completion import offer_runs
from nncli.cli.options import Json, Quiet, RunArgument, RunsDir


def show(
    run: RunArgument = "latest",
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Show all that is known of a run, and the trainings of a comparison.

    \b
    Example: nncli runs show mnist_softmax
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.runs.details import show_run

        show_run(console, pipeline.describe_run(run, pipeline.Folders(runs_dir)))


def diff(
    first: Annotated[
        str, typer.Argument(metavar="A", help="A run's folder, name or beginning.", autocompletion=offer_runs)
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="The run to compare it with.", autocompletion=offer_runs)],
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Show what differs between two runs: config, data, versions, metrics.

    \b
    Example: nncli runs diff mnist_softmax mnist_cnn
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.runs.details import show_difference

        show_difference(console, pipeline.diff_runs(first, second, pipeline.Folders(runs_dir)))
