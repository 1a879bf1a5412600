"""The `nncli` command with all its commands."""

from typing import Annotated

import typer

import nncli
from nncli.cli.drafting.check import check
from nncli.cli.drafting.data import data
from nncli.cli.drafting.explain import explain
from nncli.cli.drafting.init import init
from nncli.cli.drafting.schema import schema
from nncli.cli.predicting.eval import evaluate
from nncli.cli.predicting.predict import predict
from nncli.cli.training.compare import compare
from nncli.cli.training.gradcheck import gradcheck
from nncli.cli.training.train import train

app = typer.Typer(
    name="nncli",
    help="Describe a neural network in ten lines of YAML; train, evaluate, use and compare it.",
    epilog="Start with: nncli train",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train)
app.command("eval")(evaluate)
app.command("predict")(predict)
app.command("compare")(compare)
app.command("check")(check)
app.command("data")(data)
app.command("init")(init)
app.command("explain")(explain)
app.command("gradcheck")(gradcheck)
app.command("schema")(schema)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nncli {nncli.__version__}")
        raise typer.Exit


@app.callback()
def nncli_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Describe a neural network in ten lines of YAML; train, evaluate, use and compare it."""
