"""The story of a comparison: each variant trained over the same splits and seeds, and what became of each."""

import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import NncliError, Terminated, UsageError, UserError
from nncli.evaluate import plots
from nncli.evaluate.comparison import summarize_variants
from nncli.pipeline.comparing.cell_training import Cell, DataSets
from nncli.pipeline.comparing.request_record import describe_request
from nncli.pipeline.comparing.scheduling import begin, train_cells
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
    """A finished comparison: its folder, what comparison.json says, and the first run of the best variant, if any."""

    folder: RunFolder
    result: dict[str, Any]
    best: Path | None = None


@dataclass(frozen=True)
class CheckedRequest:
    """A request with all of its configs found good, each with the data of the first seed.

    `is_slow` says whether reading the data takes so long that it is better read once for all.
    """

    request: ComparisonRequest
    first_seed: int
    prepared: dict[Variant, Prepared]
    data: DataSets
    is_slow: bool

    @property
    def cells(self) -> list[Cell]:
        """All trainings, seed by seed."""
        seeds = range(self.first_seed, self.first_seed + self.request.seeds)
        return [Cell(variant, seed) for seed in seeds for variant in self.request.variants]


def compare(request: ComparisonRequest, *, folders: Folders, console: Console) -> Comparison:
    """Trains every variant once a seed and compares them on the test set.

    All configs are checked before the first is trained. Trainings run side by side where there are cores for them, and
    each ends in the bits that it has alone. A variant that diverges is told as such and the others go on. Raises what
    `train` raises for a config or data, and NncliError where a training's process dies.
    """
    variants, seeded = count(len(request.variants), "variant"), count(request.seeds, "seed")
    trainings = count(len(request.variants) * request.seeds, "training")
    checked = check(request, folders, console, f"{trainings}: {variants}, {seeded} each")
    name = next(iter(checked.prepared.values())).config.name
    record = {**describe_process(), **describe_request(request, checked.first_seed, checked.prepared)}
    folder = RunFolder.create(folders.runs_dir, f"compare-{name}", kind="compare")
    return complete(checked, folder, record, console)


def check(request: ComparisonRequest, folders: Folders, console: Console, told: str | None = None) -> CheckedRequest:
    """Loads and resolves every config with the data of the first seed; `told` is said once they are loaded."""
    configs = [variant.load(request.assignments, request.epochs, None).config for variant in request.variants]
    begin(request, [config.data.source for config in configs], folders)
    data, first = DataSets(folders), configs[0].seed
    if told is not None:
        console.say(told)
    started = time.monotonic()
    prepared = _prepare_variants(request, data, first, console)
    is_slow = time.monotonic() - started > _SLOW_SECONDS * len(data.shared)
    return CheckedRequest(request, first, prepared, data, is_slow)


def complete(
    checked: CheckedRequest,
    folder: RunFolder,
    record: Mapping[str, Any],
    console: Console,
    find_kept: Callable[[], Mapping[Cell, dict[str, Any]]] = dict,
) -> Comparison:
    """Adds to the comparison's record, trains all cells but those that are found to be kept, and compares."""
    cells, request = checked.cells, checked.request
    with _telling_how_to_continue(folder, console), recorded(folder):
        folder.write_record(**record)
        if checked.is_slow:
            _read_ahead(cells, request, checked.data, console)
        kept = find_kept()
        outcomes = train_cells(cells, request, checked.prepared, checked.data, folder, console, kept)
        result = {"comparison": str(folder.path), **summarize_variants(outcomes, request.target)}
        folder.write_json(files.COMPARISON, result)
        folder.write(f"{files.PLOTS}/comparison.png", plots.comparison_curves(outcomes, result))
    return Comparison(folder, result, _best_run(cells, result, folder))


@contextmanager
def _telling_how_to_continue(folder: RunFolder, console: Console) -> Iterator[None]:
    try:
        yield
    except UserError:  # a config or data that would be refused again
        raise
    except (KeyboardInterrupt, Terminated, NncliError):
        console.say(f"to continue: nncli compare --resume {shlex.quote(str(folder.path))}")
        raise


def _best_run(cells: Sequence[Cell], result: dict[str, Any], folder: RunFolder) -> Path | None:
    """The finished training with the lowest seed of the best variant, or of any where none is the best."""
    best = (result["difference"] or {}).get("best")
    finished = [cell for cell in cells if (folder.path / cell.folder_name / files.SUMMARY).is_file()]
    ranked = sorted(finished, key=lambda cell: cell.variant.name != best)
    return folder.path / ranked[0].folder_name if ranked else None


def _prepare_variants(
    request: ComparisonRequest, data: DataSets, seed: int, console: Console
) -> dict[Variant, Prepared]:
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
