"""The `nncli` command with all its commands, and the process around it: signals, exit codes."""

import contextlib
import io
import os
import signal
import sys
from typing import Annotated, Any

import typer

import nncli
from nncli.cli.check import check
from nncli.cli.compare import compare
from nncli.cli.data import data
from nncli.cli.eval import evaluate
from nncli.cli.explain import explain
from nncli.cli.gradcheck import gradcheck
from nncli.cli.init import init
from nncli.cli.predict import predict
from nncli.cli.schema import schema
from nncli.cli.train import train
from nncli.console import ENCODING_ERRORS
from nncli.errors import StopRequest, Terminated

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


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the caller wants it ignored
        signal.signal(signal.SIGINT, _stop)
    _mend_streams()
    code: Any = 0
    try:
        app()
    except SystemExit as end:
        code = end.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # it was told already, or nobody reads
            stream.flush()
    # Without waiting for a thread that may still import TensorFlow, and without tearing TensorFlow down.
    os._exit(code if isinstance(code, int) else 1)


def _mend_streams() -> None:
    """Closed streams lead nowhere instead of into files that are opened later; signs they cannot hold are spelt out."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ENCODING_ERRORS)


def _stop(number: int, frame: Any) -> None:
    StopRequest.raised = KeyboardInterrupt if number == signal.SIGINT else Terminated
    raise StopRequest.raised
