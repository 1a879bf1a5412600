"""Test images as thumbnails: the most confident mistakes, and ordinary right answers beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.config.facts import ImageInput
from nncli.data.dataset import Part
from nncli.evaluate.plots.images.thumbnails import thumbnail
from nncli.evaluate.worst import WorstExample, worst_examples
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.reporting.examples.own_rows import OwnRows
from nncli.report.page import data_uri
from nncli.run import files

MISTAKES, ORDINARY = 32, 16
_MOST_PREDICTED = 1000


def has_pictures(run: OpenRun) -> bool:
    """Whether the inputs of a run are images."""
    return isinstance(run.facts.inputs, ImageInput)


def make_gallery(run: OpenRun, own: OwnRows) -> list[dict[str, Any]]:
    """Groups of thumbnails with captions for the template; those of the mistakes come first.

    At most 1,000 rows are predicted again: those that the test of the training got wrong, and some that it got right.
    """
    part, right = own.dataset.test, _were_right(run, len(own.dataset.test))
    mistakes = _evenly(np.flatnonzero(~right), _MOST_PREDICTED)
    ordinary = _evenly(np.flatnonzero(right), ORDINARY)
    groups = [("The most confident mistakes", mistakes, MISTAKES), ("Ordinary right answers", ordinary, ORDINARY)]
    if run.facts.target.task.is_regression:
        everything = _evenly(np.arange(len(part)), _MOST_PREDICTED)
        groups = [("The largest errors", everything, MISTAKES), ("Other rows", _evenly(everything, ORDINARY), ORDINARY)]
    return [
        {"title": title, "pictures": _pictures(run, part.take(rows), own, count)}
        for title, rows, count in groups
        if len(rows)
    ]


def _were_right(run: OpenRun, rows: int) -> np.ndarray:
    """Which test rows were right when the training ended, bool (rows,); all of them where it is not known."""
    import io

    content = run.folder.find_intact(files.ANSWERS)
    if content is not None:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            if "right" in stored and stored["right"].shape == (rows,):
                right: np.ndarray = stored["right"]
                return right
    return np.ones(rows, dtype=bool)


def _evenly(rows: np.ndarray, most: int) -> np.ndarray:
    """At most this many of the rows, evenly spaced."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def _pictures(run: OpenRun, part: Part, own: OwnRows, count: int) -> list[dict[str, str]]:
    target = run.facts.target
    predictions = own.predictor.predict(part.inputs)
    found = worst_examples(target.task, part.targets, predictions, target.names, count, target.thresholds)
    images = _images(part.inputs)
    lowest, highest = min(0.0, float(images.min())), float(images.max())
    return [{"uri": data_uri(thumbnail(images[each.index], lowest, highest)), **_caption(each, part)} for each in found]


def _images(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    return next(iter(inputs.values()))


def _caption(example: WorstExample, part: Part) -> dict[str, str]:
    place = part.files[example.index] if part.files else f"row {int(part.rows[example.index]) + 1:,}"
    true, predicted = _answer(example.true), _answer(example.predicted)
    sure = "" if example.probability is None else f", {100 * example.probability:.0f}\u00a0%"
    told = f"{true}{sure}" if true == predicted else f"{true}, predicted {predicted}{sure}"
    return {"caption": told, "alt": f"{place}: true {told}", "title": place}


def _answer(value: str | float | Sequence[Any]) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str):
        return value
    return ", ".join(_answer(each) for each in value) or "none"
