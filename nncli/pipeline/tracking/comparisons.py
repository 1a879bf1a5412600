"""What trackers that nest runs are told about a comparison: the run that those of its trainings lie in."""

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nncli.evaluate.plots.comparisons.naming import values_alone
from nncli.pipeline.runs.values import items, mapping, number
from nncli.pipeline.tracking.reading import read_description, seconds_of
from nncli.run import files
from nncli.run.folder import DEAD, RunFolder
from nncli.tracking.description import Description, Outcome, Value

# The tag whose text MLflow shows above a run, as Markdown.
_NOTE = "mlflow.note.content"
# What of the request says how trainings were made, and is left out where it is none.
_ASKED = ("epochs", "target", "margin", "budget", "folds", "set")


def is_comparison(folder: RunFolder) -> bool:
    """Whether trainings lie in the folder."""
    return folder.record.get("kind") == "compare"


def identity_of(comparison: RunFolder) -> str:
    """The identity of a comparison, which stays the same when it is resumed."""
    decisive = [comparison.path.name, comparison.record.get("started"), "compare"]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:32]


def describe_comparison(folder: RunFolder, trainings: Sequence[RunFolder]) -> Description:
    """A comparison as the run above its `trainings`, beside which it lies. Raises RunError where a record is damaged.

    Its verdicts are its note.
    """
    record, request = folder.record, mapping(folder.record.get("request"))
    verdicts = [str(mapping(each).get("text")) for each in items(_result(folder).get("verdicts"))]
    told = {
        "nncli.version": mapping(record.get("versions")).get("nncli"),
        "nncli.command": shlex.join(map(str, record.get("command", []))),
        _NOTE: "\n\n".join(f"{text}." for text in verdicts),
    }
    asked: dict[str, Value] = {
        key: value if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)
        for key in _ASKED
        if (value := request.get(key)) not in (None, [])
    }
    return Description(
        name=folder.path.name,
        identity=identity_of(folder),
        group=read_description(trainings[0]).group,
        started=seconds_of(record.get("started")) or 0.0,
        config="",
        parameters={
            "variants": ", ".join(map(str, items(record.get("variants")))),
            "seeds": len(items(request.get("seeds"))),
            **asked,
        },
        tags={name: str(value) for name, value in told.items() if value},
    )


def read_comparison(folder: RunFolder) -> Outcome:
    """The outcome of a comparison: the mean test score of each variant, by its short name, and its own files."""
    result, status = _result(folder), folder.status
    variants = [mapping(each) for each in items(result.get("variants"))]
    names = values_alone([str(each.get("name")) for each in variants])
    scores = {
        f"{result.get('metric')}/{names[str(each.get('name'))]}": mapping(each.get("test")).get("mean")
        for each in variants
    }
    return Outcome(
        status="interrupted" if status == DEAD else status,
        ended=seconds_of(folder.record.get("ended")),
        scores={name: value for name, each in scores.items() if (value := number(each)) is not None},
        files=dict(_files(folder.path)),
    )


def _result(folder: RunFolder) -> Mapping[str, Any]:
    return folder.read_json(files.COMPARISON) if folder.file(files.COMPARISON).exists() else {}


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Those of the comparison, without its trainings."""
    for place in (path, path / files.PLOTS):
        for file in sorted(place.iterdir()) if place.is_dir() else ():
            if file.is_file() and file.name != files.LOCK:
                yield file.relative_to(path).as_posix(), file
