"""`nncli train`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.cli.command import command
from nncli.cli.options import Assignments, DataDir, Json, NoReport, Quiet, RunsDir
from nncli.cli.training import options as own
from nncli.cli.training.fold import train_folds
from nncli.cli.training.rehearse import Rehearsal, rehearse
from nncli.cli.training.workers import Sharing, train_shared
from nncli.console import Console
from nncli.errors import UsageError

if TYPE_CHECKING:
    from nncli.pipeline.folders import Folders
    from nncli.pipeline.training.frames.request import ShowRequest


@dataclass(frozen=True)
class NewRun:
    """What a command line says about a run that starts afresh; with --resume only `epochs` is of use."""

    config: str | None
    assignments: list[str]
    epochs: int | None
    seed: int | None
    name: str | None
    track: list[str]

    @property
    def settings(self) -> dict[str, Any]:
        """The `assignments`, and the `options` that set a key: (path in the config, value, how it was written)."""
        options: list[tuple[Any, Any, str]] = [
            (("train", "epochs"), self.epochs, f"--epochs {self.epochs}"),
            (("seed",), self.seed, f"--seed {self.seed}"),
            (("name",), self.name, f"--name {self.name}"),
            (("train", "tracking"), tuple(self.track) or None, " ".join(f"--track {tool}" for tool in self.track)),
        ]
        return {"assignments": self.assignments, "options": [option for option in options if option[1] is not None]}

    def refuse_beside_resume(self, resume: str | None, *, inexact: bool) -> None:
        """Raises UsageError for settings that a resumed run already has, and for --inexact without --resume."""
        if resume is None:
            if inexact:
                raise UsageError("--inexact goes with --resume", hint="leave it out")
            return
        given = [self.config] if self.config is not None else []
        given += [f"--set {assignment}" for assignment in self.assignments]
        given += [f"--seed {self.seed}"] if self.seed is not None else []
        given += [f"--name {self.name}"] if self.name is not None else []
        given += [f"--track {tool}" for tool in self.track]
        if given:
            raise UsageError(
                f"--resume {resume} goes on with the run's own config, and got {', '.join(given)}",
                hint="leave it out, or train a new run",
            )


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
        new = NewRun(config, assignments or [], epochs, seed, name, track or [])
        rehearsal = Rehearsal(dry_run=dry_run, overfit_batch=overfit_batch, find_lr=find_lr, write=write)
        sharing = Sharing(workers, worker_timeout, devices, plan, network, restarts, on, cpus_per_run, gpus_per_run)
        refused = {"--resume": resume, "--inexact": inexact, "--max-minutes": max_minutes, "--show": show}
        refused |= {"--live": str(live) if live else None, "--timings": timings, "--pause": pause, **sharing.given}
        if rehearsal.given:
            rehearse(console, config, rehearsal, refused | {"--folds": folds}, {"folders": folders, **new.settings})
        elif folds is not None:
            train_folds(console, config, folds, refused, {"folders": folders, **new.settings})
        else:
            new.refuse_beside_resume(resume, inexact=inexact)
            shown = pipeline.ShowRequest.parse(show, frames, live)
            common = _common(folders, console, max_minutes, shown, pause=pause, report=not no_report)
            again = {"resume": resume, "epochs": epochs, "inexact": inexact}
            _train(new, sharing, again, common, report=not no_report, timings=timings)


def _train(
    new: NewRun,
    sharing: Sharing,
    again: dict[str, Any],
    common: dict[str, Any],
    *,
    report: bool,
    timings: bool,
) -> None:
    """Trains, then writes the page of the run, tells the trackers and shows the summary."""
    from nncli import pipeline
    from nncli.cli.views.training import show_training

    run = train_shared(sharing, new.config or pipeline.DEFAULT_CONFIG, new.settings, again, common)
    if run is None:  # another process has it
        return
    console, folders = common["console"], common["folders"]
    if report:
        pipeline.add_report(run.folder, console, folders.data_dir)
    pipeline.add_to_trackers(run.folder, console, run.trackers)
    show_training(console, run, folders.runs_dir, timings=timings)


def _common(
    folders: "Folders", console: Console, max_minutes: float | None, show: "ShowRequest", *, pause: bool, report: bool
) -> dict[str, Any]:
    """The arguments that a new training and a resumed one share."""
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
