"""Saves a trained model: weights, the Keras file, the exported model, plots, the manifest."""

from datetime import datetime
from typing import Any

import numpy as np

from nncli.config.facts import ImageInput
from nncli.config.sections import Config
from nncli.data.dataset import Dataset
from nncli.errors import ExportError
from nncli.evaluate import plots
from nncli.pipeline.predicting.scoring.verification import verify_few
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.fitting import Fitted
from nncli.pipeline.weights import npz_bytes, save_weights
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.runtime.novelty import fit_novelty
from nncli.runtime.predictor import Predictor

# After each training so many test rows are predicted the way `predict` does; `eval --verify` takes them all.
VERIFIED_ROWS = 8


def save_model(folder: RunFolder, model: Any, config: Config) -> dict[str, str]:
    """Writes the model in every format; returns the outcome of each, for run.json."""
    from nncli.engine import export
    from nncli.model import serving

    save_weights(folder, model)
    served = serving(model, config)
    folder.write(files.KERAS_MODEL, export.to_keras(served))
    outcome = {files.KERAS_MODEL: "written"}
    try:
        folder.write(files.LITE_MODEL, export.to_tflite(served))
        outcome[files.LITE_MODEL] = "written"
    except ExportError as error:
        # Prediction then goes through Keras, which is slower and reported.
        outcome[files.LITE_MODEL] = error.message
    folder.write_manifest()
    return outcome


def save_novelty(folder: RunFolder, dataset: Dataset) -> None:
    """Writes what is known of the training images, so that others can be told from them; nothing for tables."""
    image = dataset.facts.inputs
    if not isinstance(image, ImageInput):
        return
    novelty = fit_novelty(dataset.train.inputs["image"], dataset.validation.inputs["image"], image.scale)
    if novelty is not None:
        folder.write(files.NOVELTY, npz_bytes(novelty.arrays()))


def verify_saved(folder: RunFolder, prepared: Prepared, predictions: np.ndarray) -> dict[str, Any] | None:
    """Predicts some test rows with model.tflite, the way `nncli predict` does; what was found, for run.json.

    `predictions` are those of Keras for the whole test set. None without model.tflite, or if no file can hold such
    rows. Raises NncliError if a row disagrees.
    """
    if not folder.file(files.LITE_MODEL).exists():
        return None
    test = prepared.dataset.test
    part = test.take(np.arange(min(VERIFIED_ROWS, len(test))))
    predictor = Predictor(folder.file(files.LITE_MODEL), threads=1)
    started = datetime.fromisoformat(folder.record["started"]).timestamp() + 1  # it is rounded down to a second
    expected = predictions[:VERIFIED_ROWS]
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
