"""The story of `nncli train --folds`: a training for each fold, their results, and a training on all rows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nncli.config.reading.loading import load_config
from nncli.config.sections import Config
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.data.plurals import count
from nncli.errors import UsageError
from nncli.pipeline.comparing.cell_training import DataSets
from nncli.pipeline.comparing.scheduling import begin
from nncli.pipeline.comparing.variants import ComparisonRequest, Option
from nncli.pipeline.folders import Folders
from nncli.pipeline.folding.cells import SLOW_SECONDS, FoldCell, fold_option, make_cells, read_ahead, train_folds
from nncli.pipeline.folding.conclusion import collect, summarize
from nncli.pipeline.folding.final import choose_epochs, final_options
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.out_of_fold import OutOfFold
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.training.record import describe_process, recorded
from nncli.pipeline.training.train import TrainedRun, train_into
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.tracking.packages import require_packages


@dataclass(frozen=True)
class FoldedRun:
    """The network trained on all rows, and what folds.json says about the folds."""

    run: TrainedRun
    folds: dict[str, Any]


@dataclass(frozen=True)
class PlannedFolds:
    """A config found good with its folds: their cells with the data of the first, and the data of all rows."""

    config: Config
    request: ComparisonRequest
    cells: list[FoldCell]
    first: Prepared
    everything: Dataset
    data: DataSets
    is_slow: bool


def train_with_folds(
    name: str,
    folds: int,
    *,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[Option] = (),
) -> FoldedRun:
    """Trains a config once for each fold, and then on all rows for the median of the folds' best epochs.

    Raises what `train` raises; then, as after Ctrl-C, the run has no model.
    """
    plan = plan_folds(name, folds, folders, console, assignments, options)
    folder = RunFolder.create(folders.runs_dir, plan.config.name)
    with recorded(folder):
        folder.write_record(**describe_process(), name=plan.config.name, seed=plan.config.seed)
        outcomes, known = run_folds(plan, folder, console)
        summary = summarize(plan.config, plan.everything.facts, outcomes, known)
        epochs = choose_epochs([outcome["summary"] for outcome in outcomes])
        summary["epochs"] = epochs
        folder.write_json(files.FOLDS, summary)
        folder.write(files.OUT_OF_FOLD, known.to_bytes())
        has_validation = len(plan.everything.validation) > 0
        final = final_options(plan.config, folds, epochs, has_validation=has_validation)
        loaded = load_config(name, assignments, [*options, *final])
        prepared = prepare(loaded, folders, console, plan.everything)
        console.say(f"training on all {count(len(plan.everything.train), 'row')} for {count(epochs, 'epoch')}")
        run = train_into(folder, prepared, console, Terms(out_of_fold=known))
    return FoldedRun(run, summary)


def plan_folds(
    name: str,
    folds: int,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[Option] = (),
) -> PlannedFolds:
    """Loads a config with its folds and reads the data of the first, and all of it. Raises what `train` raises."""
    config = load_config(name, assignments, options).config
    require_packages(config.train.tracking)
    if config.data.fold is not None:
        raise UsageError(
            f"--folds {folds} deals the rows into folds, and so does data.fold in {name}", hint="leave one of them out"
        )
    request, cells = make_cells(name, assignments, options, folds, config.seed)
    begin(request, [config.data.source], folders)
    data, started = DataSets(folders), time.monotonic()
    loaded = cells[0].load(request)
    first = prepare(loaded, folders, console, data.share(loaded, console))
    is_slow = time.monotonic() - started > SLOW_SECONDS
    data.says_notes = False
    everything = data.get(load_config(name, assignments, [*options, fold_option(folds, "none")]), console)
    return PlannedFolds(config, request, cells, first, everything, data, is_slow)


def run_folds(plan: PlannedFolds, folder: RunFolder, console: Console) -> tuple[list[dict[str, Any]], OutOfFold]:
    """Trains the folds in folders inside `folder`; returns their outcomes and predictions."""
    console.say(f"{count(len(plan.cells), 'fold')}, each trained on the others")
    if plan.is_slow:
        read_ahead(plan.cells, plan.request, plan.data, console)
    outcomes = train_folds(plan.cells, plan.request, plan.first, plan.data, folder, console)
    known = collect([RunFolder(folder.path / cell.folder_name) for cell in plan.cells])
    return outcomes, known
