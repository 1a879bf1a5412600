"""The story of one training: config, data, model, loop, files, test; and the part of it that `compare` repeats."""

import json
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nncli.config.facts import Task
from nncli.config.reading.document import KeyPath
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.data.dataset import Part
from nncli.data.streaming.mapping import let_go
from nncli.pipeline.background_import import begin_import
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.remarks import cause_in, describe_verdict
from nncli.pipeline.predicting.scoring import thresholds
from nncli.pipeline.predicting.scoring.measuring import measure_part, quick_intervals_of, test_answers
from nncli.pipeline.preparation import Prepared, example_input, prepare
from nncli.pipeline.tracking.following import followed
from nncli.pipeline.training.continuing.checkpoint import Resumed, discard_checkpoint
from nncli.pipeline.training.continuing.stopping import kept_if_stopped, left_if_stopped, told_if_stopped
from nncli.pipeline.training.fitting import Fitted, fit_model
from nncli.pipeline.training.frames.filming import make_filming
from nncli.pipeline.training.frames.request import ShowRequest
from nncli.pipeline.training.health.judging import list_verdicts, tell_verdicts
from nncli.pipeline.training.health.probing import keep_due
from nncli.pipeline.training.health.sketch import sketch_layers
from nncli.pipeline.training.out_of_fold import OutOfFold, require_test, tested_part
from nncli.pipeline.training.planning import Pause, Terms, batch_size
from nncli.pipeline.training.record import config_bytes, describe_process, recorded
from nncli.pipeline.training.saving import VERIFIED_ROWS, save_model, save_plots, verify_saved
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.pipeline.training.watching import History, monitored
from nncli.pipeline.training.workers.group import Group
from nncli.pipeline.weights import npz_bytes
from nncli.run import files
from nncli.run.files import finite
from nncli.run.folder import RunFolder
from nncli.tracking.packages import require_packages

DEFAULT_CONFIG = "digits_softmax"


@dataclass(frozen=True)
class TrainedRun:
    """A finished training: its folder, what summary.json says, and how long each part took (see docs/runs.md).

    `example_input` stands for what `nncli predict` takes: IMAGE, or the table of the config, quoted for a shell.
    `pictures` are the files of what was shown while it learned, by name; `trackers` were told about it to the end.
    """

    folder: RunFolder
    summary: dict[str, Any]
    timings: dict[str, Any]
    example_input: str = "INPUT"
    pictures: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trackers: Sequence[str] = ()


def train(
    name: str = DEFAULT_CONFIG,
    *,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
    stopwatch: Stopwatch | None = None,
    max_minutes: float | None = None,
    show: ShowRequest | None = None,
    pause: Pause | None = None,
    group: Group | None = None,
    if_stopped: Callable[[RunFolder], None] | None = None,
) -> TrainedRun:
    """Trains the network of a config (a file or a shipped name) and leaves a run folder.

    Timings count from the beginning of the `stopwatch`, else from this call. No epoch begins that would end after
    `max_minutes` of training. What to `show` of the network while it learns ends up in plots/. For
    `pause` and `if_stopped` see `Terms`. With a `group`, this process is the chief of the workers that train together.
    Raises ConfigError, DataError and UsageError before anything is written, UnreachableError where data is not
    available, TrainingDivergedError when the loss is no longer finite.
    """
    watch = stopwatch or Stopwatch()
    prepared = load_and_prepare(name, folders, console, assignments, options, watch)
    filming = make_filming(show, prepared)
    if group is not None:
        group.refuse(prepared)
    folder = RunFolder.create(folders.runs_dir, prepared.config.name)
    terms = Terms(
        max_minutes=max_minutes, filming=filming, pause=pause, watch=watch, group=group, if_stopped=if_stopped
    )
    return train_followed(folder, prepared, console, terms)


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
        require_packages(loaded.config.train.tracking)
        begin_import(loaded.config.data.source, data_dir=folders.data_dir)
    with watch.part("data"):
        prepared = prepare(loaded, folders, console)
        require_test(prepared.dataset)
        return prepared


def train_followed(folder: RunFolder, prepared: Prepared, console: Console, terms: Terms) -> TrainedRun:
    """`train_into`, with the trackers that the config names."""
    with (
        left_if_stopped(folder, terms.if_stopped),
        told_if_stopped(folder, console),
        recorded(folder),  # also where it is stopped while trackers are made ready
        followed(folder, prepared.config, console) as following,
    ):
        run = _train_recorded(folder, prepared, console, replace(terms, following=following))
    return run if following is None else replace(run, trackers=following.names)


def train_into(folder: RunFolder, prepared: Prepared, console: Console, terms: Terms | None = None) -> TrainedRun:
    """Trains in a folder made for it, or resumes in it; run.json records how it ended."""
    terms = terms or Terms()
    with told_if_stopped(folder, console, title=terms.title):
        return _train_recorded(folder, prepared, console, terms)


def _train_recorded(folder: RunFolder, prepared: Prepared, console: Console, terms: Terms) -> TrainedRun:
    started, watch, title = time.monotonic(), terms.watch, terms.title
    with recorded(folder):
        with watch.part("other"):
            _write_beginnings(folder, prepared, terms.resumed)
        fitted = fit_model(folder, prepared, console, terms)
        with kept_if_stopped(folder, fitted, console), console.step("testing and writing the model"):
            with watch.part("test"):
                part = tested_part(prepared.dataset, terms.out_of_fold)
                predictions = _predict_part(prepared, fitted, part, terms.out_of_fold)
                if not title:  # variants of a comparison are all measured at one half
                    prepared = _with_thresholds(prepared, fitted, console)
                summary = _summarize(prepared, fitted, part, predictions)
                summary["test"]["intervals"] = quick_intervals_of(prepared.dataset.facts, part, predictions)
            with watch.part("export"):
                answers = npz_bytes(test_answers(prepared.dataset.facts, part, predictions, whole=prepared.is_fold))
                tested = {files.ANSWERS: answers, files.SUMMARY: files.json_bytes(summary)}
                exports = save_model(folder, fitted.model, prepared, tested)
            with watch.part("plots"):
                save_plots(folder, prepared, fitted, with_health=prepared.config.train.health and not title)
                if terms.filming is not None:
                    terms.filming.save(folder, console)
            with watch.part("verify"):
                verified = verify_saved(folder, prepared, *_verifiable(prepared, fitted, predictions))
        _report_health(summary, fitted, title, console)
        _end_checkpoints(folder, fitted, keep=prepared.config.train.checkpoint != "none" and not title)
        folder.write_record(
            exports=exports,
            verified=verified,
            duration_seconds=round(time.monotonic() - started, 3),
            timings=watch.to_mapping(),
        )
    example = example_input(prepared.config.data, prepared.dataset.facts)
    return TrainedRun(folder, summary, watch.to_mapping(), example, terms.filming.pictures if terms.filming else {})


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
            origins=prepared.origins() if folder.record["kind"] == "train" else {},
            data={
                "asked": config.data.source,
                "source": dataset.facts.source,
                "fingerprint": dataset.fingerprint,
                "rows": dataset.facts.rows,
            },
        )
    else:
        folder.keep_model()  # the model that a finished run has can be used until the longer training has another
        if resumed.record:
            folder.write_record(status="running", ended=None, reason=None, **resumed.record)
        # Lines after those of the checkpoint are of epochs that are trained again.
        records = [{"epoch": number, **each} for number, each in enumerate(resumed.history, 1)]
        _write_lines(folder, files.METRICS, records)
        if config.train.health:
            _write_lines(folder, files.HEALTH, keep_due(resumed.health, config, dataset.facts))
    folder.write(files.INPUTS, dataset.facts.to_bytes())
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    kind = np.uint32 if dataset.is_streamed else np.int64  # half as much to compress of what may be many rows
    folder.write(files.SPLITS, npz_bytes({name: part.rows.astype(kind) for name, part in parts.items()}))
    let_go(part.rows for part in parts.values())
    folder.write(files.CONFIG, config_bytes(config))


def _write_lines(folder: RunFolder, name: str, records: Sequence[Mapping[str, Any]]) -> None:
    lines = (json.dumps(finite(each), ensure_ascii=False) for each in records)
    folder.write(name, files.encode("".join(f"{line}\n" for line in lines)))


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
    if dataset.facts.target.task not in (Task.BINARY, Task.MULTILABEL) or not len(dataset.validation):
        return prepared
    predictions = predict(serving(fitted.model, prepared.config), dataset.validation.inputs)
    facts = thresholds.choose_for(dataset.facts, dataset.validation.targets, predictions)
    if facts is dataset.facts or not (told := thresholds.describe(facts)):
        return prepared
    console.say(f"predicts {told}: larger F1 on the validation set")
    return replace(prepared, dataset=replace(dataset, facts=facts))


def _report_health(summary: Mapping[str, Any], fitted: Fitted, title: str, console: Console) -> None:
    """Reports what is wrong with the training; for one of many, only that it learned nothing."""
    judged, verdicts = summary["test"]["judged"], summary["health"]
    told = describe_verdict(judged, fitted.history, cause_in(verdicts))
    if told is not None:
        console.warn(f"{title}: {told}" if title else told)
    if not title:
        tell_verdicts(verdicts, console, nothing_learned=judged["verdict"] == "nothing")
        rules = [verdict["rule"] for verdict in verdicts]
        for line in sketch_layers(fitted.watchers.health, rules, console.talk_width):
            console.say(line)


def _usual_seconds(history: History) -> float:
    """The median over the epochs, without the first, which warms up, if there are others."""
    return statistics.median(record["train_seconds"] for record in history[1:] or history)


def _predict_part(prepared: Prepared, fitted: Fitted, part: Part, known: OutOfFold | None) -> np.ndarray:
    """Keras's predictions of a part, float32 (rows, outputs), or those that the folds made for it."""
    from nncli.engine.prediction import predict
    from nncli.model import serving

    if known is not None and not part.inputs:
        return known.predictions
    return predict(serving(fitted.model, prepared.config), part.inputs)


def _verifiable(prepared: Prepared, fitted: Fitted, predictions: np.ndarray) -> tuple[Part, np.ndarray]:
    """Some test rows, or training rows where there is no test set, with Keras's predictions."""
    test, train = prepared.dataset.test, prepared.dataset.train
    if len(test):
        return test.take(np.arange(min(VERIFIED_ROWS, len(test)))), predictions[:VERIFIED_ROWS]
    some = train.take(np.arange(min(VERIFIED_ROWS, len(train))))
    return some, _predict_part(prepared, fitted, some, None)


def _summarize(prepared: Prepared, fitted: Fitted, part: Part, predictions: np.ndarray) -> dict[str, Any]:
    """The content of summary.json: the best epoch, its metrics, the metrics of the tested part."""
    config, dataset, history, best = prepared.config, prepared.dataset, fitted.history, fitted.best_epoch
    return {
        "monitor": monitored(config),
        "epochs": len(history),
        "epochs_asked": config.train.epochs,
        "best_epoch": best + 1,
        "kept_epoch": best + 1 if config.train.keep == "best" else len(history),
        "best": history[best],
        "last": history[-1],
        "test": measure_part(dataset.facts, part, predictions),
        "test_evaluations": 1,
        "temperature": 1.0,
        "health": list_verdicts(fitted.watchers.health, history, config.silence),
        "seconds_per_epoch": round(_usual_seconds(history), 4),
        "updates": len(history) * math.ceil(len(dataset.train) / batch_size(config, dataset.facts)),
        "parameters": sum(int(np.prod(weight.shape)) for weight in fitted.model.trainable_weights),
    }
