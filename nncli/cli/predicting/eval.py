"""`nncli eval`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import DataDir, Json, NoReport, Quiet, RunArgumentOrNone, RunOption, RunsDir, choose_run


def evaluate(
    run: RunArgumentOrNone = None,
    run_option: RunOption = None,
    data: Annotated[
        str | None, typer.Option(metavar="PATH", help="Labelled data to measure on.", show_default="the test set")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Also measure each value of this column separately.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="First prove on all test rows that predict gives Keras's answers.")
    ] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Fit a temperature on the validation set, and keep it in the run.")
    ] = False,
    importance: Annotated[
        bool, typer.Option("--importance", help="Also measure which columns or places of images the network uses.")
    ] = False,
    no_report: NoReport = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Measure a run on its test set, and compare it with simpler models.

    \b
    Example: nncli eval latest
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.evaluation import show_evaluation

        folders = pipeline.Folders(runs_dir, data_dir)
        word = choose_run(run, run_option, runs_dir)
        request = pipeline.EvaluationRequest(data, by, verify, calibrate, importance)
        evaluation = pipeline.evaluate(word, request, folders=folders, console=console)
        if not no_report:
            pipeline.add_report(evaluation.run.folder, console, data_dir)
        show_evaluation(console, evaluation, runs_dir)
