"""`nncli train`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nncli.cli.command import command
from nncli.cli.options import Assignments, DataDir, Json, Quiet, RunsDir
from nncli.errors import UsageError


def train(
    config: Annotated[
        str | None,
        typer.Argument(help="A config file, or the name of a shipped one.", show_default="digits_softmax"),
    ] = None,
    assignments: Assignments = None,
    epochs: Annotated[int | None, typer.Option(help="train.epochs of the config.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the config.", show_default=False)] = None,
    name: Annotated[str | None, typer.Option(help="name of the run.", show_default=False)] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Continue a run, to the same bits; or `latest`.")
    ] = None,
    inexact: Annotated[bool, typer.Option("--inexact", help="Continue it even if the bits will differ.")] = False,
    max_minutes: Annotated[
        float | None, typer.Option(metavar="M", min=0.0, help="Begin no epoch that would end after M minutes.")
    ] = None,
    find_lr: Annotated[
        bool, typer.Option("--find-lr", help="Try learning rates on single batches and name one; no run is made.")
    ] = False,
    write: Annotated[bool, typer.Option("--fix", help="With --find-lr: write the rate into the config.")] = False,
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

        options = _options(epochs, seed, name)
        if find_lr or write:
            _refuse_with_search(resume, max_minutes, timings=timings, find_lr=find_lr)
            _find_rate(console, config, assignments, options, pipeline.Folders(runs_dir, data_dir), write=write)
            return

        common: dict[str, Any] = {
            "folders": pipeline.Folders(runs_dir, data_dir),
            "console": console,
            "stopwatch": pipeline.Stopwatch.since_enter(),
            "max_minutes": max_minutes,
        }
        if resume is None:
            if inexact:
                raise UsageError("--inexact goes with --resume", hint="leave it out")
            config = config or pipeline.DEFAULT_CONFIG
            run = pipeline.train(config, assignments=assignments or (), options=options, **common)
        else:
            _refuse_settings(resume, config, assignments, seed, name)
            run = pipeline.resume(resume, epochs=epochs, inexact=inexact, **common)
        show_training(console, run, runs_dir, timings=timings)


def _options(epochs: int | None, seed: int | None, name: str | None) -> list[tuple[Any, Any, str]]:
    """The values of the config that have options of their own, each with its place and how it was written."""
    given: list[tuple[Any, Any, str]] = [
        (("train", "epochs"), epochs, f"--epochs {epochs}"),
        (("seed",), seed, f"--seed {seed}"),
        (("name",), name, f"--name {name}"),
    ]
    return [option for option in given if option[1] is not None]


def _find_rate(
    console: Any, config: str | None, assignments: list[str] | None, options: Any, folders: Any, *, write: bool
) -> None:
    """Names a learning rate and shows how."""
    from nncli import pipeline
    from nncli.cli.views.training import show_rates

    given = config or pipeline.DEFAULT_CONFIG
    search = pipeline.find_rate(
        given, folders=folders, console=console, assignments=assignments or (), options=options, write=write
    )
    show_rates(console, search, given)


def _refuse_with_search(resume: str | None, max_minutes: float | None, *, timings: bool, find_lr: bool) -> None:
    """Raises UsageError for options of a training, which --find-lr is not, and for --fix without it."""
    if not find_lr:
        raise UsageError("--fix goes with --find-lr", hint="`nncli check CONFIG --fix` fixes other mistakes")
    given = {"--resume": resume, "--max-minutes": max_minutes, "--timings": timings or None}
    told = [option for option, value in given.items() if value is not None]
    if told:
        raise UsageError(f"--find-lr makes no run, so {', '.join(told)} does nothing", hint="leave it out")


def _refuse_settings(
    resume: str, config: str | None, assignments: list[str] | None, seed: int | None, name: str | None
) -> None:
    """Raises UsageError for what a run that goes on has already."""
    given = [config, *(f"--set {each}" for each in assignments or ())]
    given += [None if seed is None else f"--seed {seed}", None if name is None else f"--name {name}"]
    told = [each for each in given if each is not None]
    if told:
        raise UsageError(
            f"--resume {resume} goes on with the run's own config, and got {', '.join(told)}",
            hint="leave it out, or train a new run",
        )
