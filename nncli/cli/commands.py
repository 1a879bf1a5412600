"""The `nncli` command with all its commands."""

import shutil
from typing import Annotated

import typer

import nncli
from nncli.cli.drafting.check import check
from nncli.cli.drafting.configs import configs
from nncli.cli.drafting.data import data
from nncli.cli.drafting.explain import ExplainCommand, explain
from nncli.cli.drafting.init import init
from nncli.cli.drafting.schema import schema
from nncli.cli.group import Commands, with_defaults
from nncli.cli.options import Quiet
from nncli.cli.predicting.eval import evaluate
from nncli.cli.predicting.export import export
from nncli.cli.predicting.predict import predict
from nncli.cli.predicting.serve import serve
from nncli.cli.predicting.show_option import PredictCommand
from nncli.cli.reporting.open import open_run
from nncli.cli.reporting.report import report
from nncli.cli.runs.commands import runs
from nncli.cli.training.compare import compare
from nncli.cli.training.ensemble import ensemble
from nncli.cli.training.gradcheck import gradcheck
from nncli.cli.training.rehearse import TrainCommand
from nncli.cli.training.reproduce import reproduce
from nncli.cli.training.train import train

# Wider lines are hard to read; narrower ones than 30 columns would hold half an option.
_WIDEST, _NARROWEST = 100, 30


app = typer.Typer(
    name="nncli",
    cls=Commands,
    help="Describe a neural network in ten lines of YAML; train, evaluate, use and compare it.",
    epilog="Start with: nncli train",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "terminal_width": max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns)),
    },
)
app.command("train", cls=TrainCommand)(train)
app.command("eval")(evaluate)
app.command("predict", cls=PredictCommand)(predict)
app.command("compare")(compare)
app.command("ensemble")(ensemble)
app.command("export")(export)
app.command("serve")(serve)
app.add_typer(runs)
app.command("check")(check)
app.command("data")(data)
app.command("init")(init)
app.command("configs")(configs)
app.command("explain", cls=ExplainCommand)(explain)
app.command("gradcheck")(gradcheck)
app.command("report")(report)
app.command("open")(open_run)
app.command("reproduce")(reproduce)
app.command("schema")(schema)


def _offer_commands(context: typer.Context, incomplete: str) -> list[str]:
    return [name for name in context.find_root().command.commands if name.startswith(incomplete)]  # type: ignore[attr-defined]


@app.command("help")
def show_help(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="The command to explain.", autocompletion=_offer_commands),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show the help of a command.

    \b
    Example: nncli help train
    """
    group = context.find_root()
    group.command.main([*(command or []), "--help"], prog_name="nncli")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nncli {nncli.__version__}")
        raise typer.Exit


@app.callback()
def nncli_options(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Describe a neural network in ten lines of YAML; train, evaluate, use and compare it."""


with_defaults(app)
