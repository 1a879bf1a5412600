"""How the trainings of a comparison are shared out over processes: how many at once, with how many threads each.

A training has as many threads as it would have alone, since its exact results depend on them. As many run at once as
the cores allow. Trainings with another number of threads than the rest run in processes of their own, as TensorFlow
accepts that number only once.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
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
    """Is told of a training that has ended; `may_load` is false while processes are still to be forked."""

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
    """Trains every cell that is not `kept` in a folder inside `folder`; what each left, in the order of `cells`.

    `prepared` has each variant with the data of the first seed. With a `cluster` they are trained there. `tell` is
    called with the folder of each training when it has ended, and whether TensorFlow may be put to work here for it.
    """
    outcomes, missing = dict(kept), [cell for cell in cells if cell not in kept]
    if not missing:
        return [outcomes[cell] for cell in cells]
    if cluster is not None:
        engines = _engines(prepared, folder, accelerator=request.on is not None and request.on.gpus > 0)
        task = next(iter(prepared.values())).dataset.facts.target.task.value
        report = _make_report(request, console, tell, may_load=True)
        trainer = ClusterTrainer(cluster, request, data, engines, task, folder, console, report)
        outcomes |= trainer.train(missing, before=len(kept))
        return [outcomes[cell] for cell in cells]
    from nncli.engine import executor
    from nncli.engine.process import environment, forking

    accelerator = fork = False
    if _FORKS or request.jobs == 1:
        with console.step(f"{len(kept)} of {len(cells)} trainings done; starting TensorFlow"):
            finish_import()
            environment.prepare()
        accelerator, fork = environment.has_accelerator(), forking.may_fork()
    engines = _engines(prepared, folder, accelerator=accelerator)
    settings = {variant: (engine.threads, engine.side_by_side) for variant, engine in engines.items()}
    for setting in (different := list(dict.fromkeys(settings[cell.variant] for cell in missing))):
        group = [cell for cell in missing if settings[cell.variant] == setting]
        threads, side_by_side = setting
        jobs = min(len(group), request.jobs or (1 if accelerator else max(1, executor.available_cores() // threads)))
        is_last = setting == different[-1]
        # Not before the last fork: a child would wait for ever for a thread or a module of this process.
        report = _make_report(request, console, tell, may_load=is_last and not accelerator)
        idle = begin_summarizing if is_last else None
        # In a process where TensorFlow is at work already its threads stay: one job accepts that, as `train` does.
        if (
            jobs == 1
            and len(different) == 1
            and (request.jobs == 1 or forking.takes_threads(threads, side_by_side=side_by_side))
        ):
            outcomes |= _train_here(group, engines, request, data, folder, console, report, before=len(kept))
        else:
            with WorkerPool(jobs, request, data, fork=fork) as pool:
                before, total = len(outcomes), len(cells)
                outcomes |= pool.train(
                    group, engines, folder, console, report, before=before, total=total, when_idle=idle
                )
    return [outcomes[cell] for cell in cells]


def _make_report(request: ComparisonRequest, console: Console, tell: Tell | None, *, may_load: bool) -> Report:
    def report(cell: Cell, outcome: Mapping[str, Any]) -> None:
        report_cell(cell, outcome, request.variants, console)
        if tell is not None:
            tell(RunFolder(Path(outcome["run"])), may_load=may_load)

    return report


def _engines(prepared: Mapping[Variant, Prepared], folder: RunFolder, *, accelerator: bool) -> dict[Variant, Engine]:
    """How each variant is trained; as it was, in a comparison that goes on, so that the bits are the same."""
    known = folder.record.get(ENGINES, {})
    engines = {
        variant: Engine(**known[variant.name])
        if variant.name in known
        else choose_engine(each.config, each.dataset.facts, accelerator=accelerator)
        for variant, each in prepared.items()
    }
    folder.write_record(**{ENGINES: {variant.name: asdict(engine) for variant, engine in engines.items()}})
    return engines


def _train_here(
    cells: Sequence[Cell],
    engines: Mapping[Variant, Engine],
    request: ComparisonRequest,
    data: DataSets,
    folder: RunFolder,
    console: Console,
    report: Report,
    *,
    before: int,
) -> dict[Cell, dict[str, Any]]:
    """One after another in this process, which has the threads for it."""
    trainer = CellTrainer(request, data, console)
    pending, outcomes, last = list(cells), dict[Cell, dict[str, Any]](), None
    while (cell := next_cell(pending, last, ())) is not None:
        pending.remove(cell)
        title = f"training {before + len(outcomes) + 1} of {before + len(cells)}"
        outcomes[cell] = trainer.train(cell, engines[cell.variant], cell.make_folder(folder), title=title)
        report(cell, outcomes[cell])
        last = cell
    return outcomes
