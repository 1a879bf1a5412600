"""What the page of a training shows, from the files of its folder; a file that is missing or damaged is left out."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from nncli.config.facts import DataFacts, ImageInput
from nncli.config.reading.document import parse_document
from nncli.config.reading.loading import validate
from nncli.config.sections import to_mapping
from nncli.config.stack import stack_layers
from nncli.errors import ConfigError, NncliError, RunError
from nncli.evaluate.health.grids import layer_grids
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.reporting import scores
from nncli.pipeline.reporting.evaluation import read_evaluation
from nncli.pipeline.reporting.examples import gallery, surface
from nncli.pipeline.reporting.examples.own_rows import read_own_rows
from nncli.pipeline.reporting.pictures import first_layer, pictures_of
from nncli.pipeline.reporting.tables import Table, how_to_go_on, show, thinned, words
from nncli.pipeline.runs.details import RunDetails
from nncli.pipeline.runs.values import items, mapping
from nncli.pipeline.training.health.judging import list_verdicts
from nncli.report.curves import chart
from nncli.report.drawing import draw_network
from nncli.report.heat import HeatMap, lay_out_heat
from nncli.run import files
from nncli.run.folder import RunFolder

_NOT_DRAWN = ("epoch", "seconds", "train_seconds", "learning_rate")
_FACTS: tuple[str, ...] = ("command", "data", "seed", "kept", "parameters", "engine", "versions", "machine")
_UNFINISHED = "still-improving"  # which is no news of a training that was stopped
_DAMAGED = "{} is damaged, and left out"


def training_page(folder: RunFolder, details: RunDetails, folders: Folders) -> dict[str, Any]:
    """The values of the template `training`."""
    row, record, summary = details.row, details.record, details.summary
    evaluated = read_evaluation(folder)
    told = evaluated or mapping(summary.get("test"))
    facts, config_text = read_facts(folder), _read_text(folder, files.CONFIG)
    history, watched = _read_lines(folder, files.METRICS), _read_lines(folder, files.HEALTH)
    names = _class_names(facts, told)
    matrix, confusions = scores.confusion(told, names)
    return {
        "title": folder.path.name,
        "status": row.status,
        "reason": record.get("reason"),
        "when": f"{(row.started or '').replace('T', ' ')[:16]} UTC",
        "answer": scores.tell_answer(told),
        "warnings": [_DAMAGED.format(name) for name in details.damaged],
        "measured": _measured(told, evaluated, summary),
        "metrics": scores.metrics_table(told),
        "references": scores.references_table(told),
        "groups": scores.groups_table(told),
        "charts": _charts(history, summary),
        "epochs": _epoch_table(history),
        "health": _verdicts(watched, summary, config_text, history),
        **_layer_maps(watched),
        **_network(config_text, facts),
        "classes": scores.classes_table(told),
        "matrix": matrix,
        "confusions": confusions,
        "importance": scores.importance_table(told),
        "thresholds": _thresholds(facts),
        "bins": scores.calibration_table(told),
        "worst": None if _image_shape(facts) else scores.worst_table(evaluated),
        **_from_data(folder, facts, folders),
        "pictures": pictures_of(folder),
        "first_layer": first_layer(folder, _image_shape(facts)),
        "facts": _facts(details),
        "config": config_text,
        "chosen": _chosen(config_text),
        "origins": _origins(record),
        "timings": _timings(record),
        "commands": _commands(folder, row.status, details.further),
    }


def read_facts(folder: RunFolder) -> DataFacts | None:
    """What inputs.json says, None where it is missing or damaged."""
    try:
        return DataFacts.model_validate_json(folder.read(files.INPUTS))
    except (FileNotFoundError, RunError, ValidationError):
        return None


def _from_data(folder: RunFolder, facts: DataFacts | None, folders: Folders) -> dict[str, Any]:
    """Examples and the plane of two inputs, for which the data is read again; in words why there are none."""
    nothing: dict[str, Any] = {"gallery": [], "no_gallery": None, "surface": None}
    if facts is None or not folder.has_model or not folder.file(files.SUMMARY).exists():
        return nothing  # a training that was stopped left weights alone
    run = OpenRun(folder, facts)
    shows_images, shows_plane = gallery.has_pictures(run), surface.has_plane(run)
    if not shows_images and not shows_plane:
        return nothing
    own = read_own_rows(run, folders)
    if isinstance(own, str):
        return {**nothing, "no_gallery": own}
    if shows_plane:
        return {**nothing, "surface": surface.draw_surface(run, own)}
    return {**nothing, "gallery": gallery.make_gallery(run, own)}


def _verdicts(
    watched: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    config_text: str,
    history: Sequence[Mapping[str, Any]],
) -> list[Mapping[str, Any]]:
    """The verdicts of the training; of one that did not end, what can be said about its epochs."""
    if "health" in summary or not history:
        return [mapping(each) for each in items(summary.get("health"))]
    try:
        silenced = validate(parse_document(config_text, files.CONFIG)).config.silence
        found = list_verdicts(watched, history, silenced)
    except (ConfigError, RunError, ValueError, LookupError, TypeError):  # of a file that is damaged
        return []
    return [each for each in found if each["rule"] != _UNFINISHED]


def _layer_maps(watched: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The layers over the epochs, drawn and as a table; nothing where they were not watched."""
    try:
        grids = layer_grids(watched)
    except (ValueError, LookupError, TypeError):  # of a file that is damaged
        grids = []
    if not grids:
        return {"maps": [], "watched": None}
    maps = [HeatMap(each.title, each.epochs, each.shares_of_layers, each.ends) for each in grids]
    head = ["layer", *(f"{grid.title}, {when}" for grid in grids for when in ("first", "last"))]
    rows = [
        [name, *(cell for grid in grids for cell in _ends(grid.values[row]))]
        for row, name in enumerate(grids[0].layers)
    ]
    return {"maps": lay_out_heat(maps), "watched": Table(head, rows, range(1, len(head)))}


def _ends(course: np.ndarray) -> list[str]:
    """The first and the last value that were measured."""
    measured = course[np.isfinite(course)]
    return [f"{value:.2g}" for value in measured[[0, -1]]] if len(measured) else ["-", "-"]


def _read_text(folder: RunFolder, name: str) -> str:
    try:
        return folder.read(name).decode()
    except (FileNotFoundError, RunError, ValueError):
        return ""


def _read_lines(folder: RunFolder, name: str) -> list[dict[str, Any]]:
    try:
        return folder.read_lines(name)
    except (FileNotFoundError, RunError, ValueError):
        return []


def _class_names(facts: DataFacts | None, told: Mapping[str, Any]) -> list[str]:
    named = [str(mapping(each).get("name")) for each in items(told.get("classes"))]
    return named or ([str(name) for name in facts.target.classes] if facts is not None else [])


def _image_shape(facts: DataFacts | None) -> tuple[int, ...]:
    return tuple(facts.inputs.shape) if facts is not None and isinstance(facts.inputs, ImageInput) else ()


def _measured(told: Mapping[str, Any], evaluated: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    rows = show(told.get("rows"))
    looks = summary.get("test_evaluations", 1)
    by = "by nncli eval" if evaluated else "by the training; nncli eval adds other models"
    times = "once" if looks == 1 else f"{looks} times"
    return f"On {rows} test rows, {by}. The test set was used {times}."


def _charts(history: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The loss, and each metric beside that of the validation set."""
    if not history:
        return []
    epochs = [record.get("epoch", place) for place, record in enumerate(history, 1)]
    keys = [key for key in history[-1] if not key.startswith("val_") and key not in _NOT_DRAWN]
    kept = summary.get("kept_epoch")
    charts = []
    for key in keys:
        series = {"training": [record.get(key) for record in history]}
        if f"val_{key}" in history[-1]:
            series["validation"] = [record.get(f"val_{key}") for record in history]
        charts.append(chart(words(key), epochs, series, marks=[kept] if kept else []))
    rates = [record.get("learning_rate") for record in history]
    if len({rate for rate in rates if rate is not None}) > 1:
        charts.append(chart("learning rate", epochs, {"learning rate": rates}))
    return charts


def _epoch_table(history: Sequence[Mapping[str, Any]]) -> Table:
    names = list(history[-1]) if history else []
    rows = [[show(record.get(name)) for name in names] for record in thinned(history)]
    return Table([words(name) for name in names], rows, range(len(names)))


def _network(config_text: str, facts: DataFacts | None) -> dict[str, Any]:
    """The layers as a table and a drawing; nothing where the config cannot be read."""
    if facts is None or not config_text:
        return {"layers": None, "drawing": None, "drawn_small": False}
    try:
        rows = stack_layers(validate(parse_document(config_text, files.CONFIG)).config, facts.inputs.shape)
    except (NncliError, ValueError):
        return {"layers": None, "drawing": None, "drawn_small": False}
    drawn = [
        {"kind": row.layer.kind, "activation": row.activation, "shape": row.output_shape, "parameters": row.parameters}
        for row in rows
    ]
    drawing = draw_network(facts.inputs.shape, drawn)
    cells = [
        [
            row.layer.kind,
            row.layer.described(),
            " × ".join(map(str, row.output_shape)),
            row.activation or "",
            show(row.parameters),
        ]
        for row in rows
    ]
    table = Table(["layer", "options", "output", "activation", "parameters"], cells, (4,))
    return {"layers": table, "drawing": drawing, "drawn_small": drawing["kind"] == "circles"}


def _chosen(config_text: str) -> str:
    """What the config says or the data decided, YAML without values that are the defaults; nothing if unreadable."""
    try:
        config = validate(parse_document(config_text, files.CONFIG)).config
    except (NncliError, ValueError):
        return ""
    values = config.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    values["model"] = {**values.get("model", {}), "layers": to_mapping(config)["model"]["layers"]}
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _origins(record: Mapping[str, Any]) -> Table | None:
    """Where values come from that are no defaults, as the training recorded it; earlier versions did not."""
    rows = [[key, str(origin)] for key, origin in mapping(record.get("origins")).items()]
    return Table(["value", "comes from"], rows) if rows else None


def _thresholds(facts: DataFacts | None) -> list[tuple[str, str]]:
    if facts is None or not facts.target.thresholds:
        return []
    names = facts.target.names or facts.target.columns
    return [(str(name), show(float(cut))) for name, cut in zip(names, facts.target.thresholds, strict=False)]


def _facts(details: RunDetails) -> list[tuple[str, str]]:
    told = details.facts
    rows = [(name, told[name]) for name in _FACTS if name in told]
    if details.row.seconds is not None:
        rows.append(("seconds", f"{details.row.seconds:,.1f}"))
    return [("folder", str(Path(details.row.path).name)), *rows]


def _timings(record: Mapping[str, Any]) -> Table | None:
    parts = mapping(mapping(record.get("timings")).get("parts"))
    rows = [[words(name), f"{float(value):.2f}"] for name, value in parts.items() if isinstance(value, int | float)]
    return Table(["part", "seconds"], rows, (1,)) if rows else None


def _commands(folder: RunFolder, status: str, further: str | None) -> list[str]:
    name = shlex.quote(folder.path.name)
    if status != "finished":
        return how_to_go_on(further)
    return [
        f"nncli eval {name}",
        f"nncli predict INPUT --run {name}",
        f"nncli train --resume {name} --epochs N",
        f"nncli reproduce {name}",
        f"nncli export {name} --format onnx",
    ]
