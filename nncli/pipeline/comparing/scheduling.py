"""How the trainings of a comparison are shared out over processes: how many at once, with how many threads each.

A training has as many threads as it would have alone, since its exact results depend on them. As many run at once as
the cores allow. Trainings with another number of threads than the rest run in processes of their own, as TensorFlow
accepts that number only once.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.console import Console
from nncli.pipeline.background_import import begin_import, begin_summarizing, finish_import
from nncli.pipeline.comparing.cell_training import Cell, CellTrainer, DataSets, report_cell
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.comparing.worker_pool import WorkerPool, next_cell
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.planning import choose_engine
from nncli.run.folder import RunFolder

# Elsewhere each process imports TensorFlow itself.
_FORKS = sys.platform == "linux"


def begin(request: ComparisonRequest, sources: Sequence[str], folders: Folders) -> None:
    """Starts the imports that this process needs."""
    if _FORKS or request.jobs == 1:
        begin_import(*sources, data_dir=folders.data_dir)


def train_cells(
    cells: Sequence[Cell],
    request: ComparisonRequest,
    prepared: Mapping[Variant, Prepared],
    data: DataSets,
    folder: RunFolder,
    console: Console,
) -> list[dict[str, Any]]:
    """Trains every cell in a folder inside `folder`; what each left, in the order of `cells`.

    `prepared` has each variant with the data of the first seed.
    """
    from nncli.engine import executor
    from nncli.engine.process import environment, forking

    accelerator = fork = False
    if _FORKS or request.jobs == 1:
        with console.step(f"0 of {len(cells)} trainings done; starting TensorFlow"):
            finish_import()
            environment.prepare()
        accelerator, fork = environment.has_accelerator(), forking.may_fork()
    engines = {
        variant: choose_engine(each.config, each.dataset.facts, accelerator=accelerator)
        for variant, each in prepared.items()
    }
    settings = {variant: (engine.threads, engine.side_by_side) for variant, engine in engines.items()}
    outcomes: dict[Cell, dict[str, Any]] = {}
    for setting in (different := list(dict.fromkeys(settings.values()))):
        group = [cell for cell in cells if settings[cell.variant] == setting]
        threads, side_by_side = setting
        jobs = min(len(group), request.jobs or (1 if accelerator else max(1, executor.available_cores() // threads)))
        # In a process where TensorFlow is at work already its threads stay: one job accepts that, as `train` does.
        if (
            jobs == 1
            and len(different) == 1
            and (request.jobs == 1 or forking.takes_threads(threads, side_by_side=side_by_side))
        ):
            outcomes |= _train_here(group, request, data, folder, console)
        else:
            with WorkerPool(jobs, request, data, fork=fork) as pool:
                # Not before the last fork: a child could wait for ever for a module that a thread was importing.
                idle = begin_summarizing if setting == different[-1] else None
                outcomes |= pool.train(group, folder, console, before=len(outcomes), total=len(cells), when_idle=idle)
    return [outcomes[cell] for cell in cells]


def _train_here(
    cells: Sequence[Cell], request: ComparisonRequest, data: DataSets, folder: RunFolder, console: Console
) -> dict[Cell, dict[str, Any]]:
    """One after another in this process, which has the threads for it."""
    trainer = CellTrainer(request, data, console)
    pending, outcomes, last = list(cells), dict[Cell, dict[str, Any]](), None
    while (cell := next_cell(pending, last, ())) is not None:
        pending.remove(cell)
        title = f"training {len(outcomes) + 1} of {len(cells)}"
        outcomes[cell] = trainer.train(cell, cell.make_folder(folder), title=title)
        report_cell(cell, outcomes[cell], request.variants, console)
        last = cell
    return outcomes
