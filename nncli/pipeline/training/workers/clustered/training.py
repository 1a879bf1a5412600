"""The story of `train --workers N --on`: the caller's part, from the config to the returned run folder."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from nncli.cluster.joining import joined
from nncli.cluster.nodes import Cluster
from nncli.config import rules
from nncli.config.reading.document import KeyPath
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import UsageError
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, example_input, prepare
from nncli.pipeline.training.continuing.resume import Reopened, engine_of, open_again
from nncli.pipeline.training.continuing.stopping import left_if_stopped, told_if_stopped
from nncli.pipeline.training.out_of_fold import require_test
from nncli.pipeline.training.planning import Engine
from nncli.pipeline.training.record import recorded
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.pipeline.training.train import TrainedRun
from nncli.pipeline.training.workers.clustered.attempts import Attempts, GangRequest
from nncli.pipeline.training.workers.joining import require_in_memory
from nncli.run import files
from nncli.run.archive import pack
from nncli.run.folder import RunFolder
from nncli.tracking.packages import require_packages

# Of another version, the results would not be those of this machine.
_PACKAGES = ("tensorflow", "keras")


def train_on_cluster(
    name: str,
    request: GangRequest,
    *,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, object, str]] = (),
    max_minutes: float | None = None,
    if_stopped: Callable[[RunFolder], None] | None = None,
) -> TrainedRun:
    """Trains a config by workers on a cluster; the run folder is written here.

    Raises what `train` and `joined` raise, and NncliError where workers are lost more often than they may start again.
    """
    loaded = load_config(name, assignments, options)
    require_packages(loaded.config.train.tracking)
    rules.refuse_workers(loaded, loaded.config, request.workers)  # before the data is read
    prepared = prepare(loaded, folders, console)
    require_test(prepared.dataset)
    _require_trainable(prepared, request)
    with ExitStack() as stack:
        cluster = _join(stack, request, console)
        folder = RunFolder.create(folders.runs_dir, prepared.config.name)
        with left_if_stopped(folder, if_stopped), told_if_stopped(folder, console), recorded(folder):
            return _train_in(folder, prepared, cluster, request, console, max_minutes)


def resume_on_cluster(
    word: str,
    request: GangRequest,
    *,
    folders: Folders,
    console: Console,
    epochs: int | None = None,
    inexact: bool = False,
    max_minutes: float | None = None,
    if_stopped: Callable[[RunFolder], None] | None = None,
) -> TrainedRun:
    """The same for a resumed run. Raises what `resume` raises."""
    again = open_again(
        word, request.workers, folders=folders, console=console, epochs=epochs, inexact=inexact, watch=Stopwatch()
    )
    folder = again.folder
    with ExitStack() as stack:
        stack.callback(folder.unlock)
        _require_trainable(again.prepared, request)
        cluster = _join(stack, request, console)
        done = 0 if again.state is None else again.state.epochs
        console.say(f"continuing {folder.path} after {count(done, 'epoch')}")
        folder.write_record(status="running", ended=None, reason=None)
        with left_if_stopped(folder, if_stopped), told_if_stopped(folder, console), recorded(folder):
            return _train_in(folder, again.prepared, cluster, request, console, max_minutes, again)


def _require_trainable(prepared: Prepared, request: GangRequest) -> None:
    """Raises ConfigError and UsageError for what several workers cannot train."""
    if prepared.loaded is not None:
        rules.refuse_workers(prepared.loaded, prepared.config, request.workers)
    require_in_memory(prepared.dataset)


def _join(stack: ExitStack, request: GangRequest, console: Console) -> Cluster:
    """The cluster. Raises what `joined` raises, and UsageError where it has no room for this many workers."""
    if sys.platform == "win32":
        raise UsageError("--workers needs Linux or macOS", hint="train with one worker")
    asked = request.cluster
    with console.step(f"joining {asked.address}" if asked.address else "starting Ray"):
        cluster = stack.enter_context(joined(asked, _PACKAGES))
    for text in cluster.changes():
        console.warn(text, once=True)
    if cluster.slots(request.least_cpus, asked.gpus) < request.workers:
        nodes = "".join(f"\n  {node.name}: {node.cpus:g} CPUs, {node.gpus:g} GPUs" for node in cluster.nodes.values())
        share = f"{request.least_cpus:g} CPUs" + (f" and {asked.gpus:g} GPUs" if asked.gpus else "")
        raise UsageError(
            f"the cluster has no room for {request.workers} workers, each with {share}:{nodes}",
            hint="ask for fewer, or start more nodes",
        )
    return cluster


def _train_in(
    folder: RunFolder,
    prepared: Prepared,
    cluster: Cluster,
    request: GangRequest,
    console: Console,
    max_minutes: float | None,
    again: Reopened | None = None,
) -> TrainedRun:
    example = example_input(prepared.config.data, prepared.dataset.facts)
    archive: bytes | None = None
    engine: Engine | None = None
    if again is not None:
        archive, engine = pack(folder.path), engine_of(again.record)
    attempts = Attempts(cluster, request, folder, prepared, console, max_minutes=max_minutes, engine=engine)
    attempts.run(archive)
    summary, record = folder.read_json(files.SUMMARY), folder.record
    # Trackers are told when all is over, from the files of the run.
    trackers = tuple(dict.fromkeys(prepared.config.train.tracking))
    return TrainedRun(folder, summary, record["timings"], example, trackers=trackers)
