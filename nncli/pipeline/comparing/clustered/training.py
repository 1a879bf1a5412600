"""Hands the trainings of a comparison out to a cluster, and writes the folders that come back.

A training that fails or whose node is lost is tried again elsewhere, up to three times in all; then it counts as
failed, and the others go on.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from nncli.cluster.joining import joined
from nncli.cluster.nodes import Cluster
from nncli.cluster.request import ClusterRequest
from nncli.cluster.tasks import Failure, Share, Tasks
from nncli.config.reading.loading import LoadedConfig
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import NncliError, RunError, UsageError
from nncli.pipeline.background_import import begin_summarizing
from nncli.pipeline.comparing.cell_training import Cell, DataSets, Report, data_key
from nncli.pipeline.comparing.clustered.cell_task import Arrival, LoadedCell, Order, train_cell
from nncli.pipeline.comparing.outcomes import read_outcome
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.training.planning import Engine
from nncli.pipeline.training.record import describe_process, recorded
from nncli.run import files
from nncli.run.archive import install, pack, unpack
from nncli.run.folder import RunFolder
from nncli.run.removal import clear_removed, remove_folder

MOST_TRIES = 3
# Of another version, the results would not be those of this machine.
_PACKAGES = ("tensorflow", "keras")
_WAIT_SECONDS = 0.5
_ALONE_SECONDS = 30.0


@contextmanager
def cluster_of(request: ComparisonRequest, console: Console) -> Iterator[Cluster | None]:
    """The cluster that a request names, for as long as the body runs; None where it names none.

    Raises what `joined` raises, and UsageError where no node has what a training reserves.
    """
    if request.on is None:
        yield None
        return
    with ExitStack() as stack:
        with console.step(f"joining {request.on.address}" if request.on.address else "starting Ray"):
            cluster = stack.enter_context(joined(request.on, _PACKAGES))
        _require_room(cluster, request.on)
        yield cluster


def _require_room(cluster: Cluster, asked: ClusterRequest) -> None:
    """Raises UsageError for a share that no node has, which would wait forever."""
    if cluster.slots(asked.cpus or 0.0, asked.gpus) or not (asked.cpus or asked.gpus):
        return
    nodes = "".join(f"\n  {node.name}: {node.cpus:g} CPUs, {node.gpus:g} GPUs" for node in cluster.nodes.values())
    raise UsageError(f"no node of the cluster has what {asked} reserves:{nodes}", hint="ask for less")


class ClusterTrainer:
    """Trains the cells of a comparison on a cluster."""

    def __init__(
        self,
        cluster: Cluster,
        request: ComparisonRequest,
        data: DataSets,
        engines: Mapping[Variant, Engine],
        task: str,
        folder: RunFolder,
        console: Console,
        report: Report,
    ) -> None:
        self._report = report
        self._cluster, self._request, self._data, self._engines = cluster, request, data, engines
        self._task, self._folder, self._console, self._tasks = task, folder, console, Tasks(cluster)
        self._stored: dict[str, Any] = {}
        self._tries: Counter[Cell] = Counter()
        self._outcomes: dict[Cell, dict[str, Any]] = {}
        self._pending: list[Cell] = []
        self._arrived: list[tuple[Any, Arrival | Failure]] = []

    def train(self, cells: Sequence[Cell], *, before: int) -> dict[Cell, dict[str, Any]]:
        """Trains all cells and returns their outcomes; `before` others were trained earlier."""
        self._pending, total = list(cells), before + len(cells)
        self._folder.write_record(cluster=self._cluster.describe())
        clear_removed(self._folder.path)
        self._say_changes()
        self._say_processors()
        begin_summarizing()
        where = f"on {count(len(self._cluster.nodes), 'node')} of a cluster"
        with self._console.step(f"{before} of {total} trainings done, {where}") as progress:
            try:
                while self._pending or self._tasks:
                    self._start()
                    self._keep_or_retry(self._tasks.wait(_WAIT_SECONDS))
                    self._say_changes()
                    done = before + len(self._outcomes)
                    progress(f"{done} of {total} trainings done, {len(self._tasks)} on the cluster", done / total)
            except BaseException:  # Ctrl-C included: what is finished is kept
                self._keep([*self._arrived, *self._tasks.cancel()])
                raise
        return self._outcomes

    def _start(self) -> None:
        """Gives the cluster as many trainings as it can run at once."""
        while self._pending and (self._request.jobs is None or len(self._tasks) < self._request.jobs):
            cell = self._pending[0]
            share = self._share(cell)
            if not self._tasks.has_room(share):
                if not self._tasks and self._cluster.nodes and not self._cluster.slots(share.cpus, share.gpus):
                    raise NncliError("no node that is left has room for a training", hint="start nodes, then continue")
                return
            del self._pending[0]
            loaded = cell.load(self._request)
            try:
                data = self._store(loaded)
            except NncliError as error:  # these rows cannot be used; the others go on
                self._fail(cell, error)
                continue
            stopped = self._folder.path / cell.folder_name
            order = Order(
                self._request,
                LoadedCell(cell.variant, cell.seed, loaded),
                self._engines[cell.variant],
                tuple(sys.argv[1:]),
                pack(stopped) if (stopped / files.CHECKPOINT).exists() else None,
            )
            self._tasks.start(cell, share, train_cell, order, data)

    def _share(self, cell: Cell) -> Share:
        """What a training reserves: by default its threads, but no more than the largest node has."""
        asked, engine = self._request.on or ClusterRequest(), self._engines[cell.variant]
        cpus = min(engine.threads, self._cluster.most_cpus(asked.gpus)) if asked.cpus is None else asked.cpus
        process = f"{engine.threads} threads{' side by side' if engine.side_by_side else ''}"
        return Share(float(cpus), asked.gpus, process)

    def _store(self, loaded: LoadedConfig) -> Any:
        """The data of a config in the object store; only those of the cells that come next are kept there."""
        key = data_key(loaded)
        if key not in self._stored:
            self._stored.clear()  # tasks under way keep what they use
            self._stored[key] = self._tasks.store(self._data.get(loaded, self._console))
        return self._stored[key]

    def _keep_or_retry(self, ended: Sequence[tuple[Any, Arrival | Failure]]) -> None:
        """Keeps the results that have arrived, and queues failed trainings again."""
        self._arrived += ended
        while self._arrived:
            cell, result = self._arrived[0]
            self._tries[cell] += 1
            failure = result if isinstance(result, Failure) else self._write(cell, result)
            del self._arrived[0]
            if failure is None:
                continue
            if self._tries[cell] < MOST_TRIES:
                self._pending.insert(0, cell)
                told = f"trained again ({self._tries[cell] + 1} of {MOST_TRIES})"
                self._console.warn(f"{cell}: {failure.text}; it is {told}")
            else:
                self._fail(cell, NncliError(f"failed {MOST_TRIES} times on the cluster; the last time: {failure.text}"))

    def _keep(self, ended: Sequence[tuple[Any, Arrival | Failure]]) -> None:
        """Writes finished trainings; failed ones are not tried again."""
        for cell, result in ended:
            if isinstance(result, Arrival):
                with suppress(NncliError):
                    self._write(cell, result)

    def _write(self, cell: Cell, arrival: Arrival) -> Failure | None:
        """Makes an archive the folder of its cell; a Failure instead where the training failed, other than by
        diverging, and may succeed elsewhere."""
        path = self._folder.path / cell.folder_name
        try:
            hidden = unpack(arrival.archive, path)
            record = RunFolder(hidden).record
            if record.get("status") != "finished" and not record.get("diverged"):
                remove_folder(hidden)
                return Failure(record.get("reason") or "it was stopped")
            install(hidden, path)
        except RunError as error:
            return Failure(error.message)
        except OSError as error:
            raise NncliError(f"{path} cannot be written: {error.strerror}", hint="free space, or --runs-dir") from None
        for kind, text, once in arrival.messages:
            (self._console.warn if kind == "warn" else self._console.say)(text, once=once)
        self._conclude(cell)
        return None

    def _fail(self, cell: Cell, error: NncliError) -> None:
        """Leaves a folder for a cell that says why it has no model."""
        own = cell.make_folder(self._folder)
        with suppress(NncliError), recorded(own):
            raise error
        self._conclude(cell)

    def _conclude(self, cell: Cell) -> None:
        own = RunFolder(self._folder.path / cell.folder_name)
        self._outcomes[cell] = {**read_outcome(own, cell.variant.name, cell.seed), "task": self._task}
        self._report(cell, self._outcomes[cell])

    def _say_processors(self) -> None:
        """Says where the bits will not be those of this machine."""
        own = describe_process()["machine"]["cpu"]
        others = sorted({str(node.processor) for node in self._cluster.nodes.values()} - {str(own)})
        if others:
            self._console.say(
                f"nodes have other processors than this machine ({', '.join(others)} and {own}): "
                "the last digits of their results can be others"
            )

    def _say_changes(self) -> None:
        """Reports nodes that are refused, lost or new; waits a while for another where all are lost."""
        deadline = time.monotonic() + _ALONE_SECONDS
        while True:
            for text in self._cluster.changes():
                (self._console.say if "joined" in text else self._console.warn)(text, once=True)
            if self._cluster.nodes:
                return
            if time.monotonic() > deadline:
                raise NncliError("the cluster has no node left to train on", hint="start nodes, then continue")
            time.sleep(_WAIT_SECONDS)
