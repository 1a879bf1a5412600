"""A comparison of runs that are finished already: nothing is trained."""

import io
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.reading.document import read_document
from nncli.config.reading.loading import validate
from nncli.config.reading.shipped import find_config
from nncli.errors import NncliError, RunError, UsageError
from nncli.pipeline.comparing.conclusion import Comparison, conclude
from nncli.pipeline.comparing.outcomes import read_outcome
from nncli.pipeline.comparing.settings.differing import differing_keys, flat_config
from nncli.pipeline.comparing.variants import ComparisonRequest
from nncli.pipeline.folders import Folders
from nncli.pipeline.training.record import describe_process, recorded
from nncli.run import files
from nncli.run.finding import find_run
from nncli.run.folder import RunFolder

_MOST_KEYS, _LONGEST_NAME = 2, 40  # of a name that tells what differs
_PARTS = ("train", "validation", "test")
_SAME = "compare runs with the same data, seed and split, or train them: nncli compare CONFIG --vary KEY=A,B"


@dataclass(frozen=True)
class FinishedRun:
    """A finished training: its folder, the name and the seed of its config, and the rest of that config, flat."""

    folder: RunFolder
    name: str
    seed: int
    config: Mapping[str, Any]

    @classmethod
    def read(cls, folder: RunFolder) -> "FinishedRun":
        """Raises RunError where it is no finished training."""
        record = folder.record
        if record.get("kind") == "compare":
            raise RunError(
                f"{folder.path} is a comparison, not a run", hint=f"name the runs inside: {folder.path}/VARIANT-seed1"
            )
        if record.get("status") != "finished":
            raise RunError(f"{folder.path} is not finished: {folder.status}", hint="compare finished runs")
        content = folder.read_intact(files.CONFIG).decode()
        config = validate(read_document(folder.file(files.CONFIG), content)).config
        return cls(folder, config.name, config.seed, flat_config(config))

    @property
    def data_mark(self) -> tuple[Any, ...]:
        """Equal for runs with the same data in the same parts."""
        with np.load(io.BytesIO(self.folder.read(files.SPLITS)), allow_pickle=False) as parts:
            rows = tuple(parts[name].tobytes() for name in _PARTS)
        return (self.folder.record["data"]["fingerprint"], *rows)


def find_runs(words: Sequence[str], folders: Folders) -> list[RunFolder] | None:
    """The runs that words mean, None where all of them are configs. Raises UsageError for some of each."""
    found = [_find_run(word, folders) for word in words]
    runs = [run for run in found if run is not None]
    if runs and len(runs) < len(found):
        config = words[found.index(None)]
        raise UsageError(
            f"got runs and configs: {config} is no run in {folders.runs_dir}", hint="compare either runs or configs"
        )
    return runs or None


def _find_run(word: str, folders: Folders) -> RunFolder | None:
    """The run that a word means, unless it means a config."""
    if (Path(word) / files.RECORD).is_file():
        return RunFolder(Path(word))
    try:
        find_config(word)
    except NncliError:
        try:
            return find_run(word, folders.runs_dir).folder
        except RunError:
            return None  # the error says what configs there are
    return None


def compare_finished(runs: Sequence[RunFolder], request: ComparisonRequest, folders: Folders) -> Comparison:
    """Compares finished runs in a folder of its own. Raises UsageError for options that only a training has."""
    wanted = {
        "--vary": any(variant.assignments for variant in request.variants),
        "--set": request.assignments,
        "--epochs": request.epochs,
        "--budget": request.budget,
        "--lr-range": request.lr_range,
        "--track": request.tracking,
        "--fixed-split": request.fixed_split,
    }
    if len({run.path for run in runs}) < 2:
        again = f"nncli compare {shlex.quote(str(runs[0].file(files.CONFIG)))} --vary KEY=A,B"
        raise UsageError("got one run to compare", hint=f"nncli compare RUN RUN, or train its config: {again}")
    given = [option for option, value in wanted.items() if value]
    if given:
        told = f"{' and '.join(given)} cannot change runs that are finished"
        raise UsageError(told, hint="nncli compare RUN RUN, or a config to train")
    outcomes, configs, name = read_finished(runs)
    folder = RunFolder.create(folders.runs_dir, f"compare-{name}", kind="compare")
    with recorded(folder):
        folder.write_record(**describe_process(), variants=list(configs))
        return replace(conclude(folder, outcomes, request, differing_keys(configs), {}), is_trained=False)


def read_finished(folders: Sequence[RunFolder]) -> tuple[list[dict[str, Any]], dict[str, Mapping[str, Any]], str]:
    """The outcomes of finished runs as `read_outcome` has them, the flat config of each variant, a config's name.

    Runs that differ only in their seeds are one variant. Raises UsageError where runs have nothing to be compared by:
    one variant alone, or seeds, data or splits that are not the same for all; it says where.
    """
    runs = [FinishedRun.read(folder) for folder in folders]
    variants: list[list[FinishedRun]] = []
    for run in runs:
        same = next((group for group in variants if group[0].config == run.config), None)
        if same is None:
            variants.append([run])
        else:
            same.append(run)
    if len(variants) < 2:
        raise UsageError(
            "the runs are one network with one config, so there is nothing to compare",
            hint="name runs whose configs differ; nncli runs diff compares two in everything else",
        )
    named = dict(zip(_names(variants), variants, strict=True))
    seeded = _by_seed(named)
    _require_equal_data(seeded)
    outcomes = [
        read_outcome(group[seed].folder, name, seed)
        for seed in seeded[next(iter(seeded))]
        for name, group in seeded.items()
    ]
    require_one_task({outcome["task"] for outcome in outcomes})
    return outcomes, {name: group[0].config for name, group in named.items()}, runs[0].name


def require_one_task(tasks: Collection[str]) -> None:
    """Raises UsageError for networks that answer different questions."""
    if len(tasks) > 1:
        told = f"networks of different tasks have no common metric: {', '.join(sorted(tasks))}"
        raise UsageError(told, hint="compare networks with one target; `nncli check CONFIG` names the task of each")


def _names(variants: Sequence[Sequence[FinishedRun]]) -> list[str]:
    """The names of the configs; where these are equal, what differs if it is little, else the names of the runs."""
    names = [group[0].name for group in variants]
    if len(set(names)) == len(names):
        return names
    first = [group[0] for group in variants]
    differing = differing_keys({run.folder.path.name: run.config for run in first})
    told = [" ".join(_setting(key, values[run.folder.path.name]) for key, values in differing.items()) for run in first]
    is_short = len(differing) <= _MOST_KEYS and max(map(len, told)) <= _LONGEST_NAME
    return told if is_short and len(set(told)) == len(told) else [run.folder.path.name for run in first]


def _setting(key: str, value: Any) -> str:
    return f"{key.rpartition('.')[2]}={value}"


def _by_seed(variants: Mapping[str, Sequence[FinishedRun]]) -> dict[str, dict[int, FinishedRun]]:
    """The runs of each variant by seed; a single run of each is paired whatever its seed. Raises UsageError."""
    first = next(iter(variants))
    if all(len(group) == 1 for group in variants.values()):
        return {name: {variants[first][0].seed: group[0]} for name, group in variants.items()}
    seeded: dict[str, dict[int, FinishedRun]] = {}
    for name, group in variants.items():
        seeded[name] = {run.seed: run for run in sorted(group, key=lambda run: run.seed)}
        if len(seeded[name]) < len(group):
            raise UsageError(f"{name}: two of its runs have the same seed", hint="name one run of each seed")
    for name, runs in seeded.items():
        if list(runs) != list(seeded[first]):
            raise UsageError(
                f"the runs cannot be paired: {first} has the seeds {_listed(seeded[first])}, {name} {_listed(runs)}",
                hint="name runs with the same seeds",
            )
    return seeded


def _listed(seeds: Iterable[int]) -> str:
    return ", ".join(map(str, seeds))


def _require_equal_data(seeded: Mapping[str, Mapping[int, FinishedRun]]) -> None:
    """Raises UsageError that says where the runs of a seed were given different data or other parts of them."""
    first, *others = seeded
    problems = []
    for seed, run in seeded[first].items():
        own = run.data_mark
        for name in others:
            other = seeded[name][seed]
            theirs = other.data_mark
            parts = [
                part for part, a, b in zip(("train", "validation", "test"), own[1:], theirs[1:], strict=True) if a != b
            ]
            where = f"{run.folder.path.name} (seed {run.seed}) and {other.folder.path.name} (seed {other.seed})"
            if parts:
                problems.append(f"{where} were given other rows: {', '.join(parts)}")
            elif own[0] != theirs[0]:
                problems.append(f"{where} were given other data: their fingerprints differ")
    if problems:
        raise UsageError("\n".join(problems), hint=_SAME)
