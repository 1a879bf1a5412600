"""The pictures of an evaluation that fit the task, written into the run folder; draws nothing itself."""

from typing import Any

import numpy as np

from nncli.config.facts import ImageInput, Task
from nncli.data.dataset import Part
from nncli.evaluate import plots
from nncli.evaluate.worst import WorstExample
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.predicting.scoring.thinning import thin_for_pictures
from nncli.run import files


def write_pictures(
    run: OpenRun, part: Part, predictions: np.ndarray, result: dict[str, Any], worst: list[WorstExample]
) -> None:
    """evaluation/*.png and *.svg of what was measured: `result` is what `eval` tells, `worst` the examples it names."""
    folder, facts = run.folder, run.facts
    targets, predictions = thin_for_pictures(part, predictions)
    if "confusion_matrix" in result:
        matrix = np.asarray(result["confusion_matrix"])
        picture = plots.confusion_matrix(matrix, facts.target.classes, facts.target.columns[0])
        folder.write(f"{files.EVALUATION}/confusion.png", picture)
    if "calibration" in result:
        folder.write_each(plots.reliability(result["calibration"]).files(f"{files.EVALUATION}/calibration"))
    if facts.target.task is Task.BINARY:
        limit = (facts.target.thresholds or (0.5,))[0]
        heaps = plots.probabilities(targets, predictions, facts.target.classes, facts.target.columns[0], limit)
        folder.write_each(heaps.files(f"{files.EVALUATION}/probabilities"))
    curves = None
    if facts.target.task in (Task.BINARY, Task.MULTILABEL):
        names = facts.target.classes[1:] if facts.target.task is Task.BINARY else facts.target.columns
        curves = plots.ranking_curves(targets, predictions, names)
    elif facts.target.task is Task.MULTICLASS:
        curves = plots.class_curves(targets, predictions, facts.target.classes)
    if curves is not None:
        folder.write_each(curves.files(f"{files.EVALUATION}/ranking"))
    if facts.target.task is Task.MULTILABEL:
        rates = targets.mean(axis=0)
        labels = [{**entry, "share": float(rate)} for entry, rate in zip(result["labels"], rates, strict=True)]
        folder.write_each(plots.label_bars(labels).files(f"{files.EVALUATION}/labels"))
    if facts.target.task.is_regression:
        for name, draw in (("predictions", plots.true_against_predicted), ("residuals", plots.residuals)):
            drawn = draw(targets, predictions, facts.target.columns)
            folder.write_each(drawn.files(f"{files.EVALUATION}/{name}"))
    if isinstance(facts.inputs, ImageInput) and facts.target.task is not Task.MULTILABEL:
        images = part.inputs["image"][[example.index for example in worst]]
        places = [place.get("file", f"row {place['row']}") for place in result["worst"]]
        folder.write(f"{files.EVALUATION}/worst.png", plots.worst_images(images, worst, places))
