"""The model card of a run, Markdown with front matter that model hubs read, from the files of its folder alone.

The front matter is that of https://huggingface.co/docs/hub/model-cards; `model-index` has the scores of the saved
model.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from nncli.config.facts import DataFacts, ImageInput
from nncli.pipeline.reporting.evaluation import read_evaluation
from nncli.pipeline.reporting.tables import show, show_interval, words
from nncli.pipeline.runs.details import RunDetails
from nncli.pipeline.runs.values import items, mapping
from nncli.run import files
from nncli.run.folder import RunFolder

# Names of metrics where a hub has another one.
_HUB_METRICS = {"mean_squared_error": "mse", "mean_absolute_error": "mae", "auc": "roc_auc"}
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]|<>"})


def make_card(folder: RunFolder, details: RunDetails, facts: DataFacts) -> bytes:
    """The content of model_card.md, UTF-8. Scores are of the test set, with the intervals that were computed."""
    evaluated = read_evaluation(folder)
    told = evaluated or mapping(details.summary.get("test"))
    lines = [
        "---",
        yaml.safe_dump(_front_matter(details, facts, told), sort_keys=False, allow_unicode=True).rstrip(),
        "---",
        "",
        f"# {_escape_markup(details.record.get('name') or details.row.name)}",
        "",
        *_description(details, facts),
        *_scores(details, told, bool(evaluated)),
        *_data(details, facts),
        *_looked_at(details, evaluated),
        *_use(folder),
    ]
    return files.encode("\n".join(lines) + "\n")


def _front_matter(details: RunDetails, facts: DataFacts, told: Mapping[str, Any]) -> dict[str, Any]:
    kind = "image" if isinstance(facts.inputs, ImageInput) else "tabular"
    task = f"{kind}-{'regression' if facts.target.task.is_regression else 'classification'}"
    scores = {name: value for name, value in mapping(told.get("metrics")).items() if value is not None}
    intervals = mapping(told.get("intervals"))
    results = [
        {
            "type": _HUB_METRICS.get(name, name),
            "value": float(value),
            "name": _format_interval(name, intervals.get(name)),
        }
        for name, value in scores.items()
    ]
    result = {
        "task": {"type": task},
        "dataset": {"name": facts.source, "type": facts.source, "split": "test"},
        "metrics": results,
    }
    return {
        "library_name": "keras",
        "pipeline_tag": task,
        "tags": ["keras", "nncli", facts.target.task.value.replace("_", "-")],
        "metrics": [each["type"] for each in results],
        "model-index": [{"name": str(details.record.get("name") or details.row.name), "results": [result]}],
    }


def _format_interval(name: str, interval: Any) -> str:
    return words(name) + (f", 95 % interval {show_interval(interval)}" if interval else "")


def _description(details: RunDetails, facts: DataFacts) -> list[str]:
    target, shape = facts.target, " × ".join(map(str, facts.inputs.shape))
    predicts = ", ".join(map(_escape_markup, target.columns)) or "the class"
    classes = f" of {len(target.classes)} classes" if target.classes else ""
    parameters, kept = details.summary.get("parameters"), details.summary.get("kept_epoch")
    return [
        f"A neural network of {show(parameters)} trainable parameters that predicts {predicts} "
        f"({target.task.value.replace('_', ' ')}{classes}) from inputs of {shape}.",
        f"The saved weights are those of epoch {show(kept)} of {show(details.summary.get('epochs'))}.",
        "",
    ]


def _scores(details: RunDetails, told: Mapping[str, Any], is_evaluated: bool) -> list[str]:
    metrics, intervals = mapping(told.get("metrics")), mapping(told.get("intervals"))
    if not metrics:
        return ["## Scores", "", f"None: the run is {details.row.status}, and its model was not tested.", ""]
    guess = mapping(mapping(told.get("baseline")).get("metrics"))
    rows = [
        f"| {_escape_markup(words(name))} | {show(value)} | {show_interval(intervals.get(name)) or '-'} | "
        f"{show(guess.get(name))} |"
        for name, value in metrics.items()
    ]
    judged = mapping(told.get("judged")).get("verdict")
    more = [] if is_evaluated else ["", "`nncli eval` adds other models on the same rows."]
    return [
        "## Scores",
        "",
        f"Of the saved weights, on {show(told.get('rows'))} test rows.",
        "",
        "| metric | test | 95 % interval | guessing |",
        "|---|---|---|---|",
        *rows,
        *(
            ["", f"Against guessing ({_escape_markup(mapping(told.get('baseline')).get('predicts'))}): {judged}."]
            if judged
            else []
        ),
        *more,
        *_references(mapping(told.get("references"))),
        "",
    ]


def _references(references: Mapping[str, Any]) -> list[str]:
    models = [mapping(each) for each in items(references.get("models"))]
    if not models:
        return []
    rows = [
        f"| {_escape_markup(each.get('name'))} | {show(each.get('value'))} | {show(each.get('difference'))} | "
        f"{show_interval(each.get('interval'))} | {each.get('verdict')} |"
        for each in models
    ]
    metric = _escape_markup(words(str(references.get("metric"))))
    head = f"| other model | {metric} | network ahead by | 95 % interval | verdict |"
    return ["", head, "|---|---|---|---|---|", *rows]


def _data(details: RunDetails, facts: DataFacts) -> list[str]:
    data, rows = mapping(details.record.get("data")), mapping(mapping(details.record.get("data")).get("rows"))
    return [
        "## Data",
        "",
        f"- source: {_escape_markup(facts.source)}",
        *[f"- rows for {part}: {show(count)}" for part, count in rows.items()],
        f"- fingerprint (sha256 over all arrays): `{data.get('fingerprint')}`",
        *_name_few("classes", facts.target.classes),
        "",
    ]


def _name_few(what: str, names: Sequence[str], most: int = 30) -> list[str]:
    shown = ", ".join(map(_escape_markup, names[:most]))
    return [f"- {what}: {shown}{', …' if len(names) > most else ''}"] if names else []


def _looked_at(details: RunDetails, told: Mapping[str, Any]) -> list[str]:
    """What was measured of the model, and what nobody looked at."""
    looks = details.summary.get("test_evaluations", 1)
    verified, by = mapping(details.record.get("verified")), mapping(told.get("by")).get("column")
    checks = {
        "95 % intervals of the scores": bool(told.get("intervals")),
        "other models on the same rows": bool(told.get("references")),
        "calibration of the probabilities": bool(told.get("calibration")),
        "rows unlike the training data in the test set": told.get("unlike_training") is not None,
        "which inputs the network uses": bool(told.get("importance")),
        "health of the layers during the training": "health" in details.summary,
        "predictions without TensorFlow against those of Keras": bool(verified),
        f"groups of rows{f' (by {_escape_markup(by)})' if by else ''}": bool(by),
    }
    done = [f"- {name}" for name, is_done in checks.items() if is_done]
    left = [f"- {name}" for name, is_done in checks.items() if not is_done]
    left.append("- data from another source, place or time")
    return [
        "## What was looked at",
        "",
        f"- the test set, {show(looks)} time{'s' if looks != 1 else ''}: a model that is chosen by it after many looks "
        "has scores that are too good",
        *done,
        "",
        "## What was not looked at",
        "",
        *left,
        "",
    ]


def _use(folder: RunFolder) -> list[str]:
    name = shlex.quote(folder.path.name)
    return [
        "## Use",
        "",
        "```console",
        f"$ nncli predict INPUT --run {name}",
        f"$ nncli reproduce {name}",
        "```",
        "",
        f"`{files.KERAS_MODEL}` is the network for Keras, `{files.LITE_MODEL}` the one for LiteRT, `{files.INPUTS}` "
        f"says how an input becomes an array, `{files.CONFIG}` is the whole config.",
    ]


def _escape_markup(value: object) -> str:
    """Text on one line in which Markdown and HTML find no marks."""
    return " ".join(str(value).split()).translate(_MARKS)
