"""What a training leaves behind for others to load: weights, the Keras file, the export, plots, the manifest."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from nncli.config.sections import Config
from nncli.errors import ExportError
from nncli.evaluate import plots
from nncli.pipeline.fitting import Fitted
from nncli.run import files
from nncli.run.folder import RunFolder


def save_model(folder: RunFolder, model: Any, config: Config) -> dict[str, str]:
    """Writes the model in every format it can have; returns what became of each, for run.json."""
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
        # Prediction then goes through Keras: slower, and said there.
        outcome[files.LITE_MODEL] = error.message
    folder.write_manifest()
    return outcome


def save_weights(folder: RunFolder, model: Any) -> None:
    """Writes weights.npz: an array for each weight, under its path in the model."""
    from nncli.engine.weights import get_weights

    folder.write(files.WEIGHTS, npz_bytes(get_weights(model)))


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name as the bytes of an .npz file, without pickle."""
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def load_weights(folder: RunFolder, model: Any) -> None:
    """Sets the weights of a model that was built again from config.yaml and inputs.json. Raises RunError."""
    from nncli.engine.weights import set_weights

    with np.load(folder.file(files.WEIGHTS), allow_pickle=False) as stored:
        set_weights(model, dict(stored))


def save_plots(folder: RunFolder, fitted: Fitted) -> None:
    """Draws the course of the training."""
    folder.write(f"{files.PLOTS}/curves.png", plots.learning_curves(fitted.history, fitted.best_epoch))
