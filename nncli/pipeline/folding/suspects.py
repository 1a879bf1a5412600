"""The story of `nncli data --suspect-labels`: folds are trained, and the labels that their predictions doubt listed."""

import csv
import io
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.facts import ImageInput, Task
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.data.plurals import count
from nncli.errors import UsageError, unwritable
from nncli.evaluate.labelling.confident import Suspect, find_suspects
from nncli.evaluate.plots.images.contact_sheet import Picture, Thumbnail, draw_sheet, make_thumbnails
from nncli.pipeline.folders import Folders
from nncli.pipeline.folding.training import plan_folds, run_folds
from nncli.run.files import encode, write_output
from nncli.run.folder import RunFolder

FOLDS = 5
TERMINAL = "-"
# Pictures on a sheet, and in a terminal.
_MOST_PICTURES, _MOST_DRAWN = 64, 12
_COLUMNS = ("row", "file", "label", "given", "suggested", "probability_given", "probability_suggested", "margin")


@dataclass(frozen=True)
class SuspectRequest:
    """A config, values for it, and where a CSV of all suspects and a contact sheet of the first go."""

    config: str
    assignments: tuple[str, ...] = ()
    output: str | None = None
    sheet: str | None = None
    folds: int = FOLDS


@dataclass(frozen=True)
class SuspectLabels:
    """What was found, as plain values for JSON (see docs/data.md), and pictures for a terminal."""

    result: dict[str, Any]
    thumbnails: tuple[Thumbnail, ...] = ()


def suspect_labels(request: SuspectRequest, *, folders: Folders, console: Console) -> SuspectLabels:
    """Trains a config on folds, and lists the labels that are doubted; no run is left.

    Raises UsageError for data without classes and files that cannot be written, and what `train` raises.
    """
    plan = plan_folds(request.config, request.folds, folders, console, request.assignments)
    facts, whole = plan.everything.facts, plan.everything
    if facts.target.task.is_regression:
        raise UsageError(
            f"--suspect-labels looks for wrong classes, and {facts.target.columns[0]} is a number",
            hint="`nncli eval` lists the rows with the largest errors",
        )
    if request.sheet is not None and not isinstance(facts.inputs, ImageInput):
        raise UsageError("--sheet is for images, but this is a table", hint="leave --sheet out")
    with tempfile.TemporaryDirectory(prefix="nncli-", ignore_cleanup_errors=True) as temporary:
        folder = RunFolder.create(Path(temporary), "suspects")
        _, known = run_folds(plan, folder, console)
        folder.close("finished")
    suspects = find_suspects(facts.target.task.value, known.targets, known.predictions)
    listed = [_describe(suspect, whole, int(known.rows[suspect.index])) for suspect in suspects]
    result = {
        "config": request.config,
        "task": facts.target.task.value,
        "folds": request.folds,
        "rows": len(known.rows),
        "unexamined_rows": len(whole.train) - len(known.rows) + len(whole.test) + len(whole.validation),
        "accuracy": _accuracy(facts.target.task, known.targets, known.predictions),
        "suspects": listed,
    }
    if request.output is not None:
        _write("--output", request.output, _table(listed))
        result["output"] = request.output
    pictures = _pictures(whole, listed) if isinstance(facts.inputs, ImageInput) else []
    if request.sheet not in (None, TERMINAL) and pictures:
        title = count(len(listed), "doubted label")
        _write("--sheet", str(request.sheet), draw_sheet(title, pictures))
        result["sheet"] = request.sheet
    drawn = make_thumbnails(pictures[:_MOST_DRAWN], most=_MOST_DRAWN, side=16) if pictures else []
    return SuspectLabels(result, tuple(drawn))


def _accuracy(task: Task, targets: np.ndarray, predictions: np.ndarray) -> float:
    """The share of labels that were predicted as given."""
    if task is Task.MULTICLASS:
        return float((predictions.argmax(axis=1) == targets).mean())
    return float(((predictions > 0.5) == (targets.reshape(predictions.shape) > 0.5)).mean())


def _describe(suspect: Suspect, whole: Dataset, row: int) -> dict[str, Any]:
    """A suspect in the words of the data; its row counted from 1."""
    target, place = whole.facts.target, _place_of(whole, row)
    names = ("no", "yes") if suspect.label is not None else target.names
    told = asdict(suspect)
    return {
        "row": row + 1,
        "file": whole.train.files[place] if whole.train.files else None,
        "label": None if suspect.label is None else target.columns[suspect.label],
        "given": names[suspect.given],
        "suggested": names[suspect.suggested],
        **{key: round(told[key], 6) for key in ("probability_given", "probability_suggested", "margin")},
    }


def _place_of(whole: Dataset, row: int) -> int:
    return int(np.flatnonzero(whole.train.rows == row)[0])


def _table(listed: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if each[key] is None else each[key] for key in _COLUMNS} for each in listed)
    return encode(text.getvalue())


def _pictures(whole: Dataset, listed: Sequence[dict[str, Any]]) -> list[Picture]:
    """The most doubted ones, in this order."""
    image = whole.facts.inputs
    scale = image.scale if isinstance(image, ImageInput) else 1.0
    pictures = []
    for each in listed[:_MOST_PICTURES]:
        pixels = whole.train.inputs["image"][_place_of(whole, each["row"] - 1)]
        shown = np.clip(np.round(pixels.astype(np.float32) * scale * 255), 0, 255).astype(np.uint8)
        where = each["file"].rpartition("/")[2] if each["file"] else f"row {each['row']}"
        label = "" if each["label"] is None else f"{each['label']} "
        pictures.append(Picture("", f"{label}{each['given']}, rather {each['suggested']}: {where}", shown))
    return pictures


def _write(option: str, file: str, content: bytes) -> None:
    try:
        write_output(Path(file), content)
    except OSError as error:
        raise unwritable(f"{option} {file} cannot be written: {error.strerror or error}", error) from None
