"""What every command shares: its common options, and how each way of ending is told and numbered."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from nncli.console import Console
from nncli.errors import NncliError, Terminated

RunsDir = Annotated[Path, typer.Option("--runs-dir", envvar="NNCLI_RUNS_DIR", help="Folder of the runs.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="NNCLI_DATA_DIR", help="Folder with data that tensorflow-datasets prepared."),
]
Json = Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a value of the config; repeatable.")
]
Run = Annotated[str, typer.Option("--run", metavar="RUN", help="A run's folder, name or beginning.")]


@contextmanager
def command(*, json_mode: bool = False) -> Iterator[Console]:
    """Gives a command its console, and turns every way of ending into one message and the documented exit code."""
    console = Console(json_mode=json_mode)
    try:
        yield console
    except typer.Exit:
        raise
    except NncliError as error:
        console.fail(error)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        console.say("interrupted")
        raise typer.Exit(130) from None
    except Terminated:
        console.say("terminated")
        raise typer.Exit(143) from None
    except BrokenPipeError:  # the reader of stdout has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except Exception as error:  # a defect of ours: a person needs a sentence, a developer the traceback
        if os.environ.get("NNCLI_DEBUG"):
            raise
        hint = "this is a defect of nncli; NNCLI_DEBUG=1 shows where it happened"
        console.fail(NncliError(f"{type(error).__name__}: {error}", hint=hint))
        raise typer.Exit(1) from None
