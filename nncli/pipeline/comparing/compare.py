"""The story of a comparison: each variant trained over the same splits and seeds, and what became of each."""

import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from nncli.cluster.nodes import Cluster
from nncli.config.sections import Config
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import NncliError, Terminated, UsageError, UserError
from nncli.pipeline.comparing.cell_training import Cell, DataSets
from nncli.pipeline.comparing.clustered.training import cluster_of
from nncli.pipeline.comparing.conclusion import Comparison, Differing, Tried, conclude
from nncli.pipeline.comparing.continuing.request_record import describe_request
from nncli.pipeline.comparing.finished import compare_finished, find_runs, require_one_task
from nncli.pipeline.comparing.scheduling import begin, train_cells
from nncli.pipeline.comparing.settings.differing import differing_keys, flat_config
from nncli.pipeline.comparing.settings.learning_rates import rates_to_try
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.tracking.following import followed_comparison
from nncli.pipeline.training.continuing.stopping import left_if_stopped
from nncli.pipeline.training.record import describe_process, recorded
from nncli.run.folder import RunFolder
from nncli.tracking.packages import require_packages

# Data that takes longer to read is read once for all, as long as it is no larger than that.
_SLOW_SECONDS = 1.0
_MOST_BYTES = 2**30


@dataclass(frozen=True)
class CheckedRequest:
    """A request with all of its configs found good, each with the data of the first seed.

    `is_slow` says whether reading the data takes so long that it is read only once; `differing` and `tried` are for the
    conclusion.
    """

    request: ComparisonRequest
    first_seed: int
    prepared: dict[Variant, Prepared]
    data: DataSets
    is_slow: bool
    differing: Differing
    tried: Tried

    @property
    def cells(self) -> list[Cell]:
        """All trainings, seed by seed."""
        seeds = range(self.first_seed, self.first_seed + self.request.seeds)
        return [Cell(variant, seed) for seed in seeds for variant in self.request.variants]


def compare(
    request: ComparisonRequest,
    *,
    folders: Folders,
    console: Console,
    if_stopped: Callable[[RunFolder], None] | None = None,
) -> Comparison:
    """Trains every variant once a seed and compares them on the test set; finished runs are compared as they are.

    All configs are checked before the first is trained. Trainings run in parallel where there are cores for them, and
    each gives the same bits as when run alone. A training that diverges or fails is reported, and the others continue.
    `if_stopped` is called with the comparison's folder when it failed or was stopped, after its end is recorded. Raises
    what `train` raises for a config or data, and NncliError where a training's process dies or none ended.
    """
    if (runs := find_runs([variant.config for variant in request.variants], folders)) is not None:
        return compare_finished(runs, request, folders)
    configs = {variant.name: variant.load(request, None).config for variant in request.variants}
    first = next(iter(configs.values()))
    shares_split = request.fixed_split or request.folds is not None
    request, tried = _with_learning_rates(replace(request, split_seed=first.seed if shares_split else None), configs)
    differing = differing_keys({name: flat_config(each) for name, each in configs.items()})
    variants = count(len(request.variants), "variant")
    seeded = count(request.seeds, "seed") if request.folds is None else count(request.folds, "fold")
    trainings = count(len(request.variants) * request.seeds, "training")
    told = f"{trainings}: {variants}, {seeded} each"
    checked = check(request, folders, console, told, differing=differing, tried=tried)
    record = {**describe_process(), **describe_request(request, checked.first_seed, checked.prepared, differing, tried)}
    with cluster_of(request, console) as cluster:
        folder = RunFolder.create(folders.runs_dir, f"compare-{first.name}", kind="compare")
        return complete(checked, folder, record, console, cluster=cluster, if_stopped=if_stopped)


def _with_learning_rates(
    request: ComparisonRequest, configs: Mapping[str, Config]
) -> tuple[ComparisonRequest, dict[str, tuple[str, str]]]:
    """The request with three learning rates for each variant where they are asked for.

    The mapping gives for the name of each new variant that of the original one, and its rate.
    """
    if not request.lr_range:
        return request, {}
    variants, tried = [], {}
    for variant in request.variants:
        for rate, assignment in rates_to_try(configs[variant.name]):
            variants.append(replace(variant, name=f"{variant.name} learning_rate={rate}", rate=assignment))
            tried[variants[-1].name] = (variant.name, rate)
    return replace(request, variants=tuple(variants)), tried


def check(
    request: ComparisonRequest,
    folders: Folders,
    console: Console,
    told: str | None = None,
    *,
    differing: Differing,
    tried: Tried,
) -> CheckedRequest:
    """Loads and resolves every config with the data of the first seed; `told` is said once they are loaded."""
    configs = [variant.load(request, None).config for variant in request.variants]
    require_packages(name for config in configs for name in config.train.tracking)
    begin(request, [config.data.source for config in configs], folders)
    data, first = DataSets(folders), configs[0].seed
    if told is not None:
        console.say(told)
    started = time.monotonic()
    prepared = _prepare_variants(request, data, first, console)
    if request.on is not None and any(each.dataset.is_streamed for each in prepared.values()):
        raise UsageError(
            "--on sends the rows to other machines, and this data is streamed from files of this one",
            hint="leave --on out, or use `memory: all` under data",
        )
    is_slow = time.monotonic() - started > _SLOW_SECONDS * len(data.shared)
    return CheckedRequest(request, first, prepared, data, is_slow, differing, tried)


def complete(
    checked: CheckedRequest,
    folder: RunFolder,
    record: Mapping[str, Any],
    console: Console,
    find_kept: Callable[[], Mapping[Cell, dict[str, Any]]] = dict,
    *,
    cluster: Cluster | None = None,
    if_stopped: Callable[[RunFolder], None] | None = None,
) -> Comparison:
    """Adds to the comparison's record, trains all cells but those that are found to be kept, and compares."""
    cells, request = checked.cells, checked.request
    config = next(iter(checked.prepared.values())).config
    with (
        left_if_stopped(folder, if_stopped),
        followed_comparison(folder, config, console) as following,
        _telling_how_to_continue(folder, request, console),
        recorded(folder),
    ):
        folder.write_record(**record)
        if checked.is_slow and cluster is None:
            _read_ahead(cells, request, checked.data, console)
        kept = find_kept()
        prepared, data = checked.prepared, checked.data
        outcomes = train_cells(
            cells,
            request,
            prepared,
            data,
            folder,
            console,
            kept,
            cluster,
            tell=None if following is None else following.add,
        )
        comparison = conclude(folder, outcomes, request, checked.differing, checked.tried)
    return comparison if following is None else replace(comparison, trackers=following.names)


@contextmanager
def _telling_how_to_continue(folder: RunFolder, request: ComparisonRequest, console: Console) -> Iterator[None]:
    try:
        yield
    except UserError:  # a config or data that would be refused again
        raise
    except (KeyboardInterrupt, Terminated, NncliError):
        on = "" if request.on is None else f" {request.on}"
        console.say(f"to continue: nncli compare --resume {shlex.quote(str(folder.path))}{on}")
        raise


def _prepare_variants(
    request: ComparisonRequest, data: DataSets, seed: int, console: Console
) -> dict[Variant, Prepared]:
    """Each variant with the data of the first seed, which is kept in memory."""
    prepared = {}
    for variant in request.variants:
        loaded = Cell(variant, seed).load(request)
        prepared[variant] = prepare(loaded, data.folders, console, data.share(loaded, console))
    datasets = [each.dataset for each in prepared.values()]
    require_one_task({dataset.facts.target.task.value for dataset in datasets})
    if len({dataset.fingerprint for dataset in datasets}) > 1:
        console.warn("the variants see different data, so their scores cannot be compared")
    return prepared


def _read_ahead(cells: Sequence[Cell], request: ComparisonRequest, data: DataSets, console: Console) -> None:
    """Reads the data of every seed before the workers start, which share it then, as far as memory allows.

    Otherwise each of them reads the rows of a seed again for each training of it, which is little where it is fast.
    """
    for cell in cells:
        if data.shared_bytes > _MOST_BYTES:
            return
        data.share(cell.load(request), console)
