"""`nncli predict`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from nncli.cli.command import command
from nncli.cli.options import Json, Quiet, Run, RunsDir
from nncli.cli.views.data import show_seen
from nncli.errors import UsageError


class PredictCommand(typer.core.TyperCommand):
    """Lets --show stand alone, which typer has no option for: a PNG file behind it is its value, else it has none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts an empty value behind a --show that has none, also where the PNG is the only input."""
        words = _with_value(args, is_png=lambda word: word.lower().endswith(".png"))
        if words != args or "--show" not in args:
            return super().parse_args(ctx, words)
        found, _, _ = self.make_parser(ctx).parse_args(list(args))
        return super().parse_args(ctx, args if found.get("inputs") else _with_value(args, is_png=lambda word: False))


def _with_value(args: list[str], *, is_png: Callable[[str], bool]) -> list[str]:
    words = []
    for place, word in enumerate(args):
        words.append(word)
        following = args[place + 1] if place + 1 < len(args) else ""
        if word == "--show" and "--" not in args[:place] and (following.startswith("-") or not is_png(following)):
            words.append("")
    return words


def predict(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="Images, tables, .npz; folders or patterns of them; - for stdin."),
    ],
    run: Run = None,
    top: Annotated[int | None, typer.Option(min=1, help="Only the K most probable classes.")] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table, json, jsonl, csv or parquet; wins over FILE's ending.",
            show_default="by the ending",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to this file instead of stdout.")] = None,
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

        if json_mode and form not in (None, "table", "json"):
            raise UsageError(f"--json and --format {form} ask for different things", hint="use one of them")
        if json_mode and form is None and output is not None and output.suffix.lower() not in ("", ".json", ".txt"):
            raise UsageError(f"--json and --output {output} ask for different formats", hint="leave --json out")
        outcome = pipeline.predict(
            inputs,
            run or "latest",
            folders=pipeline.Folders(runs_dir),
            console=console,
            top=top,
            form="json" if json_mode else form,
            output=output,
            as_is=as_is,
            split=split,
            show=show,
            keep=keep,
        )
        if outcome.seen is not None and show is not None:
            show_seen(console, outcome.seen, show)
        if outcome.failed:
            console.warn(f"{outcome.failed} of {outcome.failed + outcome.answered} inputs could not be read")
            raise typer.Exit(3)
