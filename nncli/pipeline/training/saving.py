"""Saves a trained model: weights, the Keras file, the exported model, plots, the manifest."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from nncli.config.facts import ImageInput
from nncli.data.dataset import Dataset, Part
from nncli.data.streaming.mapping import let_go
from nncli.errors import ExportError
from nncli.evaluate import plots
from nncli.pipeline.predicting.scoring.verification import verify_few
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.continuing.stopping import WRITTEN_BEFORE
from nncli.pipeline.training.fitting import Fitted
from nncli.pipeline.weights import npz_bytes, weights_bytes
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.runtime.novelty import fit_novelty
from nncli.runtime.predictor import Predictor

# After each training this many test rows are predicted the way `predict` does; `eval --verify` takes them all.
VERIFIED_ROWS = 8


def save_model(folder: RunFolder, model: Any, prepared: Prepared, tested: Mapping[str, bytes]) -> dict[str, str]:
    """Writes the model in every format and what belongs to it, with the files of its test, as one; returns the outcome
    of each format, for run.json."""
    from nncli.engine import export
    from nncli.model import serving

    dataset = prepared.dataset
    served = serving(model, prepared.config)
    contents = {files.WEIGHTS: weights_bytes(model), files.KERAS_MODEL: export.to_keras(served)}
    outcome = {files.KERAS_MODEL: "written"}
    try:
        contents[files.LITE_MODEL] = export.to_tflite(served)
        outcome[files.LITE_MODEL] = "written"
    except ExportError as error:
        # Prediction then goes through Keras, which is slower and reported.
        outcome[files.LITE_MODEL] = error.message
    contents |= _novelty(dataset)
    contents[files.INPUTS] = dataset.facts.to_bytes()
    contents |= tested
    without = {files.LITE_MODEL, files.NOVELTY} - set(contents)
    folder.replace_model(contents, written=WRITTEN_BEFORE, without=without)
    return outcome


def _novelty(dataset: Dataset) -> dict[str, bytes]:
    """What is known of the training images, so that others can be told from them; nothing for tables."""
    image = dataset.facts.inputs
    if not isinstance(image, ImageInput):
        return {}
    training, validation = dataset.train.inputs["image"], dataset.validation.inputs["image"]
    novelty = fit_novelty(training, validation, image.scale)
    let_go([training, validation])
    return {} if novelty is None else {files.NOVELTY: npz_bytes(novelty.arrays())}


def verify_saved(folder: RunFolder, prepared: Prepared, part: Part, expected: np.ndarray) -> dict[str, Any] | None:
    """Predicts some rows with model.tflite, the way `nncli predict` does; what was found, for run.json.

    `expected` are Keras's predictions for them. None without model.tflite, or if no file can hold such
    rows. Raises NncliError if a row disagrees.
    """
    content = folder.find_intact(files.LITE_MODEL)
    if content is None:
        return None
    predictor = Predictor(content, threads=1)
    started = datetime.fromisoformat(folder.record["started"]).timestamp() + 1  # it is rounded down to a second
    return verify_few(prepared.config, prepared.dataset.facts, part, expected, predictor, read_at=started)


def save_plots(folder: RunFolder, prepared: Prepared, fitted: Fitted, *, with_health: bool) -> None:
    """Draws the course of the training and, where the layers were watched, `with_health` the maps of them."""
    target = prepared.dataset.facts.target
    picture = plots.learning_curves(
        fitted.history,
        fitted.best_epoch,
        run=folder.path.name,
        loss=prepared.config.loss.name if prepared.config.loss else "",
        unit=target.columns[0] if target.task.is_regression and len(target.columns) == 1 else "",
    )
    folder.write(f"{files.PLOTS}/curves.png", picture)
    if with_health and (maps := plots.health_maps(fitted.watchers.health, run=folder.path.name)):
        folder.write(f"{files.PLOTS}/health.png", maps)
