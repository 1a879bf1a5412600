"""`nncli train`."""

import sys
from pathlib import Path
from typing import Any

from nncli.cli.command import command
from nncli.cli.options import Assignments, DataDir, Json, NoReport, Quiet, RunsDir
from nncli.cli.training import options as own
from nncli.cli.training.fold import train_folds
from nncli.cli.training.rehearse import Rehearsal, rehearse
from nncli.cli.training.workers import Sharing, train_shared
from nncli.errors import UsageError


def train(
    config: own.Config = None,
    assignments: Assignments = None,
    epochs: own.Epochs = None,
    seed: own.Seed = None,
    name: own.Name = None,
    resume: own.Resume = None,
    inexact: own.Inexact = False,
    max_minutes: own.MaxMinutes = None,
    pause: own.Pause = False,
    folds: own.Folds = None,
    track: own.Track = None,
    workers: own.Workers = None,
    worker_timeout: own.WorkerTimeout = None,
    restarts: own.Restarts = None,
    on: own.On = None,
    cpus_per_run: own.CpusPerRun = None,
    gpus_per_run: own.GpusPerRun = None,
    devices: own.Devices = None,
    plan: own.Plan = False,
    network: own.Network = None,
    show: own.Show = None,
    frames: own.Frames = None,
    live: own.Live = None,
    dry_run: own.DryRun = False,
    overfit_batch: own.OverfitBatch = None,
    find_lr: own.FindLr = False,
    write: own.Fix = False,
    no_report: NoReport = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    timings: own.Timings = False,
    verbose: own.Verbose = False,
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Train a network and leave a run folder.

    \b
    Example: nncli train mnist_softmax --set optimizer.learning_rate=0.01
    """
    with command(json_mode=json_mode, quiet=quiet, verbose=verbose) as console:
        from nncli import pipeline

        folders = pipeline.Folders(runs_dir, data_dir)
        settings: dict[str, Any] = {"assignments": assignments or [], "options": _options(epochs, seed, name, track)}
        asked = Rehearsal(dry_run=dry_run, overfit_batch=overfit_batch, find_lr=find_lr, write=write)
        sharing = Sharing(workers, worker_timeout, devices, plan, network, restarts, on, cpus_per_run, gpus_per_run)
        if asked.given or folds is not None:
            refused = {"--resume": resume, "--inexact": inexact, "--max-minutes": max_minutes, "--show": show}
            refused |= {"--live": str(live) if live else None, "--timings": timings, "--pause": pause, **sharing.given}
            _train_otherwise(console, config, asked, folds, refused, {"folders": folders, **settings})
            return
        _refuse_misplaced(resume, config, assignments, seed, name, track, inexact=inexact)
        shown = pipeline.ShowRequest.parse(show, frames, live)
        common = _common(folders, console, max_minutes, shown, pause=pause, report=not no_report)
        again = {"resume": resume, "epochs": epochs, "inexact": inexact}
        run = train_shared(sharing, config or pipeline.DEFAULT_CONFIG, settings, again, common)
        if run is not None:
            _show(console, run, folders, report=not no_report, timings=timings)


def _show(console: Any, run: Any, folders: Any, *, report: bool, timings: bool) -> None:
    """The page of the run, what other tools are told of it, and the summary."""
    from nncli import pipeline
    from nncli.cli.views.training import show_training

    if report:
        pipeline.add_report(run.folder, console, folders.data_dir)
    pipeline.add_to_trackers(run.folder, console, run.trackers)
    show_training(console, run, folders.runs_dir, timings=timings)


def _common(
    folders: Any, console: Any, max_minutes: float | None, show: Any, *, pause: bool, report: bool
) -> dict[str, Any]:
    """What a new training and one that goes on are given alike."""
    from nncli import pipeline

    return {
        "folders": folders,
        "console": console,
        "stopwatch": pipeline.Stopwatch.since_enter(),
        "max_minutes": max_minutes,
        "show": show,
        "pause": pipeline.Pauses(console, sys.stdin) if pause else None,
        "if_stopped": pipeline.leave_report(folders, console) if report else None,
    }


def _train_otherwise(
    console: Any,
    config: str | None,
    asked: Rehearsal,
    folds: int | None,
    refused: dict[str, Any],
    given: dict[str, Any],
) -> None:
    """Without a run, or as folds."""
    if asked.given:
        rehearse(console, config, asked, refused | {"--folds": folds}, given)
    elif folds is not None:
        train_folds(console, config, folds, refused, given)


def _options(
    epochs: int | None, seed: int | None, name: str | None, track: list[str] | None
) -> list[tuple[Any, Any, str]]:
    """The values of the config that have options of their own, each with its place and how it was written."""
    given: list[tuple[Any, Any, str]] = [
        (("train", "epochs"), epochs, f"--epochs {epochs}"),
        (("seed",), seed, f"--seed {seed}"),
        (("name",), name, f"--name {name}"),
        (("train", "tracking"), track and tuple(track), " ".join(f"--track {each}" for each in track or ())),
    ]
    return [option for option in given if option[1] is not None]


def _refuse_misplaced(
    resume: str | None,
    config: str | None,
    assignments: list[str] | None,
    seed: int | None,
    name: str | None,
    track: list[str] | None,
    *,
    inexact: bool,
) -> None:
    """Raises UsageError for what a run that goes on has already, or takes alone."""
    if resume is None:
        if inexact:
            raise UsageError("--inexact goes with --resume", hint="leave it out")
        return
    given = [config, *(f"--set {each}" for each in assignments or ())]
    given += [None if seed is None else f"--seed {seed}", None if name is None else f"--name {name}"]
    told = [each for each in given if each is not None] + [f"--track {each}" for each in track or ()]
    if told:
        raise UsageError(
            f"--resume {resume} goes on with the run's own config, and got {', '.join(told)}",
            hint="leave it out, or train a new run",
        )
