"""`nncli predict`."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import Json, Quiet, RunOption, RunsDir
from nncli.errors import UsageError

_Format = Annotated[
    str | None,
    typer.Option(
        "--format", help="table, json, jsonl, csv or parquet; wins over FILE's ending.", show_default="by the ending"
    ),
]
_Threshold = Annotated[
    float | None,
    typer.Option(
        min=0.0, max=1.0, help="Predict the positive class or a label above this probability.", show_default="the run's"
    ),
]


def predict(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help="Images, tables, .npz; folders or patterns of them; - for stdin."),
    ],
    run: RunOption = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="Only the K most probable classes.", show_default="all")
    ] = None,
    form: _Format = None,
    threshold: _Threshold = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file.", show_default="stdout")
    ] = None,
    as_is: Annotated[bool, typer.Option("--as-is", help="Do not prepare drawings like the training images.")] = False,
    split: Annotated[bool, typer.Option("--split", help="Predict each drawing in an image, left to right.")] = False,
    show: Annotated[
        str | None,
        typer.Option(metavar="[FILE.png]", help="Draw what the network saw; into a PNG file if one is named."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Add the original columns of the table.")] = False,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Predict images or rows of a table with a run.

    \b
    Example: nncli predict samples/seven.png --top 3
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        outcome = pipeline.predict(
            inputs,
            run or "latest",
            folders=pipeline.Folders(runs_dir),
            console=console,
            top=top,
            form=_as_json(form, output) if json_mode else form,
            output=output,
            as_is=as_is,
            split=split,
            show=show,
            keep=keep,
            threshold=threshold,
        )
        if outcome.seen is not None and show is not None:
            from nncli.cli.views.data import show_seen  # late: only --show draws

            show_seen(console, outcome.seen, show)
        if outcome.failed:
            console.warn(f"{outcome.failed} of {outcome.failed + outcome.answered} inputs could not be read")
            raise typer.Exit(3)


def _as_json(form: str | None, output: Path | None) -> str:
    """The format that --json asks for. Raises UsageError where another option asks for another one."""
    if form not in (None, "table", "json"):
        raise UsageError(f"--json and --format {form} ask for different things", hint="use one of them")
    if form is None and output is not None and output.suffix.lower() not in ("", ".json", ".txt"):
        raise UsageError(f"--json and --output {output} ask for different formats", hint="leave --json out")
    return "json"
