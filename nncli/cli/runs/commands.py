"""`nncli runs` with its commands."""

import typer

from nncli.cli.group import Commands
from nncli.cli.runs import list as listing
from nncli.cli.runs import remove
from nncli.cli.runs.export import export
from nncli.cli.runs.show import diff, show

runs = typer.Typer(name="runs", cls=Commands, invoke_without_command=True, rich_markup_mode=None, add_completion=False)
runs.callback()(listing.runs)
runs.command("show")(show)
runs.command("diff")(diff)
runs.command("export")(export)
runs.command("rm")(remove.rm)
runs.command("prune")(remove.prune)
