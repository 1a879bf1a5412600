"""The trainings of a comparison that make an ensemble: those of one variant, and the test rows they share."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.facts import ImageInput, Input
from nncli.config.reading.spelling import did_you_mean
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import RunError, UsageError
from nncli.pipeline.folders import Folders, say_choice
from nncli.pipeline.predicting.open_run import OpenRun, open_run
from nncli.run import files
from nncli.run.finding import find_comparison
from nncli.run.folder import RunFolder

# On fewer rows a score says little, and whether a gain is sure nothing.
FEWEST_ROWS = 30


@dataclass(frozen=True)
class Seeds:
    """The finished trainings of a variant, and the row numbers (int64, ascending) of the test rows they share.

    `tested` is the number of test rows of each.
    """

    comparison: RunFolder
    variant: str
    numbers: tuple[int, ...]
    runs: tuple[OpenRun, ...]
    shared: np.ndarray
    tested: int


def find_seeds(word: str, variant: str | None, folders: Folders, console: Console) -> Seeds:
    """The seeds of a finished comparison's best variant, or of the one that is named.

    Raises RunError or UsageError where there are not two, where they read inputs in different ways, or where they share
    too few test rows.
    """
    found = find_comparison(word, folders.runs_dir)
    say_choice(found, console)
    folder = found.folder
    if folder.record.get("kind") != "compare":
        raise RunError(f"{folder.path} is no comparison", hint="nncli ensemble latest, or the folder of a comparison")
    cells = _cells(folder)
    name = _choose(folder, variant, cells)
    chosen = sorted((seed, path) for (other, seed), path in cells.items() if other == name)
    if len(chosen) < 2:
        raise RunError(
            f"{folder.path} has {count(len(chosen), 'finished training')} of {name}, and an ensemble needs two",
            hint="compare with more seeds: nncli compare --seeds 5",
        )
    runs = tuple(open_run(str(path), folders, console) for _, path in chosen)
    _require_alike(runs)
    rows = [_rows(run.folder, "test") for run in runs]
    shared = rows[0]
    for each in rows[1:]:
        shared = np.intersect1d(shared, each, assume_unique=True)
    seeds = Seeds(folder, name, tuple(seed for seed, _ in chosen), runs, shared, len(rows[0]))
    _require_rows(seeds)
    return seeds


def _cells(folder: RunFolder) -> dict[tuple[str, int], Path]:
    """The folders of the finished trainings by variant and seed, as cells.csv names them."""
    import csv

    if not folder.file(files.CELLS).exists():
        raise RunError(
            f"{folder.path} has no {files.CELLS}: it is not finished, or of an earlier version", hint="compare again"
        )
    table = csv.DictReader(io.StringIO(folder.read(files.CELLS).decode()))
    finished = [row for row in table if row["status"] == "finished"]
    return {(row["variant"], int(row["seed"])): folder.path / Path(row["run"]).name for row in finished}


def _choose(folder: RunFolder, variant: str | None, cells: Mapping[tuple[str, int], Path]) -> str:
    """The variant that is named, also by a part that only one has; else the best one."""
    names = list(dict.fromkeys(name for name, _ in cells))
    if variant is None:
        verdicts = folder.read_json(files.COMPARISON).get("verdicts") or []
        best = verdicts[0]["best"] if verdicts else None
        return best if best in names else names[0]
    fitting = [name for name in names if name == variant] or [name for name in names if variant in name]
    if len(fitting) != 1:
        known = ", ".join(names)
        raise UsageError(f"--variant {variant}: no one variant is called so{did_you_mean(variant, names)}", hint=known)
    return fitting[0]


def _require_alike(runs: Sequence[OpenRun]) -> None:
    """Raises RunError for networks that read the same row in different ways."""
    first = _reading(runs[0].facts.inputs)
    for run in runs[1:]:
        other = _reading(run.facts.inputs)
        if other != first:
            differing = ", ".join(key for key in first if first[key] != other.get(key))
            raise RunError(
                f"{runs[0].folder.path.name} and {run.folder.path.name} read their inputs in different ways "
                f"({differing}), since each learned them from a training set of its own",
                hint="compare with one split for all seeds: nncli compare --fixed-split",
            )


def _reading(inputs: Input) -> dict[str, Any]:
    """How inputs are read, without statistics, which are part of the network."""
    told = inputs.model_dump(mode="json")
    if isinstance(inputs, ImageInput):
        del told["border"]
    else:
        told["numbers"] = [column["name"] for column in told["numbers"]]
    return told


def _rows(folder: RunFolder, part: str) -> np.ndarray:
    with np.load(io.BytesIO(folder.read_intact(files.SPLITS)), allow_pickle=False) as splits:
        return np.asarray(splits[part], np.int64)


def _require_rows(seeds: Seeds) -> None:
    shared = len(seeds.shared)
    if shared >= min(FEWEST_ROWS, seeds.tested):
        return
    raise RunError(
        f"the {len(seeds.runs)} seeds share {shared} of their {seeds.tested} test rows, since each drew a split of its "
        f"own; an ensemble can only be measured on rows that none of them learned from, at least {FEWEST_ROWS}",
        hint="compare with one split for all seeds: nncli compare --fixed-split",
    )
