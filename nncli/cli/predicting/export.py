"""`nncli export`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import DataDir, Json, Quiet, RunArgumentOrNone, RunOption, RunsDir, choose_run


def export(
    run: RunArgumentOrNone = None,
    run_option: RunOption = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="keras, tflite, onnx, saved_model or script.", show_default="by the ending"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Where to write it.", show_default="the config's name")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="tflite in 8-bit integers; shows what it costs.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Write the model of a run in another format.

    \b
    Example: nncli export latest --format onnx
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.export import show_export

        word = choose_run(run, run_option, runs_dir)
        request = pipeline.ExportRequest(form, output, int8, force)
        exported = pipeline.export(word, request, folders=pipeline.Folders(runs_dir, data_dir), console=console)
        show_export(console, exported)
