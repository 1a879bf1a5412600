"""`nncli predict`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import Json, Run, RunsDir
from nncli.errors import UsageError


def predict(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Images, folders, tables, or - for stdin.")],
    run: Run = "latest",
    top: Annotated[int | None, typer.Option(min=1, help="Only the K most probable classes.")] = None,
    form: Annotated[str, typer.Option("--format", help="table, json, jsonl, csv or parquet.")] = "table",
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of stdout.")] = None,
    runs_dir: RunsDir = Path("runs"),
    json_mode: Json = False,
) -> None:
    """Predict images or rows of a table with a run.

    \b
    Example: nncli predict digit.png --top 3
    """
    with command(json_mode=json_mode) as console:
        from nncli import pipeline

        folders = pipeline.Folders(runs_dir)
        if json_mode and form not in ("table", "json"):
            raise UsageError(f"--json and --format {form} ask for different things", hint="use one of them")
        form = "json" if json_mode else form
        outcome = pipeline.predict(inputs, run, folders=folders, console=console, top=top, form=form, output=output)
        if outcome.failed:
            console.say(f"{outcome.failed} of {outcome.failed + outcome.answered} inputs could not be read")
            raise typer.Exit(3)
