"""The story of a comparison: each variant trained over the same splits and seeds, and what became of each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nncli.config.sections import Config
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import NncliError, UsageError
from nncli.evaluate import plots
from nncli.evaluate.comparing.fairness import describe_unequal
from nncli.evaluate.comparing.sentences import short_names
from nncli.evaluate.comparing.summary import summarize
from nncli.pipeline.comparing.cell_training import Cell, DataSets
from nncli.pipeline.comparing.finished import find_runs, read_finished
from nncli.pipeline.comparing.outcomes import cells_table
from nncli.pipeline.comparing.scheduling import begin, train_cells
from nncli.pipeline.comparing.settings.differing import differing_keys, flat_config
from nncli.pipeline.comparing.settings.learning_rates import choose_rates, describe_rates, rates_to_try
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.record import describe_process, recorded
from nncli.run import files
from nncli.run.folder import RunFolder

# Data that takes longer to read is read once for all, as long as it is no larger than that.
_SLOW_SECONDS = 1.0
_MOST_BYTES = 2**30


@dataclass(frozen=True)
class Comparison:
    """A finished comparison: its folder, what comparison.json says, and the first run of the best variant, if any.

    `is_trained` is false for runs that were there already. `notes` say which learning rates were chosen, `warnings`
    what was not equal for all variants.
    """

    folder: RunFolder
    result: dict[str, Any]
    best: Path | None = None
    is_trained: bool = True
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def compare(request: ComparisonRequest, *, folders: Folders, console: Console) -> Comparison:
    """Trains every variant once a seed and compares them on the test set; finished runs are compared as they are.

    All configs are checked before the first is trained. Trainings run side by side where there are cores for them, and
    each ends in the bits that it has alone. A training that diverges or fails is told as such and the others go on.
    Raises what `train` raises for a config or data, and NncliError where a training's process dies or none ended.
    """
    if (runs := find_runs([variant.config for variant in request.variants], folders)) is not None:
        return _compare_finished(runs, request, folders)
    configs = {variant.name: variant.load(request, None).config for variant in request.variants}
    first = next(iter(configs.values()))
    request, tried = _widened(replace(request, split_seed=first.seed if request.fixed_split else None), configs)
    begin(request, [config.data.source for config in configs.values()], folders)
    data = DataSets(folders)
    variants, seeded = count(len(request.variants), "variant"), count(request.seeds, "seed")
    console.say(f"{count(len(request.variants) * request.seeds, 'training')}: {variants}, {seeded} each")
    started = time.monotonic()
    prepared = _check(request, data, first.seed, console)
    is_slow = time.monotonic() - started > _SLOW_SECONDS * len(data.shared)
    folder = RunFolder.create(folders.runs_dir, f"compare-{first.name}", kind="compare")
    with recorded(folder):
        folder.write_record(**describe_process(), variants=[variant.name for variant in request.variants])
        seeds = range(first.seed, first.seed + request.seeds)
        cells = [Cell(variant, seed) for seed in seeds for variant in request.variants]
        if is_slow:
            _read_ahead(cells, request, data, console)
        outcomes = train_cells(cells, request, prepared, data, folder, console)
        return _conclude(folder, outcomes, request, {name: flat_config(each) for name, each in configs.items()}, tried)


def _widened(
    request: ComparisonRequest, configs: Mapping[str, Config]
) -> tuple[ComparisonRequest, dict[str, tuple[str, str]]]:
    """The request with three learning rates for each variant where they are asked for.

    Also for each variant's name that of the one it stands for, and its rate.
    """
    if not request.lr_range:
        return request, {}
    variants, tried = [], {}
    for variant in request.variants:
        for rate, assignment in rates_to_try(configs[variant.name]):
            variants.append(replace(variant, name=f"{variant.name} learning_rate={rate}", rate=assignment))
            tried[variants[-1].name] = (variant.name, rate)
    return replace(request, variants=tuple(variants)), tried


def _compare_finished(runs: Sequence[RunFolder], request: ComparisonRequest, folders: Folders) -> Comparison:
    """Compares finished runs in a folder of its own. Raises UsageError for options that only a training has."""
    wanted = {
        "--vary": any(variant.assignments for variant in request.variants),
        "--set": request.assignments,
        "--epochs": request.epochs,
        "--budget": request.budget,
        "--lr-range": request.lr_range,
        "--fixed-split": request.fixed_split,
    }
    if len(runs) < 2 or any(wanted.values()):
        given = [option for option, value in wanted.items() if value and len(runs) > 1]
        raise UsageError(
            f"{' and '.join(given)} cannot change runs that are finished" if given else "got one run to compare",
            hint="nncli compare RUN RUN, or a config to train",
        )
    outcomes, configs, name = read_finished(runs)
    folder = RunFolder.create(folders.runs_dir, f"compare-{name}", kind="compare")
    with recorded(folder):
        folder.write_record(**describe_process(), variants=list(configs))
        return replace(_conclude(folder, outcomes, request, configs, {}), is_trained=False)


def _conclude(
    folder: RunFolder,
    outcomes: Sequence[Mapping[str, Any]],
    request: ComparisonRequest,
    configs: Mapping[str, Mapping[str, Any]],
    tried: Mapping[str, tuple[str, str]],
) -> Comparison:
    """What trainings say together, written into the folder of the comparison. Raises NncliError where none ended.

    `configs` are the flat configs of the variants, `tried` what `_widened` gave.
    """
    if all(outcome["summary"] is None and outcome.get("failed") for outcome in outcomes):
        raise NncliError(f"every training failed; the first one: {outcomes[0]['failure']}")
    folder.write(files.CELLS, cells_table(outcomes))
    rates: list[dict[str, Any]] = []
    if tried:
        outcomes, rates = choose_rates(outcomes, tried)
    result = {
        "comparison": str(folder.path),
        **summarize(outcomes, target=request.target, margin=request.margin),
        "learning_rates": rates,
        "differing": differing_keys(configs),
    }
    folder.write_json(files.COMPARISON, result)
    folder.write(f"{files.PLOTS}/comparison.png", plots.comparison_curves(outcomes, result))
    names = short_names([variant["name"] for variant in result["variants"]])
    notes = describe_rates(rates, names)
    warnings = describe_unequal(result["unequal"], names)
    return Comparison(folder, result, _best_run(outcomes, result), notes=tuple(notes), warnings=tuple(warnings))


def _best_run(outcomes: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Path | None:
    """The finished training with the lowest seed of the best variant, or of any where none is the best."""
    best = result["verdicts"][0]["best"] if result["verdicts"] else None
    finished = [outcome for outcome in outcomes if outcome["summary"]]
    ranked = sorted(finished, key=lambda outcome: outcome["variant"] != best)
    return Path(ranked[0]["run"]) if ranked else None


def _check(request: ComparisonRequest, data: DataSets, seed: int, console: Console) -> dict[Variant, Prepared]:
    """Each variant with the data of the first seed, which stays read."""
    prepared = {}
    for variant in request.variants:
        loaded = Cell(variant, seed).load(request)
        prepared[variant] = prepare(loaded, data.folders, console, data.share(loaded, console))
    datasets = [each.dataset for each in prepared.values()]
    tasks = sorted({dataset.facts.target.task.value for dataset in datasets})
    if len(tasks) > 1:
        raise UsageError(f"networks of different tasks have no common metric: {', '.join(tasks)}")
    if len({dataset.fingerprint for dataset in datasets}) > 1:
        console.warn("the variants see different data, so their scores cannot be compared")
    return prepared


def _read_ahead(cells: Sequence[Cell], request: ComparisonRequest, data: DataSets, console: Console) -> None:
    """Reads the data of every seed before the workers start, which share it then, as far as the memory is fit for it.

    Otherwise each of them reads the rows of a seed again for each training of it, which is little where it is fast.
    """
    for cell in cells:
        if data.shared_bytes > _MOST_BYTES:
            return
        data.share(cell.load(request), console)
