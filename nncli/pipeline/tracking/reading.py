"""What trackers are told about a run, from the files in its folder."""

import hashlib
import io
import json
import shlex
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nncli.config.facts import DataFacts
from nncli.config.objective import Loss
from nncli.config.sections import Data
from nncli.console import Console
from nncli.pipeline.exporting.description import describe_inputs, describe_output
from nncli.pipeline.predicting.open_run import OpenRun, load_keras_model
from nncli.pipeline.runs.rows import RunReader
from nncli.pipeline.runs.values import mapping, number, text
from nncli.pipeline.weights import read_weights
from nncli.run import files, model_files
from nncli.run.folder import DEAD, RunFolder
from nncli.run.listing import ListedRun
from nncli.tracking.description import Description, Epoch, Model, Outcome, Value

# What is of the process alone, or larger than all else and of use to a resumed training only.
_OWN_FILES = (files.LOCK, files.CHECKPOINT)
_OWN_FOLDERS = (model_files.PREVIOUS, files.TENSORBOARD)
_ARCHITECTURE = "config.json"


def read_description(folder: RunFolder) -> Description:
    """How the run began. Raises RunError where run.json is missing or damaged."""
    record, path = folder.record, folder.path
    config = RunReader(ListedRun.read(path)).config
    is_cell = record.get("kind") == "cell"
    data = mapping(record.get("data"))
    decisive = [path.name, *(record.get(key) for key in ("started", "seed", "command", "machine")), data]
    told = {
        "nncli.version": mapping(record.get("versions")).get("nncli"),
        "nncli.command": shlex.join(map(str, record.get("command", []))),
        "nncli.data": data.get("fingerprint"),
        "nncli.comparison": path.parent.name if is_cell else None,
    }
    return Description(
        name=f"{path.parent.name}/{path.name}" if is_cell else path.name,
        identity=hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:32],
        group=_group(mapping(config.get("data"))),
        started=seconds_of(record.get("started")) or 0.0,
        config=_text(folder, files.CONFIG),
        parameters=_parameters(config),
        tags={name: str(value) for name, value in told.items() if value},
    )


def read_epochs(folder: RunFolder, started: float) -> list[Epoch]:
    """The lines of metrics.jsonl; each epoch ended its seconds after the one before it."""
    epochs, time = [], started
    for line in folder.read_lines(files.METRICS):
        values = {name: float(value) for name, value in line.items() if number(value) is not None}
        time += values.get("seconds", 0.0)
        epochs.append(Epoch(int(values.pop("epoch")), time, values))
    return epochs


def read_outcome(folder: RunFolder, *, with_files: bool = True) -> Outcome:
    """The outcome of the run. Raises RunError where a file of its model is damaged."""
    record, status = folder.record, folder.status
    summary = folder.read_json(files.SUMMARY) if folder.file(files.SUMMARY).exists() else {}
    has_model = folder.has_model
    is_single = has_model and record.get("kind") != "ensemble"
    return Outcome(
        status="interrupted" if status == DEAD else status,
        ended=seconds_of(record.get("ended")),
        kept_epoch=int(summary.get("kept_epoch") or 0),
        scores={
            name: float(value)
            for name, value in mapping(mapping(summary.get("test")).get("metrics")).items()
            if number(value) is not None
        },
        weights=read_weights(folder) if is_single else {},
        architecture=_architecture(folder) if has_model else None,
        files=dict(_files(folder.path)) if with_files else {},
    )


def read_model(folder: RunFolder, console: Console) -> Model | None:
    """The network of a finished run; None for one without. Raises RunError where a file is damaged."""
    if not folder.has_model or not folder.file(files.KERAS_MODEL).exists():
        return None
    run = OpenRun(folder, DataFacts.model_validate_json(folder.read_intact(files.INPUTS)))

    def load() -> Any:
        with console.step("starting TensorFlow"):
            return load_keras_model(run)

    meaning = {"inputs": describe_inputs(run.facts), "outputs": describe_output(run.facts)}
    inputs = {name: (each["dtype"], tuple(each["shape"])) for name, each in meaning["inputs"].items()}
    weights = hashlib.sha256(folder.read_intact(files.WEIGHTS)).hexdigest()
    return Model(load, weights, inputs, run.facts.target.outputs, meaning)


def runs_folder(folder: RunFolder) -> Path:
    """The folder of all runs, which a training of a comparison does not lie in itself."""
    parent = folder.path.parent
    return parent.parent if folder.record.get("kind") == "cell" else parent


def read_settings(folder: RunFolder) -> tuple[tuple[str, ...], str | None]:
    """`train.tracking` and `train.tracking_uri` of the run's config."""
    train = mapping(RunReader(ListedRun.read(folder.path)).config.get("train"))
    trackers = train.get("tracking") or ()
    return tuple([trackers] if isinstance(trackers, str) else trackers), text(train.get("tracking_uri"))


def _group(data: Mapping[str, Any]) -> str:
    """What runs on the same data share: the source, or the name of the file."""
    path = text(data.get("path"))
    return (Path(path).stem if path else str(data.get("source", ""))) or "nncli"


def _parameters(config: Mapping[str, Any]) -> dict[str, Value]:
    """The values of a config; of data and loss only those that are not the default, as most concern other ones."""
    sections = {"data": Data(source="shapes"), "loss": Loss(name="binary_focal_crossentropy")}
    usual = dict(_flatten({key: each.model_dump(mode="json", exclude_none=True) for key, each in sections.items()}))
    return {place: value for place, value in _flatten(config) if usual.get(place) != value}


def _flatten(value: Any, place: str = "") -> Iterator[tuple[str, Value]]:
    """Each value of a config by its dotted path, as `--set` takes it; a list of plain values is one."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flatten(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for index, item in enumerate(value):
            yield from _flatten(item, f"{place}.{index}")
    elif isinstance(value, str | bool | float):
        yield place, value
    elif isinstance(value, int):
        yield place, value if abs(value) < 2**53 else str(value)
    else:
        yield place, json.dumps(value, ensure_ascii=False)


def _architecture(folder: RunFolder) -> str | None:
    """The layers as Keras's JSON, from model.keras; no Keras is needed for it."""
    content = folder.find_intact(files.KERAS_MODEL)
    if content is None:
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(_ARCHITECTURE).decode()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        if file.is_file() and name.parts[0] not in _OWN_FOLDERS and file.name not in _OWN_FILES:
            yield name.as_posix(), file


def _text(folder: RunFolder, name: str) -> str:
    try:
        return folder.read(name).decode(errors="replace")
    except OSError:
        return ""


def seconds_of(moment: Any) -> float | None:
    """Seconds since 1970 of a time in run.json."""
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return None
