"""The story of one training: config, data, model, loop, files, test; and the part of it that `compare` repeats."""

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import yaml

from nncli.config.facts import Task
from nncli.config.reading.document import KeyPath
from nncli.config.reading.loading import load_config
from nncli.config.sections import to_mapping
from nncli.console import Console
from nncli.pipeline.background_import import begin_import
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.remarks import cause_in, describe_verdict
from nncli.pipeline.predicting.scoring import thresholds
from nncli.pipeline.predicting.scoring.measuring import measure_part
from nncli.pipeline.preparation import Prepared, example_input, prepare
from nncli.pipeline.training.checkpoint import Resumed, discard_checkpoint
from nncli.pipeline.training.fitting import Fitted, fit_model
from nncli.pipeline.training.health.judging import list_verdicts, tell_verdicts
from nncli.pipeline.training.health.probing import keep_due
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.training.record import describe_process, recorded
from nncli.pipeline.training.saving import save_model, save_novelty, save_plots, verify_saved
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
    watch.add_rest("start")
    with watch.part("config"):
        loaded = load_config(name, assignments, options)
        begin_import(loaded.config.data.source, data_dir=folders.data_dir)
    with watch.part("data"):
        prepared = prepare(loaded, folders, console)
    folder = RunFolder.create(folders.runs_dir, prepared.config.name)
    return train_into(folder, prepared, console, Terms(max_minutes=max_minutes, watch=watch))


def train_into(folder: RunFolder, prepared: Prepared, console: Console, terms: Terms | None = None) -> TrainedRun:
    """Trains in a folder that was made for it, or goes on in it; run.json tells how it ended."""
    terms = terms or Terms()
    started, watch, title = time.monotonic(), terms.watch, terms.title
    with recorded(folder):
        with watch.part("other"):
            _write_beginnings(folder, prepared, terms.resumed)
        fitted = fit_model(folder, prepared, console, terms)
        with console.step("testing and writing the model"):
            with watch.part("test"):
                predictions = _predict_test(prepared, fitted)
                if not title:  # variants of a comparison are all measured at one half
                    prepared = _with_thresholds(folder, prepared, fitted, console)
                summary = _summarize(prepared, fitted, predictions)
            with watch.part("export"):
                save_novelty(folder, prepared.dataset)  # before the manifest, which covers it
                exports = save_model(folder, fitted.model, prepared.config)
            with watch.part("plots"):
                save_plots(folder, prepared, fitted, with_health=prepared.config.train.health and not title)
            folder.write_json(files.SUMMARY, summary)
            with watch.part("verify"):
                verified = verify_saved(folder, prepared, predictions)
        _tell(summary, fitted.history, title, console)
        fitted.watchers.flush()
        if prepared.config.train.checkpoint == "none":
            discard_checkpoint(folder)
        folder.write_record(
            exports=exports,
            verified=verified,
            duration_seconds=round(time.monotonic() - started, 3),
            timings=watch.told,
        )
    return TrainedRun(folder, summary, watch.told, example_input(prepared.config.data, prepared.dataset.facts))


def _write_beginnings(folder: RunFolder, prepared: Prepared, resumed: Resumed | None) -> None:
    """Writes what is known before the first batch, so that a killed run can still be understood."""
    config, dataset = prepared.config, prepared.dataset
    comment = "# `nncli train` with the path of this file repeats the run\n"
    document = yaml.safe_dump(to_mapping(config), sort_keys=False, allow_unicode=True)
    folder.write(files.CONFIG, (comment + document).encode())
    folder.write(files.INPUTS, dataset.facts.to_bytes())
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    folder.write(files.SPLITS, npz_bytes({name: part.rows for name, part in parts.items()}))
    if resumed is not None:
        # The model that a finished run has can be used until the longer training has another.
        folder.renew_manifest(files.CONFIG, files.INPUTS)
        # Lines after those of the checkpoint are of epochs that are trained again.
        records = [{"epoch": number, **each} for number, each in enumerate(resumed.history, 1)]
        _write_lines(folder, files.METRICS, records)
        if config.train.health:
            _write_lines(folder, files.HEALTH, keep_due(resumed.health, config, dataset.facts))
        return
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


def _write_lines(folder: RunFolder, name: str, records: Sequence[Mapping[str, Any]]) -> None:
    lines = (json.dumps(finite(each), ensure_ascii=False) for each in records)
    folder.write(name, "".join(f"{line}\n" for line in lines).encode())


def _with_thresholds(folder: RunFolder, prepared: Prepared, fitted: Fitted, console: Console) -> Prepared:
    """Chooses thresholds on the validation set and writes them among the facts of the run."""
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
    folder.write(files.INPUTS, facts.to_bytes())
    return replace(prepared, dataset=replace(dataset, facts=facts))


def _tell(summary: Mapping[str, Any], history: History, title: str, console: Console) -> None:
    """What is wrong with the training; of one of many only that it learned nothing."""
    judged, verdicts = summary["test"]["judged"], summary["health"]
    told = describe_verdict(judged, history, cause_in(verdicts))
    if told is not None:
        console.warn(f"{title}: {told}" if title else told)
    if not title:
        tell_verdicts(verdicts, console, nothing_learned=judged["verdict"] == "nothing")


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
        "health": list_verdicts(fitted.watchers.health, history, config.silence),
        "seconds_per_epoch": round(_usual_seconds(history), 4),
        "parameters": sum(int(np.prod(weight.shape)) for weight in fitted.model.trainable_weights),
    }
