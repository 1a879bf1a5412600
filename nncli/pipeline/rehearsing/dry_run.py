"""The story of `train --dry-run`: a training of a few seconds through to the end, and what the whole one would take."""

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nncli.config.reading.document import KeyPath
from nncli.console import Console
from nncli.errors import NncliError
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.pipeline.training.train import TrainedRun, load_and_prepare, train_into
from nncli.run import files
from nncli.run.folder import RunFolder

# Long enough for the first epochs of small networks; of larger ones some steps are measured.
_MEASURED_SECONDS = 2.0
# A run is not refused for want of a little more than it needs.
_MARGIN = 1.1


@dataclass(frozen=True)
class DryRun:
    """What a training would take; `steps` and `epochs` are those it is estimated from, times are in seconds.

    `peak_bytes` is the most memory that this process had, None where the system does not tell. `folder_bytes` is what
    the run needs on the disk at most, `free_bytes` what is free there. `exports` has the size of each model, or why
    there is none.
    """

    config: str
    executor: str
    threads: int
    steps: int
    epochs: int
    epochs_asked: int
    step_seconds: float
    epoch_seconds: float
    other_seconds: float
    total_seconds: float
    peak_bytes: int | None
    folder_bytes: int
    free_bytes: int
    exports: dict[str, int | str]
    verified: dict[str, Any] | None
    can_stop_early: bool

    def to_value(self) -> dict[str, Any]:
        """All of it for JSON."""
        return asdict(self)


def dry_run(
    name: str,
    *,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
    stopwatch: Stopwatch | None = None,
) -> DryRun:
    """Does all that `train` does, with a few steps, in a temporary folder that is gone afterwards.

    Raises what `train` raises, and NncliError where the folder of runs cannot hold the run.
    """
    watch = stopwatch or Stopwatch()
    prepared = load_and_prepare(name, folders, console, assignments, options, watch)
    place = _writable_place(folders.runs_dir)
    with tempfile.TemporaryDirectory(prefix="nncli-dry-run-", ignore_cleanup_errors=True) as temporary:
        with console.step("training for a moment, testing and writing the model"):
            run, pace = _rehearse(prepared, Path(temporary), watch)
        found = _describe(prepared, run, pace, _free(place))
    if found.folder_bytes * _MARGIN > found.free_bytes:
        raise NncliError(
            f"the run needs up to {found.folder_bytes:,} bytes in {folders.runs_dir}, and {found.free_bytes:,} are "
            "free there",
            hint="free space, or choose another folder with --runs-dir",
        )
    return found


def _rehearse(prepared: Prepared, temporary: Path, watch: Stopwatch) -> tuple[TrainedRun, Any]:
    """A short training without a word, as its numbers mean nothing; its run and its pacemaker."""
    paces: list[Any] = []

    def make_callbacks() -> list[Any]:
        from nncli.engine.rehearsing.pacing import Pacemaker

        paces.append(Pacemaker(_MEASURED_SECONDS))
        return paces

    folder = RunFolder.create(temporary, prepared.config.name)
    silent = Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())
    run = train_into(folder, prepared, silent, Terms(make_callbacks=make_callbacks, watch=watch))
    return run, paces[0]


def _describe(prepared: Prepared, run: TrainedRun, pace: Any, free: int) -> DryRun:
    config, record = prepared.config, run.folder.record
    parts = run.timings["parts"]
    other = run.timings["total"] - parts.get("training", 0.0) - parts.get("validation", 0.0)
    sizes = {path.name: path.stat().st_size for path in run.folder.path.rglob("*") if path.is_file()}
    lines = sizes.get(files.METRICS, 0) // max(pace.epochs, 1) * config.train.epochs
    # A file is written beside the old one before it replaces it.
    needed = sum(sizes.values()) + lines + max(sizes.values())
    return DryRun(
        config=config.name,
        executor=record["executor"],
        threads=record["threads"],
        steps=pace.steps,
        epochs=pace.epochs,
        epochs_asked=config.train.epochs,
        step_seconds=pace.step_seconds,
        epoch_seconds=pace.epoch_seconds,
        other_seconds=round(other, 3),
        total_seconds=other + pace.epoch_seconds * config.train.epochs,
        peak_bytes=_peak_bytes(),
        folder_bytes=needed,
        free_bytes=free,
        exports={name: sizes[name] if told == "written" else told for name, told in record["exports"].items()},
        verified=record["verified"],
        can_stop_early=config.train.early_stopping is not None,
    )


def _writable_place(folder: Path) -> Path:
    """The folder, or the nearest one around it that exists. Raises NncliError if no run can be created there."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise NncliError(f"{place} cannot be written, so no run can be created", hint="choose another with --runs-dir")
    return place


def _free(place: Path) -> int:
    return shutil.disk_usage(place).free


def _peak_bytes() -> int | None:
    with contextlib.suppress(ImportError):  # Windows
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return None
