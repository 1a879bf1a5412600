"""The story of a resumed comparison: what it has is checked and kept, and the rest is trained."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from nncli.cluster.request import ClusterRequest
from nncli.config.reading.loading import load_config
from nncli.config.sections import to_mapping
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import NncliError, RunError, UsageError, UserError
from nncli.evaluate.main_metrics import MAIN_METRICS
from nncli.pipeline.comparing.cell_training import Cell
from nncli.pipeline.comparing.clustered.training import cluster_of
from nncli.pipeline.comparing.compare import CheckedRequest, check, complete
from nncli.pipeline.comparing.conclusion import Comparison
from nncli.pipeline.comparing.continuing.request_record import RecordedRequest, RecordedVariant, read_request
from nncli.pipeline.comparing.outcomes import read_outcome
from nncli.pipeline.comparing.variants import parse_jobs
from nncli.pipeline.folders import Folders, say_choice
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.continuing.checkpoint import load_checkpoint, mark_of
from nncli.pipeline.training.continuing.resume import list_differences
from nncli.run import files
from nncli.run.finding import find_comparison
from nncli.run.folder import RunFolder, now, read_record
from nncli.run.removal import clear_removed, remove_folder

# Workers whose parent was killed hold its lock until they have recorded how they ended.
_WAIT_SECONDS = 5.0
_SAVED = (files.CONFIG, files.INPUTS, files.WEIGHTS)


def resume_comparison(
    word: str,
    *,
    folders: Folders,
    console: Console,
    seeds: int | None = None,
    jobs: str = "auto",
    inexact: bool = False,
    on: ClusterRequest | None = None,
    if_stopped: Callable[[RunFolder], None] | None = None,
) -> Comparison:
    """Continues a comparison that was stopped or killed, or extends one to more `seeds`, in its folder.

    Trainings that are finished or diverged are kept, if their files are whole and of this comparison; those that were
    stopped continue from the state that they left, and all others are trained from their start. The result is that of a
    comparison that never stopped. Raises RunError if it cannot go on, or, unless `inexact`, not to the same bits;
    UsageError for `seeds` that it has already; and what `compare` raises.
    """
    found = find_comparison(word, folders.runs_dir)
    say_choice(found, console)
    folder = found.folder
    _require_comparison(folder)
    with ExitStack() as stack:
        with _locked(folder, console):
            recorded = read_request(folder)
            seeds = _wanted_seeds(folder, recorded, seeds)
            request = replace(recorded.request, seeds=seeds, jobs=parse_jobs(jobs), on=on)
            checked = check(request, folders, console, differing=recorded.differing, tried=recorded.tried)
            differences = _list_differences(folder.record, checked)
            if differences and not inexact:
                told = "\n".join(f"  {line}" for line in differences)
                raise RunError(
                    f"{folder.path} would not go on to the same bits:\n{told}",
                    hint="--inexact continues it all the same, and run.json says so; or compare again",
                )
            cluster = stack.enter_context(cluster_of(request, console))

        def find_kept() -> dict[Cell, dict[str, Any]]:
            kept = _find_kept(checked, folder, console, is_exact=not differences)
            console.say(f"continuing {folder.path}: {len(kept)} of {count(len(checked.cells), 'training')} done")
            return kept

        resumed = [*folder.record.get("resumed", []), {"at": now(), "differences": differences}]
        record = {"status": "running", "ended": None, "reason": None, "resumed": resumed}
        record |= recorded.extended(request.seeds)
        return complete(checked, folder, record, console, find_kept, cluster=cluster, if_stopped=if_stopped)


def _require_comparison(folder: RunFolder) -> None:
    """Raises RunError for another run, with the command that continues that."""
    kind = folder.record.get("kind")
    if kind == "compare":
        return
    if kind == "cell":
        raise RunError(
            f"{folder.path} is one training of a comparison",
            hint=f"continue the comparison: nncli compare --resume {folder.path.parent}",
        )
    raise RunError(f"{folder.path} is no comparison", hint=f"continue it: nncli train --resume {folder.path}")


@contextmanager
def _locked(folder: RunFolder, console: Console) -> Iterator[None]:
    """Locks the folder, and unlocks it again if the block fails: the comparison stays as it was then.

    Raises RunError where it is running.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    with console.step("waiting for the processes of the comparison to end"):
        while True:
            try:
                folder.lock()
                break
            except RunError:
                if time.monotonic() > deadline:
                    raise
    try:
        yield
    except BaseException:  # Ctrl-C included
        folder.unlock()
        raise


def _wanted_seeds(folder: RunFolder, recorded: RecordedRequest, seeds: int | None) -> int:
    """How many seeds the comparison shall have. Raises UsageError where none is left to train."""
    known = recorded.request.seeds
    if seeds not in (None, known) and recorded.request.folds is not None:
        raise UsageError(f"{folder.path} has a seed for each of its folds", hint="leave --seeds out")
    if seeds is not None and seeds < known:
        told = f"got --seeds {seeds}, and {folder.path} has {count(known, 'seed')}"
        raise UsageError(told, hint="--seeds is the number of all seeds, those that are done included")
    if folder.record.get("status") == "finished" and seeds in (None, known) and not _has_failed(folder):
        raise UsageError(
            f"{folder.path} is finished with its {count(known, 'seed')}",
            hint=f"--seeds N extends it, with an N of more than {known}",
        )
    return seeds or known


def _has_failed(folder: RunFolder) -> bool:
    """Whether one of the trainings failed, other than by diverging, and can be tried again."""
    records = [read_record(path.parent) for path in folder.path.glob(f"*/{files.RECORD}")]
    return any(record.get("status") == "failed" and not record.get("diverged") for record in records)


def _list_differences(record: Mapping[str, Any], checked: CheckedRequest) -> list[str]:
    """What has changed since the comparison was started, and decides on the bits."""
    told = []
    for variant, prepared in checked.prepared.items():
        known = variant.fingerprint if isinstance(variant, RecordedVariant) else None
        told += list_differences({**record, "data": {"fingerprint": known}}, None, prepared)
    return list(dict.fromkeys(told))


def _find_kept(
    checked: CheckedRequest, folder: RunFolder, console: Console, *, is_exact: bool
) -> dict[Cell, dict[str, Any]]:
    """The outcomes of finished cells; folders of other cells that have no state to continue from are removed."""
    kept = {}
    for cell in checked.cells:
        found = RunFolder(folder.path / cell.folder_name)
        if not found.path.exists():
            continue
        loaded = cell.load(checked.request)
        prepared = prepare(loaded, checked.data.folders, console, checked.data.get(loaded, console))
        try:
            outcome = _read_cell(cell, found, prepared, is_exact=is_exact)
        except UserError as error:
            outcome = None
            console.warn(f"{cell}: {error.message}; it is trained again")
        if outcome is not None:
            kept[cell] = outcome
        elif not _can_continue(found, prepared, is_exact=is_exact):
            _remove(found)
    clear_removed(folder.path)
    return kept


def _can_continue(folder: RunFolder, prepared: Prepared, *, is_exact: bool) -> bool:
    """Whether a cell that was stopped or killed left a whole state of the same training."""
    try:
        record = folder.record
        if not is_exact or record.get("diverged") or record.get("status") in (None, "finished"):
            return False
        state = load_checkpoint(folder)
    except RunError:  # missing or damaged: as good as none
        return False
    return state is not None and state.marks["of"] == mark_of(prepared.config, prepared.dataset)


def _remove(folder: RunFolder) -> None:
    try:
        remove_folder(folder.path)
    except OSError as error:
        raise NncliError(f"{folder.path} cannot be removed: {error.strerror}") from None


def _read_cell(cell: Cell, folder: RunFolder, prepared: Prepared, *, is_exact: bool) -> dict[str, Any] | None:
    """What a cell left; None if it has not ended.

    Raises RunError or ConfigError where that is damaged or of another comparison, without `is_exact` of other rows too.
    """
    record = folder.record
    has_diverged = record.get("status") == "failed" and record.get("diverged") is True
    if not has_diverged and record.get("status") != "finished":
        return None
    try:
        if not has_diverged:
            for name in dict.fromkeys([*_SAVED, *folder.read_json(files.MANIFEST)["sha256"]]):
                folder.read_intact(name)
        if to_mapping(load_config(str(folder.file(files.CONFIG))).config) != to_mapping(prepared.config):
            raise RunError("it has another config than this comparison")
        task = prepared.dataset.facts.target.task.value
        outcome = {**read_outcome(folder, cell.variant.name, cell.seed), "task": task}
        if is_exact and record["data"]["fingerprint"] != prepared.dataset.fingerprint:
            raise RunError("it was trained on other rows")
        if not has_diverged and not _is_consistent(outcome):
            raise RunError(f"its {files.SUMMARY} and {files.METRICS} are not of one training")
    except (KeyError, TypeError, IndexError, AttributeError):
        raise RunError("its files are damaged") from None
    return outcome


def _is_consistent(outcome: Mapping[str, Any]) -> bool:
    """Whether summary.json has all that is compared and is the summary of metrics.jsonl. Raises KeyError where not."""
    summary, history = outcome["summary"], outcome["history"]
    epochs = [{key: value for key, value in record.items() if key != "epoch"} for record in history]
    test, metric = summary["test"], MAIN_METRICS[outcome["task"]]
    is_complete = metric in test["metrics"] and metric in test["baseline"]["metrics"] and summary["parameters"] > 0
    told = (summary["epochs"], summary["best"], summary["last"])
    return is_complete and told == (len(epochs), epochs[summary["best_epoch"] - 1], epochs[-1])
