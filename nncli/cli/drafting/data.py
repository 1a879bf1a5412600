"""`nncli data`."""

from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.completion import offer_sources
from nncli.cli.drafting.cache import show_cache
from nncli.cli.drafting.suspects import suspect
from nncli.cli.options import Assignments, DataDir, Json, Quiet


def data(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE|CONFIG",
            help="A source's name, a table, an image folder, or a config.",
            autocompletion=offer_sources,
        ),
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
    suspected: Annotated[
        bool, typer.Option("--suspect-labels", help="Train a config on folds and list labels that are probably wrong.")
    ] = False,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="With --suspect-labels: write all of them to a CSV.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="With `cache` for SOURCE: remove what is cached.")] = False,
    assignments: Assignments = None,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Examine a data set and list what is wrong with it; `nncli data cache` lists what is cached.

    \b
    Example: nncli data samples/flowers.csv --target species
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        if pipeline.require_cache(source, clear=clear):
            show_cache(console, clear=clear)
            return
        folders = pipeline.Folders(data_dir=data_dir)
        if suspected or output is not None:
            given = {"folders": folders, "assignments": assignments or (), "output": output, "sheet": sheet}
            suspect(console, source, suspected, {"--target": target, "--augmented": augmented}, given)
            return
        from nncli.cli.views.data import show_inspection

        request = pipeline.InspectionRequest.parse(source, target, assignments, sheet, augmented)
        inspection = pipeline.inspect(request, folders=folders, console=console)
        is_asked, is_silent = "-" in (sheet, augmented), sheet is None and augmented is None
        show_inspection(console, inspection, draws=is_asked or (is_silent and console.shows_pictures))
        console.suggest(inspection.following)
