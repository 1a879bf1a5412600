"""The temperature of a run: offered by an evaluation, and written into the weights of the run when asked for."""

from dataclasses import replace
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, Task
from nncli.console import Console
from nncli.data.dataset import Dataset, Part
from nncli.errors import ExportError, RunError, UsageError
from nncli.evaluate.adjusting.temperature import fit_temperature, logits_of, scaled
from nncli.evaluate.metrics import Baseline, measure
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.pipeline.predicting.scoring import thresholds
from nncli.run import files
from nncli.run.files import json_bytes

_FEWEST_ROWS = 100  # of a validation set; on fewer, no temperature is offered
_SAME = 1e-3  # probabilities from logits and from probabilities differ by the rounding of float32
_STILL = 0.02  # a temperature this close to 1 changes nothing that can be seen


def offer(
    facts: DataFacts, validation: Part, known: np.ndarray, test: Part, predictions: np.ndarray
) -> dict[str, float] | None:
    """What a temperature fitted to the validation set would do for the test set; None where it is not clearly better.

    `known` and `predictions` are the probabilities of the two, (n, outputs). {"temperature",
    "expected_calibration_error", "log_loss"}.
    """
    task = facts.target.task
    if task.is_regression or len(validation) < _FEWEST_ROWS:
        return None
    fitted = fit_temperature(task.value, validation.targets, logits_of(task.value, known))
    if not fitted.is_clear or abs(fitted.temperature - 1) < _STILL:
        return None
    changed = scaled(task.value, logits_of(task.value, predictions), fitted.temperature)
    names = facts.target.names
    found = measure(task.value, test.targets, changed, names, Baseline(facts.target.class_counts, facts.target.mean))
    error = found["calibration"]["expected_calibration_error"]
    return {
        "temperature": fitted.temperature,
        "expected_calibration_error": error,
        "log_loss": found["metrics"]["log_loss"],
    }


def calibrate(run: OpenRun, own: Dataset, console: Console) -> OpenRun:
    """Divides the output layer of the run by a temperature fitted to its validation set, and exports it again.

    Dividing kernel and bias divides the logits, so that every way to use the run is calibrated, model.keras and
    model.tflite included. The thresholds of the run are chosen again. Raises UsageError for a regression.
    """
    task = run.facts.target.task
    if task.is_regression:
        raise UsageError(
            f"--calibrate: expected a run that predicts probabilities, got {task.value}", hint="leave --calibrate out"
        )
    if not len(own.validation):
        raise UsageError("--calibrate: the run has no validation set", hint="train with `data.validation`")
    with console.step("fitting the temperature"):
        from nncli.engine.process import environment

        environment.prepare(None)
        from nncli.model import build
        from nncli.pipeline.weights import load_weights

        config = run.load_config().config
        model: Any = build(config, run.facts)
        load_weights(run.folder, model)
        logits = _logits(model, config, task, own.validation)
        fitted = fit_temperature(task.value, own.validation.targets, logits)
        if abs(fitted.temperature - 1) < _STILL:
            console.say(f"temperature {fitted.temperature:.3g} on the validation set: already calibrated")
            return run
        _divide_output(model, fitted.temperature)
        probabilities = scaled(task.value, logits, fitted.temperature)
        _require_effect(model, config, own.validation, probabilities)
        facts = run.facts
        if facts.target.thresholds:
            facts = thresholds.choose_for(facts, own.validation.targets, probabilities)
        _write(run, model, config, facts, fitted.temperature)
    clear = "" if fitted.is_clear else ", though not clearly better than 1"
    console.say(f"logits divided by {fitted.temperature:.4g}, fitted to the validation set{clear}")
    return replace(run, facts=facts)


def _logits(model: Any, config: Any, task: Task, part: Part) -> np.ndarray:
    """(n, outputs); (n, members, outputs) where the probabilities of members are averaged."""
    from nncli.engine.prediction import predict
    from nncli.model import gives_logits, member_outputs

    if gives_logits(config):
        return predict(model, part.inputs)
    return logits_of(task.value, predict(member_outputs(model), part.inputs))


def _divide_output(model: Any, temperature: float) -> None:
    from nncli.model import OUTPUT_NAME

    for weight in model.get_layer(OUTPUT_NAME).weights:
        weight.assign(weight / temperature)


def _require_effect(model: Any, config: Any, part: Part, expected: np.ndarray) -> None:
    """Raises RunError where the network does not give the probabilities that the temperature was fitted to."""
    from nncli.engine.prediction import predict
    from nncli.model import serving

    found = predict(serving(model, config), part.inputs)
    if float(np.abs(found - expected).max()) > _SAME:
        raise RunError(
            "the run cannot be calibrated: its last layer is not followed by a softmax or sigmoid",
            hint="train with `- output: {}` as the last layer",
        )


def _write(run: OpenRun, model: Any, config: Any, facts: DataFacts, temperature: float) -> None:
    """All files of the model, which take the place of the old ones as one."""
    from nncli.engine import export
    from nncli.model import serving
    from nncli.pipeline.weights import weights_bytes

    folder = run.folder
    served = serving(model, config)
    made = {files.WEIGHTS: weights_bytes(model), files.KERAS_MODEL: export.to_keras(served)}
    if folder.find_intact(files.LITE_MODEL) is not None:
        try:
            made[files.LITE_MODEL] = export.to_tflite(served)
        except ExportError as error:
            raise RunError(f"the calibrated model cannot be exported: {error.message}") from None
    made[files.INPUTS] = facts.to_bytes()
    with folder.locked():
        summary = folder.read_json(files.SUMMARY) if folder.file(files.SUMMARY).exists() else {}
        summary["temperature"] = temperature * summary.get("temperature", 1.0)
        folder.replace_model({**made, files.SUMMARY: json_bytes(summary)})
