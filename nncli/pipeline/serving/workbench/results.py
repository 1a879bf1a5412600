"""The results of trainings, read from their run folders: while one runs, afterwards, and two side by side."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nncli.errors import NncliError
from nncli.pipeline.folders import Folders
from nncli.pipeline.runs.differences import diff_runs
from nncli.pipeline.runs.rows import RunReader
from nncli.pipeline.runs.values import items, mapping
from nncli.pipeline.serving.workbench.process import Trainer, Training
from nncli.pipeline.serving.workbench.watching import describe_progress
from nncli.pipeline.training.continuing.pausing import describe_pause
from nncli.pipeline.training.health.judging import list_verdicts
from nncli.run import files
from nncli.run.files import finite
from nncli.run.folder import RunFolder
from nncli.run.listing import ListedRun, list_runs
from nncli.serve.refusals import Refusal

_MOST_RUNS = 60
# Of the config, what two networks differ in; the name is none of it.
_NOT_TOLD = ("name",)

Told = dict[str, Any]


def read_history(run: Path) -> list[Told]:
    """The metrics of each epoch so far."""
    return _read_lines(run / files.METRICS)


def _read_lines(path: Path) -> list[Told]:
    """The whole lines of a file that may be growing."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        return [value for value in map(json.loads, lines) if isinstance(value, dict)]
    except (OSError, ValueError):
        return []


def list_trainings(runs_dir: Path) -> list[Told]:
    """The newest trainings of a folder in short, those that still run included."""
    trainings = [run for run in list_runs(runs_dir) if run.kind == "train"][:_MOST_RUNS]
    return [_row(run) for run in trainings]


def _row(run: ListedRun) -> Told:
    row = RunReader(run).row
    return {
        "run": run.name,
        "status": run.status,
        "data": row.data,
        "metric": row.metric,
        "value": row.value,
        "epochs": row.epochs,
        "hasModel": run.status == "finished" and RunFolder(run.path).has_model,
        # Whether it can go on, as `train --resume` does.
        "isOpen": run.status in ("interrupted", "dead") and (run.path / files.CHECKPOINT).exists(),
        "hasState": (run.path / files.CHECKPOINT).exists(),
    }


def find_training(name: str, runs_dir: Path) -> ListedRun:
    """The training of that name in the list of runs; no other path is opened. Raises Refusal (404)."""
    for run in list_runs(runs_dir):
        if run.name == name and run.kind == "train":
            return run
    raise Refusal(404, got=f"the run {name[:80]!r}", expected="a training of the list")


def describe_training(run: ListedRun) -> Told:
    """Curves and scores of one training."""
    reader = RunReader(run)
    test = mapping(reader.summary.get("test"))
    layers = [_layer_text(each) for each in items(mapping(reader.config.get("model")).get("layers"))]
    told = {
        **_row(run),
        "layers": layers,
        "history": read_history(run.path),
        "health": _read_lines(run.path / files.HEALTH),
        "scores": dict(mapping(test.get("metrics"))),
        "baseline": dict(mapping(mapping(test.get("baseline")).get("metrics"))),
        "verdicts": items(reader.summary.get("health")),
        "bestEpoch": reader.summary.get("best_epoch"),
        "parameters": reader.summary.get("parameters"),
        "secondsPerEpoch": reader.summary.get("seconds_per_epoch"),
        "asked": mapping(reader.config.get("train")).get("epochs"),
        "reason": run.record.get("reason"),
    }
    return dict(finite(told))


def _layer_text(layer: Any) -> str:
    if not isinstance(layer, Mapping) or len(layer) != 1:
        return str(layer)
    ((kind, options),) = layer.items()
    options = mapping(options)
    told = [str(options[name]) for name in ("units", "filters", "rate", "activation") if name in options]
    return " ".join([kind, *told])


def compare_trainings(first: str, second: str, folders: Folders) -> Told:
    """Two trainings, and what of their configs and data differs: {"runs": [...], "differences": {key: [a, b]}}."""
    runs = [find_training(name, folders.runs_dir) for name in (first, second)]
    sections = diff_runs(str(runs[0].path), str(runs[1].path), folders).sections
    differing = {
        key: list(pair) for name in ("config", "data") for key, pair in sections[name].items() if key not in _NOT_TOLD
    }
    return dict(finite({"runs": [describe_training(run) for run in runs], "differences": differing}))


def describe_state(trainer: Trainer, first: int) -> Told:
    """How the training stands, with the metrics of all epochs but the first `first`; {"phase": "none"} without one."""
    training = trainer.training
    if training is None:
        return {"phase": "none"}
    is_running = trainer.is_running  # before the files are read, so that what it wrote last is seen once it has ended
    run = trainer.find_run(training)
    history = [] if run is None else read_history(run)
    health = [] if run is None else _read_lines(run / files.HEALTH)
    listed = None if run is None else ListedRun.read(run)
    shown = describe_progress(trainer.live, len(history) + 1)
    has_begun = len(history) > training.began or shown["within"] is not None
    told: Told = {
        "phase": _phase(trainer, training, listed, len(history), is_running=is_running, has_begun=has_begun),
        "run": None if run is None else run.name,
        "isOurs": training.process is not None,
        "asked": training.asked,
        "until": training.until,
        "began": training.began,
        "epochs": len(history),
        "history": history[first:],
        "health": health[-1] if health else None,
        "gradients": _gradients(health),
        "verdicts": _verdicts(health, history),
        **shown,
    }
    if not is_running:
        told |= {"error": _error(trainer, listed)} if told["phase"] == "failed" else {}
        told["result"] = describe_training(listed) if listed is not None else None
    return dict(finite(told))


def _phase(
    trainer: Trainer, training: Training, listed: ListedRun | None, epochs: int, *, is_running: bool, has_begun: bool
) -> str:
    if not is_running:
        if listed is None:
            return "interrupted" if training.is_stopping else "failed"
        if training.began and epochs <= training.began and training.process and training.process.returncode == 2:
            return "failed"  # refused to go on, so that the run is as it was
        return listed.status if listed.status in ("finished", "interrupted") else "failed"
    if training.is_stopping:
        return "stopping"
    if not has_begun:
        return "starting"
    if epochs >= training.asked:
        return "finishing"
    is_due = training.until is not None and epochs >= training.until
    return "paused" if is_due and f"{describe_pause(epochs)}:" in trainer.talk else "training"


def _gradients(health: list[Told]) -> dict[str, list[Any]]:
    """By layer, the size of its gradient in each record."""
    told: dict[str, list[Any]] = {}
    for record in health:
        for layer in items(record.get("layers")):
            told.setdefault(str(mapping(layer).get("layer")), []).append(mapping(layer).get("gradient"))
    return told


def _verdicts(health: list[Told], history: list[Told]) -> list[Told]:
    """As at the end of a training, of what there is so far."""
    try:
        return list_verdicts(health, [_numbers(record) for record in history], ()) if health and history else []
    except (ArithmeticError, LookupError, TypeError, ValueError, NncliError):  # a file that was changed by hand
        return []


def _numbers(record: Told) -> dict[str, float]:
    return {name: float("nan") if value is None else value for name, value in record.items()}


def _error(trainer: Trainer, listed: ListedRun | None) -> str:
    """Why it failed: what it said about errors and fixes, or what its run recorded."""
    lines = [line for line in trainer.talk.splitlines() if line.startswith(("error: ", "fix: "))]
    reason = None if listed is None else listed.record.get("reason")
    return "\n".join(lines) or str(reason or "the training's process ended without a word")
