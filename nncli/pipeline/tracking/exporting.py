"""The story of `nncli runs export`, and of what is added to trackers when a training is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nncli.config.section import problem_of_address
from nncli.console import Console
from nncli.errors import NncliError, RunError, UsageError
from nncli.pipeline.folders import Folders
from nncli.pipeline.tracking.comparisons import (
    describe_comparison,
    identity_of,
    is_comparison,
    read_comparison,
)
from nncli.pipeline.tracking.reading import read_description, read_epochs, read_model, read_outcome, read_settings
from nncli.pipeline.tracking.trackers import how_to_export, make_tracker, say_what_is_not_used
from nncli.run import files
from nncli.run.finding import find_run
from nncli.run.folder import RunFolder
from nncli.run.listing import run_folders
from nncli.tracking.description import Tracker
from nncli.tracking.mlflow_store import CHANGED
from nncli.tracking.packages import MLFLOW, TENSORBOARD, TRACKERS, require_packages

_LONGEST_REASON = 200


@dataclass(frozen=True)
class TrackingRequest:
    """Where runs go `to`, and in which place: a folder (`output`) or, for MLflow, an `address`."""

    to: str
    output: Path | None = None
    address: str | None = None

    def check(self) -> None:
        """Raises UsageError for values that do not fit together and packages that are not installed."""
        if self.to not in TRACKERS:
            raise UsageError(f"--to {self.to}: expected one of {', '.join(TRACKERS)}", hint="--to tensorboard")
        if self.address is not None and self.to != MLFLOW:
            raise UsageError(f"--tracking-uri is for --to {MLFLOW}", hint="leave it out")
        if self.address is not None and (problem := problem_of_address(self.address)) is not None:
            raise UsageError(f"--tracking-uri {problem}")
        if self.address is not None and self.output is not None:
            raise UsageError("--output names a folder and --tracking-uri a server", hint="leave one out")
        if self.output is not None and self.output.is_file():
            raise UsageError(f"--output {self.output} is a file, expected a folder", hint="name a folder")
        require_packages([self.to])


def export_runs(word: str, request: TrackingRequest, *, folders: Folders, console: Console) -> list[dict[str, Any]]:
    """Writes a run, or each training of a comparison, for another tool; returns what was written of each.

    Raises UsageError and RunError for what cannot be exported, NncliError where it cannot be written.
    """
    request.check()
    found = find_run(word, folders.runs_dir)
    if found.note is not None:
        console.say(found.note)
    say_what_is_not_used(request.to, request.address, "--tracking-uri ", console)
    chosen = [*_enclosing_comparison(found.folder, request.to), *_trainings(found.folder)]
    written = []
    with console.step("exporting") as progress:
        for place, folder in enumerate(chosen):
            progress(f"exporting run {place + 1} of {len(chosen)}", place / len(chosen))
            try:
                written.append(_export(folder, request, console))
            except Exception as error:  # of TensorBoard, of MLflow and what it is made of, of the network
                if isinstance(error, NncliError):
                    raise
                raise NncliError(f"{folder.path} cannot be written to {request.to}: {describe(error)}") from error
    return written


def add_to_trackers(folder: RunFolder, console: Console, trackers: Sequence[str] | None = None) -> None:
    """Adds the outcome of a run or a comparison; a failure is only a warning.

    `trackers` are those that still work, else all that the config names.
    """
    if trackers is not None and not trackers:
        return
    cells = _trainings(folder, also_running=True)
    named, address = read_settings(cells[0]) if cells else ((), None)
    for name in named if trackers is None else trackers:
        try:
            told = [
                _export(cell, TrackingRequest(name, None, address if name == MLFLOW else None), console)
                for cell in (*_enclosing_comparison(folder, name), *cells)
            ]
        except Exception as error:  # as above; the training is whole without it
            console.warn(f"{name}: {describe(error)}; later: {how_to_export(folder, name, address)}")
        else:
            console.say(f"{name} has it: {told[0]['look']}")
            say_notes(told, console)


def say_notes(written: Sequence[Mapping[str, Any]], console: Console) -> None:
    """What a tracker could not take of the runs that were written, each once."""
    for note in dict.fromkeys(each["note"] for each in written if "note" in each):
        console.warn(note)
    for each in written:
        for name, (old, new) in each.get("changed", {}).items():
            console.say(f"MLflow keeps parameters as they were: {name} is {old} there, its tag {CHANGED}{name} {new}")


def describe(error: BaseException) -> str:
    """The error in one short line."""
    if isinstance(error, NncliError):
        return error.message
    reason: BaseException | None = error
    while reason is not None:
        kind = type(reason)
        if isinstance(reason, OSError) and kind.__module__.startswith("requests.") and kind.__name__ != "HTTPError":
            return "the server does not answer"  # what MLflow says about it fills a screen
        reason = reason.__cause__ or reason.__context__
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."


def _trainings(folder: RunFolder, *, also_running: bool = False) -> list[RunFolder]:
    """The run, or the trainings of a comparison. Raises RunError for one that is being trained, or has none."""
    status = folder.status
    if status == "running" and not also_running:
        raise RunError(f"{folder.path} is still running", hint="export it when it has ended")
    if not is_comparison(folder):
        return [folder]
    cells = [RunFolder(path) for path in sorted(run_folders(folder.path))]
    cells = [cell for cell in cells if cell.file(files.CONFIG).exists()]
    if not cells and not also_running:
        raise RunError(f"{folder.path} is a comparison without trainings", hint="name another run")
    return cells


def _enclosing_comparison(folder: RunFolder, tracker: str) -> list[RunFolder]:
    """The comparison, for a tracker that nests its trainings in it, where this is one or one of its trainings."""
    comparison = folder if is_comparison(folder) else _comparison_of(folder)
    return [comparison] if tracker == MLFLOW and comparison is not None else []


def _comparison_of(folder: RunFolder) -> RunFolder | None:
    """The comparison that a training belongs to; None of another run, and of a training that lies elsewhere."""
    above = RunFolder(folder.path.absolute().parent)
    is_cell = folder.record.get("kind") == "cell" and above.file(files.RECORD).is_file()
    return above if is_cell and is_comparison(above) else None


def _export(folder: RunFolder, request: TrackingRequest, console: Console) -> dict[str, Any]:
    """Brings the tracker up to date with the run's files, including the model."""
    tracker = make_tracker(request.to, folder, address=request.address, output=request.output)
    if is_comparison(folder):
        tracker.begin(describe_comparison(folder, _trainings(folder, also_running=True)), 0)
        tracker.end(read_comparison(folder))
        return {"run": str(folder.path), "to": request.to, "epochs": 0, **tracker.describe()}
    epochs = tell_epochs(tracker, folder)
    outcome = read_outcome(folder, with_files=request.to != TENSORBOARD)
    tracker.end(outcome, read_model(folder, console) if request.to == MLFLOW else None)
    return {"run": str(folder.path), "to": request.to, "epochs": epochs, **tracker.describe()}


def tell_epochs(tracker: Tracker, folder: RunFolder) -> int:
    """Tells the tracker how a run began and of the epochs that it does not have already; how many the run has."""
    run = read_description(folder)
    if (above := _comparison_of(folder)) is not None and tracker.name == MLFLOW:
        run = replace(run, parent=identity_of(above))
    epochs = read_epochs(folder, run.started)
    known = tracker.begin(run, len(epochs))
    tracker.add_epochs([epoch for epoch in epochs if epoch.number not in known])
    return len(epochs)
