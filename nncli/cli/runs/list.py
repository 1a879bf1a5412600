"""`nncli runs` itself."""

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import Json, Quiet, RunsDir
from nncli.errors import UsageError

Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="KEY=VALUE", help="Only runs with this value, a config's key too; repeatable."),
]


def runs(
    context: typer.Context,
    filters: Filters = None,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="KEY", help="Order by a column or a config's key.", show_default="newest first"),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Turn the order round.")] = False,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """List runs; show, compare, export and remove them.

    \b
    Example: nncli runs --filter status=finished --sort test
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        if context.invoked_subcommand is not None:
            _refuse_options(context, context.invoked_subcommand)
            return
        from nncli import pipeline
        from nncli.cli.runs.table import run_table

        rows = pipeline.list_rows(runs_dir, filters=filters or (), sort=sort, reverse=reverse)
        if json_mode:
            console.answer({"runs_dir": str(runs_dir), "runs": [row.to_mapping() for row in rows]})
        elif rows:
            console.write(run_table(rows, console.line_width))
        else:
            console.say(f"no run in {runs_dir}" + (" fits" if filters else "; train one: nncli train"))


def _refuse_options(context: typer.Context, name: str) -> None:
    """Raises UsageError for an option before the name of a command, where it would be lost."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name) if parameter.name else None
        if source is not None and source.name == "COMMANDLINE":
            option = parameter.opts[0]
            raise UsageError(
                f"{option} stands before {name}", hint=f"write it after the command: nncli runs {name} {option} ..."
            )
