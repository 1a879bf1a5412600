"""Saves a trained model: weights, the Keras file, the exported model, plots, the manifest."""

from typing import Any

from nncli.config.facts import ImageInput
from nncli.config.sections import Config
from nncli.data.dataset import Dataset
from nncli.errors import ExportError
from nncli.evaluate import plots
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.fitting import Fitted
from nncli.pipeline.weights import npz_bytes, save_weights
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.runtime.novelty import fit_novelty


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


def save_plots(folder: RunFolder, prepared: Prepared, fitted: Fitted) -> None:
    """Draws the course of the training."""
    target = prepared.dataset.facts.target
    picture = plots.learning_curves(
        fitted.history,
        fitted.best_epoch,
        run=folder.path.name,
        loss=prepared.config.loss.name if prepared.config.loss else "",
        unit=target.columns[0] if target.task.is_regression and len(target.columns) == 1 else "",
    )
    folder.write(f"{files.PLOTS}/curves.png", picture)
