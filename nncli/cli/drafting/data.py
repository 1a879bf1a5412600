"""`nncli data`."""

from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import Assignments, DataDir, Json, Quiet


def data(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE|CONFIG", help="A source's name, a table, an image folder, or a config.")
    ],
    target: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="What to predict; repeatable, or a,b for several.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a contact sheet as a PNG; - draws it in characters.")
    ] = None,
    augmented: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write a PNG of what a config's augmentation makes of images; - draws it."),
    ] = None,
    assignments: Assignments = None,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Examine a data set and list what is wrong with it.

    \b
    Example: nncli data samples/flowers.csv --target species
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.data import show_inspection

        request = pipeline.InspectionRequest.parse(source, target, assignments, sheet, augmented)
        inspection = pipeline.inspect(request, folders=pipeline.Folders(data_dir=data_dir), console=console)
        is_asked, is_silent = "-" in (sheet, augmented), sheet is None and augmented is None
        show_inspection(console, inspection, draws=is_asked or (is_silent and console.shows_pictures))
        console.suggest(inspection.following)
