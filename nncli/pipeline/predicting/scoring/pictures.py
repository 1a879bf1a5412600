"""The pictures of an evaluation that fit the task, written into the run folder; draws nothing itself."""

from typing import Any

import numpy as np

from nncli.config.facts import ImageInput, Task
from nncli.data.dataset import Part
from nncli.evaluate import plots
from nncli.evaluate.worst import WorstExample
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.run import files


def write_pictures(
    run: OpenRun, part: Part, predictions: np.ndarray, result: dict[str, Any], worst: list[WorstExample]
) -> None:
    """evaluation/*.png of what was measured: `result` is what `eval` tells, `worst` the examples it names."""
    folder, facts = run.folder, run.facts
    if "confusion_matrix" in result:
        matrix = np.asarray(result["confusion_matrix"])
        picture = plots.confusion_matrix(matrix, facts.target.classes, facts.target.columns[0])
        folder.write(f"{files.EVALUATION}/confusion.png", picture)
    if "calibration" in result:
        folder.write(f"{files.EVALUATION}/calibration.png", plots.reliability(result["calibration"]))
    if facts.target.task is Task.BINARY:
        limit = (facts.target.thresholds or (0.5,))[0]
        picture = plots.probabilities(part.targets, predictions, facts.target.classes, facts.target.columns[0], limit)
        folder.write(f"{files.EVALUATION}/probabilities.png", picture)
    curves = None
    if facts.target.task in (Task.BINARY, Task.MULTILABEL):
        names = facts.target.classes[1:] if facts.target.task is Task.BINARY else facts.target.columns
        curves = plots.ranking_curves(part.targets, predictions, names)
    elif facts.target.task is Task.MULTICLASS:
        curves = plots.class_curves(part.targets, predictions, facts.target.classes)
    if curves is not None:
        folder.write(f"{files.EVALUATION}/ranking.png", curves)
    if facts.target.task is Task.MULTILABEL:
        rates = part.targets.mean(axis=0)
        labels = [{**entry, "share": float(rate)} for entry, rate in zip(result["labels"], rates, strict=True)]
        folder.write(f"{files.EVALUATION}/labels.png", plots.label_bars(labels))
    if facts.target.task.is_regression:
        picture = plots.true_against_predicted(part.targets, predictions, facts.target.columns)
        folder.write(f"{files.EVALUATION}/predictions.png", picture)
        picture = plots.residuals(part.targets, predictions, facts.target.columns)
        folder.write(f"{files.EVALUATION}/residuals.png", picture)
    if isinstance(facts.inputs, ImageInput) and facts.target.task is not Task.MULTILABEL:
        images = part.inputs["image"][[example.index for example in worst]]
        places = [place.get("file", f"row {place['row']}") for place in result["worst"]]
        folder.write(f"{files.EVALUATION}/worst.png", plots.worst_images(images, worst, places))
