"""The content of an exported file, and the proof that it predicts as the run's network does in Keras."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.facts import ImageInput
from nncli.console import Console
from nncli.data.dataset import Inputs, Part
from nncli.errors import DataError, ExportError, UnreachableError
from nncli.pipeline.agreement import Agreement, compare_predictions
from nncli.pipeline.folders import Folders
from nncli.pipeline.own_data import read_own_data
from nncli.pipeline.predicting.open_run import KerasPredictor, OpenRun
from nncli.pipeline.predicting.scoring.measuring import measure_part
from nncli.runtime.predictor import Predictor

# Enough rows to meet every class; evenly spaced, so that a sorted set is met everywhere.
CHECKED_ROWS = 1000
CALIBRATION_ROWS = 500


def convert_to_onnx(run: OpenRun, folders: Folders, console: Console) -> tuple[bytes, dict[str, Any]]:
    """The bytes of an `.onnx` file, and what comparing it with Keras found; see `_check`."""
    from nncli.engine.process import environment

    environment.prepare(None)
    from nncli.engine import onnx_export

    keras = KerasPredictor(run)
    content = onnx_export.to_onnx(keras.model)

    def predict(inputs: Inputs) -> np.ndarray:
        return onnx_export.predict_onnx(content, inputs)

    return content, _check(run, keras, predict, folders, console)


def write_saved_model(run: OpenRun, output: Path, folders: Folders, console: Console) -> dict[str, Any]:
    """Writes the folder of a SavedModel, whole or not at all, and tells what comparing it with Keras found."""
    keras = KerasPredictor(run)
    from nncli.engine import export

    with tempfile.TemporaryDirectory(
        dir=output.parent, prefix=f".{output.name}.", ignore_cleanup_errors=True
    ) as temporary:
        made = Path(temporary) / output.name
        export.to_saved_model(keras.model, made)

        def predict(inputs: Inputs) -> np.ndarray:
            return export.predict_saved_model(made, inputs)

        found = _check(run, keras, predict, folders, console)
        made.rename(output)
    return found


def convert_to_int8(run: OpenRun, folders: Folders, console: Console) -> tuple[bytes, dict[str, Any]]:
    """The bytes of an int8 `.tflite` file, and what it costs: the metrics of both on the test set.

    Images are computed in int8 throughout, with the ranges that training rows show. For tables only the weights are
    int8: their columns have units of their own, and one scale of 256 steps for all of them would erase the small ones.
    Raises DataError and UnreachableError without the run's own data.
    """
    keras = KerasPredictor(run)
    from nncli.engine import export

    dataset = read_own_data(run, folders, console)
    is_image = isinstance(run.facts.inputs, ImageInput)
    calibration = choose_rows(dataset.train, CALIBRATION_ROWS).inputs if is_image else None
    with console.step("converting"):
        content = export.to_int8_tflite(keras.model, calibration)
        outputs = {
            "float32": keras.predict(dataset.test.inputs),
            "int8": Predictor(content).predict(dataset.test.inputs),
        }
    agreement = compare_predictions(run.facts, outputs["float32"], outputs["int8"])
    metrics = {name: measure_part(run.facts, dataset.test, array)["metrics"] for name, array in outputs.items()}
    return content, {
        "quantization": "full" if is_image else "weights",
        "calibration_rows": 0 if calibration is None else len(next(iter(calibration.values()))),
        "rows": len(dataset.test),
        "changed_classes": None if run.facts.target.task.is_regression else agreement.classes,
        "metrics": metrics,
    }


def choose_rows(part: Part, most: int) -> Part:
    """At most that many rows of a set, evenly spaced."""
    return part.take(np.unique(np.linspace(0, len(part) - 1, min(most, len(part))).astype(np.int64)))


def _check(
    run: OpenRun, keras: KerasPredictor, predict: Callable[[Inputs], np.ndarray], folders: Folders, console: Console
) -> dict[str, Any]:
    """How many test rows were predicted by both, and the `largest_difference`; without the data, a warning.

    Raises ExportError where the exported model disagrees with Keras.
    """
    try:
        own = read_own_data(run, folders, console)
        rows = choose_rows(own.test if len(own.test) else own.train, CHECKED_ROWS)
    except (DataError, UnreachableError):
        console.warn("the run's own data is missing or has changed, so the exported model is not compared with Keras")
        return {"rows": 0, "largest_difference": None}
    agreement = compare_predictions(run.facts, keras.predict(rows.inputs), predict(rows.inputs))
    _demand(agreement)
    return {"rows": agreement.rows, "largest_difference": agreement.largest}


def _demand(agreement: Agreement) -> None:
    if agreement.is_complete:
        return
    raise ExportError(
        f"the exported model disagrees with Keras on {len(agreement.differing):,} of {agreement.rows:,} rows, by "
        f"up to {agreement.largest:.3g}; it is not written",
        hint="export it in another format",
    )
