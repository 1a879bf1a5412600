"""`nncli serve`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nncli.cli.command import command
from nncli.cli.completion import offer_runs
from nncli.cli.options import DataDir, Json, Quiet, RunsDir


def serve(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN", help="Runs to serve, or `latest`.", autocompletion=offer_runs, show_default="the workbench"
        ),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="A table, .npz file or image folder for the workbench."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port, or the next free one if it is taken; 0 for any.")
    ] = 8765,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines reach it; they need the token.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="NNCLI_SERVE_TOKEN", help="The token that requests must carry.", show_default="a new one if remote"
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Serve newer runs of the same names once they finish.")
    ] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Serve runs as a page and a REST service; without a run, a page to build and train networks.

    \b
    Example: nncli serve latest --open
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        request = pipeline.ServeRequest(runs or (), data or (), host, port, open_page, allow_remote, token, watch)
        with pipeline.serve(request, folders=pipeline.Folders(runs_dir, data_dir), console=console) as started:
            names = {name: str(path) for name, path in started.runs.items()}
            told: dict[str, Any] = {"address": started.address, "page": started.page, "token": started.token}
            told |= {"runs": names, "workbench": started.has_workbench}
            console.answer(told, f"{'workbench' if started.has_workbench else ', '.join(names)}: {started.page}")
            console.say("ends with Ctrl-C")
            started.wait()
