"""`nncli train`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nncli.cli.command import command
from nncli.cli.options import Assignments, DataDir, Json, Quiet, RunsDir


def train(
    config: Annotated[str, typer.Argument(help="A config file, or the name of a shipped one.")] = "digits_softmax",
    assignments: Assignments = None,
    epochs: Annotated[int | None, typer.Option(help="train.epochs of the config.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the config.", show_default=False)] = None,
    name: Annotated[str | None, typer.Option(help="name of the run.", show_default=False)] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    timings: Annotated[bool, typer.Option("--timings", help="Show how long each part of the command took.")] = False,
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Train a network and leave a run folder.

    \b
    Example: nncli train mnist_softmax --set optimizer.learning_rate=0.01
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.training import show_training

        stopwatch = pipeline.Stopwatch.since_enter()
        given: list[tuple[Any, Any, str]] = [
            (("train", "epochs"), epochs, f"--epochs {epochs}"),
            (("seed",), seed, f"--seed {seed}"),
            (("name",), name, f"--name {name}"),
        ]
        options = [option for option in given if option[1] is not None]
        folders = pipeline.Folders(runs_dir, data_dir)
        run = pipeline.train(
            config,
            folders=folders,
            console=console,
            assignments=assignments or (),
            options=options,
            stopwatch=stopwatch,
        )
        show_training(console, run, runs_dir, timings=timings)
