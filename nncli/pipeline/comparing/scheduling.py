"""How the trainings of a comparison are shared out over processes: how many at once, with how many threads each.

A training has as many threads as it would have alone, since its exact results depend on them. As many run at once as
the cores allow. Trainings with another number of threads than the rest run in processes of their own, as TensorFlow
accepts that number only once.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from nncli.cluster.nodes import Cluster
from nncli.console import Console
from nncli.pipeline.background_import import begin_import, begin_summarizing, finish_import
from nncli.pipeline.comparing.cell_training import Cell, CellTrainer, DataSets, Report, report_cell
from nncli.pipeline.comparing.clustered.training import ClusterTrainer
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.comparing.worker_pool import WorkerPool, next_cell
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.planning import Engine, choose_engine
from nncli.run.folder import RunFolder

# The key of run.json under which each variant has its engine.
ENGINES = "engines"
# Elsewhere each process imports TensorFlow itself.
_FORKS = sys.platform == "linux"


class Tell(Protocol):
    """A listener for ended trainings; `may_load` is false while processes are still to be forked."""

    def __call__(self, training: RunFolder, *, may_load: bool) -> None:
        """`training` has ended, however it did."""


def begin(request: ComparisonRequest, sources: Sequence[str], folders: Folders) -> None:
    """Starts the imports that this process needs."""
    if request.on is None and (_FORKS or request.jobs == 1):
        begin_import(*sources, data_dir=folders.data_dir)


def train_cells(
    cells: Sequence[Cell],
    request: ComparisonRequest,
    prepared: Mapping[Variant, Prepared],
    data: DataSets,
    folder: RunFolder,
    console: Console,
    kept: Mapping[Cell, dict[str, Any]],
    cluster: Cluster | None = None,
    *,
    tell: Tell | None = None,
) -> list[dict[str, Any]]:
    """Trains every cell that is not `kept` in a folder inside `folder`; returns all outcomes in the order of `cells`.

    `prepared` has each variant with the data of the first seed. With a `cluster` they are trained there. `tell` is
    called with the folder of each training when it has ended, and whether TensorFlow may be put to work here for it.
    """
    outcomes, missing = dict(kept), [cell for cell in cells if cell not in kept]
    if missing:
        trainings = _Trainings(request, prepared, data, folder, console, tell)
        if cluster is None:
            outcomes |= trainings.run_here(missing, finished=len(kept))
        else:
            outcomes |= trainings.run_on(cluster, missing, finished=len(kept))
    return [outcomes[cell] for cell in cells]


@dataclass(frozen=True)
class _Trainings:
    """What the trainings of a comparison share, and the places where they run."""

    request: ComparisonRequest
    prepared: Mapping[Variant, Prepared]
    data: DataSets
    folder: RunFolder
    console: Console
    tell: Tell | None

    def run_on(self, cluster: Cluster, cells: Sequence[Cell], *, finished: int) -> Mapping[Cell, dict[str, Any]]:
        """Trains the cells on a cluster; `finished` others have ended before."""
        request = self.request
        engines = self._engines(accelerator=request.on is not None and request.on.gpus > 0)
        task = next(iter(self.prepared.values())).dataset.facts.target.task.value
        report = self._make_report(may_load=True)
        trainer = ClusterTrainer(cluster, request, self.data, engines, task, self.folder, self.console, report)
        return trainer.train(cells, before=finished)

    def run_here(self, cells: Sequence[Cell], *, finished: int) -> Mapping[Cell, dict[str, Any]]:
        """Trains the cells on this machine, one group of equal threads after another."""
        from nncli.engine.process import environment, forking

        total = finished + len(cells)
        accelerator = fork = False
        if _FORKS or self.request.jobs == 1:
            with self.console.step(f"{finished} of {total} trainings done; starting TensorFlow"):
                finish_import()
                environment.prepare()
            accelerator, fork = environment.has_accelerator(), forking.may_fork()
        engines = self._engines(accelerator=accelerator)
        groups = _group_by_threads(cells, engines)
        outcomes: dict[Cell, dict[str, Any]] = {}
        for place, ((threads, side_by_side), group) in enumerate(groups, start=1):
            is_last, before = place == len(groups), finished + len(outcomes)
            jobs = min(len(group), self.request.jobs or (1 if accelerator else _most_jobs(threads)))
            # Not before the last fork: a child would wait forever for a thread or a module of this process.
            report = self._make_report(may_load=is_last and not accelerator)
            idle = begin_summarizing if is_last else None
            # In a process where TensorFlow is at work already its threads stay: one job accepts that, as `train` does.
            if (
                jobs == 1
                and len(groups) == 1
                and (self.request.jobs == 1 or forking.takes_threads(threads, side_by_side=side_by_side))
            ):
                outcomes |= self._run_in_this_process(group, engines, report, before=before)
            else:
                with WorkerPool(jobs, self.request, self.data, fork=fork) as pool:
                    outcomes |= pool.train(
                        group, engines, self.folder, self.console, report, before=before, total=total, when_idle=idle
                    )
        return outcomes

    def _run_in_this_process(
        self, cells: Sequence[Cell], engines: Mapping[Variant, Engine], report: Report, *, before: int
    ) -> Mapping[Cell, dict[str, Any]]:
        """Trains one cell after another in this process, which has the threads for it."""
        trainer = CellTrainer(self.request, self.data, self.console)
        pending, outcomes, previous = list(cells), dict[Cell, dict[str, Any]](), None
        while (cell := next_cell(pending, previous, ())) is not None:
            pending.remove(cell)
            title = f"training {before + len(outcomes) + 1} of {before + len(cells)}"
            outcomes[cell] = trainer.train(cell, engines[cell.variant], cell.make_folder(self.folder), title=title)
            report(cell, outcomes[cell])
            previous = cell
        return outcomes

    def _engines(self, *, accelerator: bool) -> dict[Variant, Engine]:
        """How each variant is trained; in a resumed comparison as recorded, so that the bits are the same."""
        recorded = self.folder.record.get(ENGINES, {})
        engines = {
            variant: Engine(**recorded[variant.name])
            if variant.name in recorded
            else choose_engine(prepared.config, prepared.dataset.facts, accelerator=accelerator)
            for variant, prepared in self.prepared.items()
        }
        self.folder.write_record(**{ENGINES: {variant.name: asdict(engine) for variant, engine in engines.items()}})
        return engines

    def _make_report(self, *, may_load: bool) -> Report:
        def report(cell: Cell, outcome: Mapping[str, Any]) -> None:
            report_cell(cell, outcome, self.request.variants, self.console)
            if self.tell is not None:
                self.tell(RunFolder(Path(outcome["run"])), may_load=may_load)

        return report


def _most_jobs(threads: int) -> int:
    """How many trainings with this many threads the cores of this machine allow at once; at least one."""
    from nncli.engine import executor

    return max(1, executor.available_cores() // threads)


def _group_by_threads(
    cells: Sequence[Cell], engines: Mapping[Variant, Engine]
) -> list[tuple[tuple[int, bool], list[Cell]]]:
    """The cells in groups, each with its number of threads and whether they run parts of a batch side by side."""
    groups: dict[tuple[int, bool], list[Cell]] = {}
    for cell in cells:
        engine = engines[cell.variant]
        groups.setdefault((engine.threads, engine.side_by_side), []).append(cell)
    return list(groups.items())
