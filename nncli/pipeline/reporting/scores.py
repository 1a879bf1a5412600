"""What a page says about a test: metrics with intervals and baselines, classes, mistakes, other models, importance."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.evaluate.main_metrics import MAIN_METRICS
from nncli.evaluate.plots.images.thumbnails import share_map
from nncli.pipeline.reporting.tables import Table, show, show_interval, words
from nncli.pipeline.runs.values import items, mapping
from nncli.report.page import data_uri
from nncli.report.shading import frequent_confusions, shaded_matrix

_MOST_CLASSES = 30  # of a confusion matrix that is shown whole
_MOST_CONFUSIONS = 30
_MOST_PIXELS = 600  # of the side of a matrix that is a picture
_MOST_COLUMNS = 40


def tell_answer(told: Mapping[str, Any]) -> str | None:
    """The main metric in a sentence, beside guessing."""
    metric = MAIN_METRICS.get(str(told.get("task")), "")
    value = mapping(told.get("metrics")).get(metric)
    if value is None:
        return None
    baseline = mapping(told.get("baseline"))
    guess = mapping(baseline.get("metrics")).get(metric)
    interval = mapping(told.get("intervals")).get(metric)
    sure = f" (95 %: {show_interval(interval)})" if interval else ""
    return f"Test {words(metric)} {show(value)}{sure}; {baseline.get('predicts', 'guessing')} has {show(guess)}."


def metrics_table(told: Mapping[str, Any]) -> Table | None:
    """A row for each metric: value, interval where it was computed, baseline."""
    metrics, intervals = mapping(told.get("metrics")), mapping(told.get("intervals"))
    baseline = mapping(mapping(told.get("baseline")).get("metrics"))
    if not metrics:
        return None
    head = ["metric", "test", *(["95 % interval"] if intervals else []), "guessing"]
    rows = [
        [
            words(name),
            show(value),
            *([show_interval(intervals.get(name))] if intervals else []),
            show(baseline.get(name)),
        ]
        for name, value in metrics.items()
    ]
    return Table(head, rows, range(1, len(head)))


def references_table(told: Mapping[str, Any]) -> Table | None:
    """Other models on the same rows."""
    references = mapping(told.get("references"))
    models = items(references.get("models"))
    if not models:
        return None
    rows = [
        [
            str(each.get("name")),
            show(each.get("value")),
            show(each.get("difference")),
            show_interval(each.get("interval")),
            str(each.get("verdict")),
        ]
        for each in map(mapping, models)
    ]
    name = words(str(references.get("metric")))
    return Table(["model", name, "this network has more by", "95 % interval", "verdict"], rows, (1, 2, 3))


def groups_table(told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The metrics of groups of rows, where `eval --by` asked for them."""
    by = mapping(told.get("by"))
    groups = [mapping(each) for each in items(by.get("groups"))]
    if not groups:
        return None
    names = list(mapping(groups[0].get("metrics")))
    rows = [
        [str(each.get("name", each.get("value"))), show(each.get("rows"))]
        + [show(mapping(each.get("metrics")).get(name)) for name in names]
        for each in groups
    ]
    head = [str(by.get("column")), "rows", *map(words, names)]
    return {"title": f"By {by.get('column')}", "head": head, "rows": rows, "numbers": range(1, len(head))}


def classes_table(told: Mapping[str, Any]) -> Table | None:
    """Precision, recall and F1 of each class or label."""
    classes = [mapping(each) for each in items(told.get("classes")) or items(told.get("labels"))]
    if not classes:
        return None
    names = [name for name in classes[0] if name != "name"]
    rows = [[str(each.get("name")), *(show(each.get(name)) for name in names)] for each in classes]
    return Table(["class", *map(words, names)], rows, range(1, len(names) + 1))


def confusion(told: Mapping[str, Any], names: Sequence[str]) -> tuple[dict[str, Any] | None, Table | None]:
    """The confusion matrix, as a picture where it is too large to be read, and the most frequent mistakes."""
    matrix = items(told.get("confusion_matrix"))
    if not matrix or len(matrix) != len(names):
        return None, None
    whole: dict[str, Any] | None = None
    if len(matrix) <= _MOST_CLASSES:
        whole = {"names": list(names), "rows": shaded_matrix(matrix), "picture": None}
    elif len(matrix) <= _MOST_PIXELS:
        counts = np.array(matrix, dtype=np.float64)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        picture = data_uri(share_map(shares, max(1, _MOST_PIXELS // len(matrix))))
        whole = {"names": list(names), "rows": (), "picture": picture}
    found = frequent_confusions(matrix, names, 8 if len(matrix) <= _MOST_CLASSES else _MOST_CONFUSIONS)
    rows = [[true, predicted, show(count), f"{share:.0%}"] for true, predicted, count, share in found]
    return whole, Table(["true", "predicted", "rows", "of its class"], rows, (2, 3)) if rows else None


def importance_table(told: Mapping[str, Any]) -> Table | None:
    """Columns by how much worse the predictions are without them."""
    importance = mapping(told.get("importance"))
    columns = [mapping(each) for each in items(importance.get("columns"))][:_MOST_COLUMNS]
    if not columns:
        return None
    names = [name for name in columns[0] if name not in ("name", "column")]
    rows = [[str(each.get("name", each.get("column"))), *(_cell(each.get(name)) for name in names)] for each in columns]
    return Table(["column", *map(words, names)], rows, range(1, len(names) + 1))


def _cell(value: Any) -> str:
    return show_interval(value) if isinstance(value, list) else show(value)


def worst_table(told: Mapping[str, Any]) -> Table | None:
    """The test rows with the largest losses, where `eval` found them."""
    found = [mapping(each) for each in items(told.get("worst"))]
    if not found:
        return None
    sure = any(each.get("probability") is not None for each in found)
    head = ["row", "true", "predicted", *(["probability"] if sure else []), "loss"]
    rows = [
        [str(each.get("file") or show(each.get("row"))), _listed(each.get("true")), _listed(each.get("predicted"))]
        + ([show(each.get("probability"))] if sure else [])
        + [show(each.get("loss"))]
        for each in found
    ]
    return Table(head, rows, range(3, len(head)))


def _listed(value: Any) -> str:
    return ", ".join(map(show, value)) or "none" if isinstance(value, list) else show(value)


def calibration_table(told: Mapping[str, Any]) -> Table | None:
    """The bins of the probabilities that have rows."""
    bins = [mapping(each) for each in items(mapping(told.get("calibration")).get("bins"))]
    rows = [
        [show(each.get("confidence")), show(each.get("accuracy")), show(each.get("rows"))]
        for each in bins
        if each.get("rows")
    ]
    return Table(["mean probability", "share that is right", "rows"], rows, (0, 1, 2)) if rows else None
