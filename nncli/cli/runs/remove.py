"""`nncli runs rm` and `nncli runs prune`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nncli.cli.command import command
from nncli.cli.completion import offer_runs
from nncli.cli.options import Json, Quiet, RunsDir
from nncli.cli.runs.list import Filters
from nncli.console import Console

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")]


def rm(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN", help="Folders or names of runs.", autocompletion=offer_runs)
    ],
    yes: Yes = False,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Remove runs, a comparison with all its trainings.

    \b
    Example: nncli runs rm 20261123-045757-mnist_softmax
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        _remove(console, pipeline.choose_named(names, runs_dir), runs_dir, yes=yes)


def prune(
    keep: Annotated[int, typer.Option("--keep", metavar="N", help="How many of the newest runs stay.")],
    filters: Filters = None,
    yes: Yes = False,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Remove all but the newest runs; those that are running stay.

    \b
    Example: nncli runs prune --keep 0 --filter status=dead
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        _remove(console, pipeline.choose_old(keep, runs_dir, filters or ()), runs_dir, yes=yes)


def _remove(console: Console, chosen: Sequence[Any], runs_dir: Path, *, yes: bool) -> None:
    """Shows the runs, asks, and removes them; exit code 1 if the answer is no."""
    from nncli import pipeline

    if not chosen:
        console.say("no run to remove")
    elif not yes:
        for run in chosen:
            console.say(f"{run.name}  {run.kind}, {run.status}")
        if not console.ask(f"remove {_count(len(chosen))} from {runs_dir}?"):
            console.say("nothing was removed; --yes removes without asking")
            raise typer.Exit(1)
    freed = pipeline.remove(chosen, runs_dir) if chosen else 0
    names = [run.name for run in chosen]
    if console.json_mode:
        console.answer({"removed": names, "bytes": freed})
    elif chosen:
        console.write(f"removed {_count(len(names))}, {freed / 1e6:,.2f} MB\n")


def _count(number: int) -> str:
    return f"{number:,} run" if number == 1 else f"{number:,} runs"
