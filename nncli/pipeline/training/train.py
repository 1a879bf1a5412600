"""The story of one training: config, data, model, loop, files, test; and the part of it that `compare` repeats."""

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nncli.config.facts import Task
from nncli.config.reading.document import KeyPath
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.pipeline.background_import import begin_import
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.remarks import describe_verdict
from nncli.pipeline.predicting.scoring import thresholds
from nncli.pipeline.predicting.scoring.measuring import measure_part
from nncli.pipeline.preparation import Prepared, example_input, prepare
from nncli.pipeline.training.continuing.checkpoint import Resumed, discard_checkpoint
from nncli.pipeline.training.continuing.stopping import kept_if_stopped
from nncli.pipeline.training.fitting import Fitted, fit_model
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.training.record import config_bytes, describe_process, recorded
from nncli.pipeline.training.saving import save_model, save_plots, verify_saved
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.pipeline.training.watching import History, monitored
from nncli.pipeline.weights import npz_bytes
from nncli.run import files
from nncli.run.files import finite
from nncli.run.folder import RunFolder

DEFAULT_CONFIG = "digits_softmax"


@dataclass(frozen=True)
class TrainedRun:
    """A finished training: its folder, what summary.json says, and how long each part took (see docs/runs.md).

    `example_input` stands for what `nncli predict` takes: IMAGE, or the table of the config, quoted for a shell.
    """

    folder: RunFolder
    summary: dict[str, Any]
    timings: dict[str, Any]
    example_input: str = "INPUT"


def train(
    name: str = DEFAULT_CONFIG,
    *,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
    stopwatch: Stopwatch | None = None,
    max_minutes: float | None = None,
) -> TrainedRun:
    """Trains the network of a config (a file or a shipped name) and leaves a run folder.

    Timings count from the beginning of the `stopwatch`, else from this call. No epoch begins that would end after
    `max_minutes` of training.
    Raises ConfigError and DataError before anything is written, UnreachableError where data is not available,
    TrainingDivergedError when the loss is no longer finite.
    """
    watch = stopwatch or Stopwatch()
    prepared = load_and_prepare(name, folders, console, assignments, options, watch)
    folder = RunFolder.create(folders.runs_dir, prepared.config.name)
    return train_into(folder, prepared, console, Terms(max_minutes=max_minutes, watch=watch))


def load_and_prepare(
    name: str,
    folders: Folders,
    console: Console,
    assignments: Sequence[str],
    options: Sequence[tuple[KeyPath, Any, str]],
    watch: Stopwatch,
) -> Prepared:
    """A config with its data, while TensorFlow is imported. Raises ConfigError, DataError, UnreachableError."""
    watch.add_rest("start")
    with watch.part("config"):
        loaded = load_config(name, assignments, options)
        begin_import(loaded.config.data.source, data_dir=folders.data_dir)
    with watch.part("data"):
        return prepare(loaded, folders, console)


def train_into(folder: RunFolder, prepared: Prepared, console: Console, terms: Terms | None = None) -> TrainedRun:
    """Trains in a folder that was made for it, or goes on in it; run.json tells how it ended."""
    terms = terms or Terms()
    started, watch, title = time.monotonic(), terms.watch, terms.title
    with recorded(folder):
        with watch.part("other"):
            _write_beginnings(folder, prepared, terms.resumed)
        fitted = fit_model(folder, prepared, console, terms)
        with kept_if_stopped(folder, fitted, console, title=title), console.step("testing and writing the model"):
            with watch.part("test"):
                predictions = _predict_test(prepared, fitted)
                if not title:  # variants of a comparison are all measured at one half
                    prepared = _with_thresholds(prepared, fitted, console)
                summary = _summarize(prepared, fitted, predictions)
            with watch.part("export"):
                exports = save_model(folder, fitted.model, prepared.config, prepared.dataset, summary)
            with watch.part("plots"):
                save_plots(folder, prepared, fitted)
            with watch.part("verify"):
                verified = verify_saved(folder, prepared, predictions)
        told = describe_verdict(summary["test"]["judged"], fitted.history)
        if told is not None:
            console.warn(f"{title}: {told}" if title else told)
        _end_checkpoints(folder, fitted, keep=prepared.config.train.checkpoint != "none" and not title)
        folder.write_record(
            exports=exports,
            verified=verified,
            duration_seconds=round(time.monotonic() - started, 3),
            timings=watch.told,
        )
    return TrainedRun(folder, summary, watch.told, example_input(prepared.config.data, prepared.dataset.facts))


def _write_beginnings(folder: RunFolder, prepared: Prepared, resumed: Resumed | None) -> None:
    """Writes what is known before the first batch, so that a killed run can still be understood.

    The config comes last: a run that has one can go on.
    """
    config, dataset = prepared.config, prepared.dataset
    if resumed is None:
        folder.write_record(
            **describe_process(),
            name=config.name,
            seed=config.seed,
            data={
                "asked": config.data.source,
                "source": dataset.facts.source,
                "fingerprint": dataset.fingerprint,
                "rows": dataset.facts.rows,
            },
        )
    else:
        folder.keep_model()  # the model that a finished run has can be used until the longer training has another
        # Lines after those of the checkpoint are of epochs that are trained again.
        records = [finite({"epoch": number, **each}) for number, each in enumerate(resumed.history, 1)]
        folder.write(files.METRICS, "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in records).encode())
    folder.write(files.INPUTS, dataset.facts.to_bytes())
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    folder.write(files.SPLITS, npz_bytes({name: part.rows for name, part in parts.items()}))
    folder.write(files.CONFIG, config_bytes(config))


def _end_checkpoints(folder: RunFolder, fitted: Fitted, *, keep: bool) -> None:
    """The last state stays, so that the run can be extended, or none."""
    if keep:
        fitted.watchers.flush()
    else:
        fitted.watchers.checkpoints.drop()
        discard_checkpoint(folder)


def _with_thresholds(prepared: Prepared, fitted: Fitted, console: Console) -> Prepared:
    """Chooses thresholds on the validation set and puts them among the facts of the run."""
    from nncli.engine.prediction import predict
    from nncli.model import serving

    dataset = prepared.dataset
    if dataset.facts.target.task not in (Task.BINARY, Task.MULTILABEL):
        return prepared
    predictions = predict(serving(fitted.model, prepared.config), dataset.validation.inputs)
    facts = thresholds.choose_for(dataset.facts, dataset.validation.targets, predictions)
    if facts is dataset.facts or not (told := thresholds.describe(facts)):
        return prepared
    console.say(f"predicts {told}: larger F1 on the validation set")
    return replace(prepared, dataset=replace(dataset, facts=facts))


def _usual_seconds(history: History) -> float:
    """The median over the epochs, without the first, which warms up, if there are others."""
    return statistics.median(record["train_seconds"] for record in history[1:] or history)


def _predict_test(prepared: Prepared, fitted: Fitted) -> np.ndarray:
    """Keras's predictions of the test set, float32 (rows, outputs)."""
    from nncli.engine.prediction import predict
    from nncli.model import serving

    return predict(serving(fitted.model, prepared.config), prepared.dataset.test.inputs)


def _summarize(prepared: Prepared, fitted: Fitted, predictions: np.ndarray) -> dict[str, Any]:
    """The content of summary.json: the best epoch, its metrics, the test metrics."""
    config, dataset, history, best = prepared.config, prepared.dataset, fitted.history, fitted.best_epoch
    return {
        "monitor": monitored(config),
        "epochs": len(history),
        "epochs_asked": config.train.epochs,
        "best_epoch": best + 1,
        "kept_epoch": best + 1 if config.train.keep == "best" else len(history),
        "best": history[best],
        "last": history[-1],
        "test": measure_part(dataset.facts, dataset.test, predictions),
        "test_evaluations": 1,
        "temperature": 1.0,
        "seconds_per_epoch": round(_usual_seconds(history), 4),
        "parameters": sum(int(np.prod(weight.shape)) for weight in fitted.model.trainable_weights),
    }
