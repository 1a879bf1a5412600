"""`nncli eval`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import DataDir, Json, RunsDir


def evaluate(
    run: Annotated[str, typer.Argument(metavar="[RUN]", help="A run's folder, name or beginning.")] = "latest",
    data: Annotated[str | None, typer.Option(metavar="PATH", help="Labelled data instead of the test part.")] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    json_mode: Json = False,
) -> None:
    """Measure a run on its test set, beside what guessing reaches.

    \b
    Example: nncli eval latest
    """
    with command(json_mode=json_mode) as console:
        from nncli import pipeline
        from nncli.cli.views.results import show_evaluation

        folders = pipeline.Folders(runs_dir, data_dir)
        show_evaluation(console, pipeline.evaluate(run, folders=folders, console=console, data_path=data))
