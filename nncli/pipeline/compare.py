"""The story of a comparison: each variant trained over the same splits and seeds, and what became of each."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.errors import TrainingDivergedError, UsageError
from nncli.evaluate import plots
from nncli.evaluate.comparison import summarize_variants
from nncli.evaluate.metrics import MAIN_METRICS
from nncli.pipeline.places import Places
from nncli.pipeline.preparation import Prepared, prepare, read_data
from nncli.pipeline.record import describe_process, recorded
from nncli.pipeline.train import train_into
from nncli.pipeline.variants import ComparisonRequest, Variant
from nncli.pipeline.warmup import begin_import
from nncli.run import files
from nncli.run.folder import RunFolder

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Comparison:
    """A finished comparison: its folder and what comparison.json says."""

    folder: RunFolder
    result: dict[str, Any]


@dataclass
class _DataOfSeed:
    """Variants of one seed see the same rows; the data is read once as long as it stays the same."""

    places: Places
    console: Console
    known: dict[str, Dataset] = field(default_factory=dict)

    def prepare(self, request: ComparisonRequest, variant: Variant, seed: int) -> Prepared:
        loaded = variant.load(request.assignments, request.epochs, seed)
        key = f"{seed} {loaded.config.data.model_dump_json()}"
        if key not in self.known:
            self.known.clear()  # one data set at a time is enough to hold
            self.known[key] = read_data(loaded.config, self.places, self.console)
        return prepare(loaded, self.places, self.console, self.known[key])


def compare(request: ComparisonRequest, *, places: Places, console: Console) -> Comparison:
    """Trains every variant once a seed and compares them on the test part.

    All configs are checked before the first is trained. A variant that diverges is told as such and the others go
    on. Raises what `train` raises for a config or data.
    """
    configs = [variant.load(request.assignments, request.epochs, None).config for variant in request.variants]
    begin_import(*(config.data.source for config in configs))
    data = _DataOfSeed(places, console)
    first = configs[0].seed
    checked = [data.prepare(request, variant, first).dataset for variant in request.variants]
    tasks = sorted({dataset.facts.target.task.value for dataset in checked})
    if len(tasks) > 1:
        raise UsageError(f"networks of different tasks have no common metric: {', '.join(tasks)}")
    if len({dataset.fingerprint for dataset in checked}) > 1:
        console.warn("the variants see different data: their numbers say nothing of each other's network")
    del checked
    folder = RunFolder.create(places.runs_dir, f"compare-{configs[0].name}", kind="compare")
    with recorded(folder):
        folder.write_record(**describe_process(), variants=[variant.name for variant in request.variants])
        cells = [
            _train_cell(folder, request, variant, seed, data, console)
            for seed in range(first, first + request.seeds)
            for variant in request.variants
        ]
        result = {"comparison": str(folder.path), **summarize_variants(cells, request.target)}
        folder.write_json(files.COMPARISON, result)
        folder.write(f"{files.PLOTS}/comparison.png", plots.comparison_curves(cells, result["watched"]))
    return Comparison(folder, result)


def _train_cell(
    folder: RunFolder, request: ComparisonRequest, variant: Variant, seed: int, data: _DataOfSeed, console: Console
) -> dict[str, Any]:
    """One training in a folder inside the comparison's; what it left, for the summary."""
    prepared = data.prepare(request, variant, seed)
    name = f"{_folder_name(variant.name)}-seed{seed}"
    cell = RunFolder.create(folder.path, name, kind="cell", stamped=False)
    outcome: dict[str, Any] = {"variant": variant.name, "seed": seed, "run": str(cell.path)}
    try:
        outcome["summary"] = train_into(cell, prepared, console, brief=True).summary
        console.say(f"seed {seed}  {variant.name}  {_in_short(outcome['summary'])}")
    except TrainingDivergedError as error:
        console.warn(f"seed {seed}  {variant.name}  {error.message}")
        outcome["summary"] = None
    return {
        **outcome,
        "task": prepared.dataset.facts.target.task.value,
        "fingerprint": prepared.dataset.fingerprint,
        "history": cell.read_lines(files.METRICS),
    }


def _folder_name(variant: str) -> str:
    """A variant's name without what a file system may not take; a long one is cut and told apart by a sum."""
    name = re.sub(r"[^A-Za-z0-9_.=-]+", "_", variant)
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(variant.encode()).hexdigest()[:8]}"


def _in_short(summary: Mapping[str, Any]) -> str:
    metric = MAIN_METRICS[summary["test"]["task"]]
    value = summary["test"]["metrics"][metric]
    shown = "undefined" if value is None else f"{value:.4f}"
    return f"test {metric} {shown}, best {summary['monitor']} in epoch {summary['best_epoch']} of {summary['epochs']}"
