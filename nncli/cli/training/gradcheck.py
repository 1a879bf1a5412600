"""`nncli gradcheck`."""

from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import Assignments, ConfigArgument, DataDir, Json, Quiet


def gradcheck(
    config: ConfigArgument,
    samples: Annotated[int, typer.Option(min=1, help="Entries of each weight array that are compared.")] = 32,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows of the training set.")] = 8,
    tolerance: Annotated[float, typer.Option(min=1e-12, help="The largest relative error that passes.")] = 1e-5,
    assignments: Assignments = None,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Compare gradients with finite differences in float64.

    \b
    Example: nncli gradcheck digits_softmax
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.gradients import show_gradients

        request = pipeline.GradientRequest(samples, batch_size, tolerance)
        folders, given = pipeline.Folders(data_dir=data_dir), assignments or ()
        checked = pipeline.gradcheck(config, request, folders=folders, console=console, assignments=given)
        show_gradients(console, checked)
        if not checked.agrees:
            raise typer.Exit(1)
