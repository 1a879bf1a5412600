"""The story of an evaluation: a run, its test set or other labelled data, the numbers, the pictures."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nncli import data
from nncli.console import Console
from nncli.data.dataset import Dataset, Part, SeenRows, find_seen
from nncli.data.plurals import count
from nncli.data.streaming.mapping import let_go
from nncli.errors import DataError, NncliError, RunError, UnreachableError, UsageError
from nncli.evaluate.worst import worst_examples
from nncli.pipeline.folders import Folders
from nncli.pipeline.own_data import read_own_data
from nncli.pipeline.predicting.groups import FEWEST_ROWS, require_column
from nncli.pipeline.predicting.open_run import KerasPredictor, OpenRun, Predicts, make_predictor, open_run
from nncli.pipeline.predicting.remarks import (
    cause_in,
    count_impossible,
    describe_impossible,
    describe_other_data,
    describe_verdict,
)
from nncli.pipeline.predicting.scoring import thresholds
from nncli.pipeline.predicting.scoring.calibrating import calibrate, offer
from nncli.pipeline.predicting.scoring.importance import Importance, measure_importance
from nncli.pipeline.predicting.scoring.measuring import intervals_of, measure_groups, measure_new, measure_part
from nncli.pipeline.predicting.scoring.pictures import write_pictures
from nncli.pipeline.predicting.scoring.references import compare_with_references, sum_of_rows
from nncli.pipeline.predicting.scoring.thinning import thin_for_references
from nncli.pipeline.predicting.scoring.verification import verify
from nncli.pipeline.predicting.unlike import measure_unlike
from nncli.pipeline.preparation import example_input
from nncli.run import files
from nncli.run.files import json_bytes
from nncli.run.model_files import read_sums

WORST_COUNT = 16
PREDICT_ROWS = 4096


@dataclass(frozen=True)
class Evaluation:
    """What was measured, the run it was measured on, and whether that took all of it into its folder."""

    run: OpenRun
    result: dict[str, Any]
    is_written: bool

    @property
    def example_input(self) -> str:
        """What stands for the input in a suggested `nncli predict`."""
        return example_input(self.run.load_config().config.data, self.run.facts)


@dataclass(frozen=True)
class EvaluationRequest:
    """What is measured, and what besides the metrics.

    `data_path` is that of labelled data in place of the run's own test set. `by` names a column of the table: then each
    of its values is measured by itself, too. If `verified`, all test rows first go the way of `predict` and are
    compared with Keras. If `calibrated`, the run's probabilities are calibrated first (see scoring.calibrating).
    `with_importance` also measures which inputs the network uses (see scoring.importance).
    """

    data_path: str | None = None
    by: str | None = None
    verified: bool = False
    calibrated: bool = False
    with_importance: bool = False


def evaluate(
    word: str = "latest", request: EvaluationRequest | None = None, *, folders: Folders, console: Console
) -> Evaluation:
    """Measures a run on its own test set, or on other labelled data; writes what is found into the run folder.

    Raises RunError for a run that cannot be used, DataError for data that does not fit it, NncliError for test rows
    that `predict` and Keras disagree on, UsageError for requests that do not go together.
    """
    request = request or EvaluationRequest()
    if request.verified and request.data_path is not None:
        raise UsageError("--verify is for the test set of the run, and --data names other data", hint="use one of them")
    run = open_run(word, folders, console)
    if request.calibrated and run.is_ensemble:
        raise UsageError("--calibrate is for a single network, and this is an ensemble", hint="leave it out")
    if request.by is not None:
        require_column(run.facts, request.by, in_training_file=request.data_path is None)
    part, seen, own = _labelled_part(run, folders, console, request.data_path)
    if request.calibrated:
        run = calibrate(run, own or read_own_data(run, folders, console), console)
    predictor = make_predictor(run, console)
    proof = _verify(run, part, predictor, console) if request.verified else None
    predictions, offered = _predict(run, predictor, part, own if request.data_path is None else None, console)
    importance = measure_importance(run, part, predictions, predictor, console) if request.with_importance else None
    result = {
        **_measure_all(run, part, predictions, request, console),
        "offered": offered,
        "references": None if request.data_path or own is None else _compare(own, predictions, console),
        "seen": None if seen is None else seen.counts,
        "new_rows": measure_new(run.facts, part, predictions, seen),
        "verified": proof,
        "importance": importance.result if importance else None,
    }
    is_written = _write(run, part, predictions, result, importance, console)
    _remark(run, result, console)
    return Evaluation(run, result, is_written)


def _compare(own: Dataset, predictions: np.ndarray, console: Console) -> dict[str, Any]:
    """The comparison with other models on the same rows, or on some of them if the data is streamed."""
    some, answers = thin_for_references(own, predictions)
    found = compare_with_references(some, answers, console)
    return {**found, "fitted_to": sum_of_rows(own), "compared_on": len(some.test)}


def _predict(
    run: OpenRun, predictor: Predicts, part: Part, own: Dataset | None, console: Console
) -> tuple[np.ndarray, dict[str, Any] | None]:
    """The predictions of a part, and for the run's own test set what a temperature would make of them."""
    with console.step("predicting") as progress:
        predictions = _predict_all(predictor, part, progress)
        if own is None or run.facts.target.task.is_regression:
            return predictions, None
        known = _predict_all(predictor, own.validation, progress) if len(own.validation) else predictions[:0]
        return predictions, offer(run.facts, own.validation, known, part, predictions)


def _measure_all(
    run: OpenRun, part: Part, predictions: np.ndarray, request: EvaluationRequest, console: Console
) -> dict[str, Any]:
    """Measures all rows, and groups of them where that is requested."""
    own, by = request.data_path is None, request.by
    with console.step("resampling rows") as progress:
        intervals = intervals_of(run.facts, part, predictions, progress)
    groups = None if by is None else measure_groups(run, part, predictions, by, request.data_path)
    return {
        "run": str(run.folder.path),
        "source": run.facts.source if own else request.data_path,
        "part": "test" if own else "all",
        "weights": read_sums(run.folder.path).get(files.WEIGHTS),
        **measure_part(run.facts, part, predictions),
        "intervals": intervals,
        "thresholds": thresholds.by_name(run.facts),
        "impossible": count_impossible(run.facts, predictions),
        "unlike_training": measure_unlike(run, part.inputs),
        "by": None if by is None else {"column": by, "groups": groups},
    }


def _verify(run: OpenRun, part: Part, predictor: Predicts, console: Console) -> dict[str, Any]:
    """Whether `predict` gives Keras's answer for every test row. Raises NncliError if it does not."""
    with console.step("comparing predict with Keras"):
        keras = KerasPredictor(run)
        config = run.load_config().config
        proof = verify(config, run.facts, part, expect=keras.predict, predictor=predictor)
    if proof is None:
        raise DataError("no image or CSV file can hold rows such as those of this run, so there is nothing to verify")
    return proof.to_mapping()


def _remark(run: OpenRun, result: dict[str, Any], console: Console) -> None:
    """Prints the warnings that go with the metrics."""
    if result["impossible"]:
        console.warn(describe_impossible(run.facts, result["impossible"], result["rows"]))
    small = [group["name"] for group in result["by"]["groups"] if group["rows"] < FEWEST_ROWS] if result["by"] else []
    if small:
        told_names = f"{', '.join(small[:5])}{' …' if len(small) > 5 else ''}"
        console.warn(
            f"groups of fewer than {FEWEST_ROWS} rows say little, and their intervals are too narrow: {told_names}"
        )
    told = _describe(run, result)
    if told is not None:
        console.warn(told)


def _describe(run: OpenRun, result: dict[str, Any]) -> str | None:
    """The verdict in words, on rows that are new to the run if there are any; rows it has seen prove nothing."""
    judged = result["judged"] if result["new_rows"] is None else result["new_rows"]["judged"]
    if result["part"] != "test" and _has_learned(run):
        return describe_other_data(judged)
    # Runs that were interrupted have no summary, those of earlier versions no verdicts.
    has_summary = run.folder.file(files.SUMMARY).exists()
    cause = cause_in(run.folder.read_json(files.SUMMARY).get("health", []) if has_summary else [])
    return describe_verdict(judged, run.folder.read_lines(files.METRICS), cause)


def _has_learned(run: OpenRun) -> bool:
    """Whether it was better than guessing on its own test set; earlier runs, which were not judged, count as such."""
    try:
        judged = run.folder.read_json(files.SUMMARY)["test"]["judged"]
    except (RunError, KeyError):
        return True
    return judged["verdict"] in ("better", "overconfident", "outliers")


def _origin_of(part: Part, index: int) -> dict[str, Any]:
    """Where an example comes from: its row in the source, counted from 1, and its file if it has one."""
    file = {"file": part.files[index]} if part.files else {}
    return {"row": int(part.rows[index]) + 1, **file}


def _labelled_part(
    run: OpenRun, folders: Folders, console: Console, data_path: str | None
) -> tuple[Part, SeenRows | None, Dataset | None]:
    """The run's own test set, made again from its config and checked to be the same; or the user's data.

    For the user's data, also says which of its rows the run learned from; None if the run's own data has changed. The
    run's own data is the third.
    """
    if data_path is not None:
        part = _read_labelled(run, data_path, console)
        if part.unlabelled:
            console.say(f"{count(part.unlabelled, 'row')} of {data_path} without a target dropped")
        try:
            own = read_own_data(run, folders, console)
        except (DataError, UnreachableError):
            console.warn(
                "the run's own data is missing or has changed, so rows it was trained on cannot be told apart and "
                "count in the score"
            )
            return part, None, None
        return part, find_seen(part, own), own
    own = read_own_data(run, folders, console)
    if not len(own.test):
        raise DataError(
            f"{run.folder.path} learned from all rows, so that none is left to measure it on; its score in "
            f"{files.SUMMARY} is that of its folds",
            hint="measure it on other labelled data with --data PATH",
        )
    return own.test, None, own


def _read_labelled(run: OpenRun, path: str, console: Console) -> Part:
    """The user's data, encoded for the run; streamed where it is too large for memory."""
    with console.step("reading data") as progress:
        return data.load_labelled(path, run.facts, progress=progress, say=console.say)


def _predict_all(predictor: Predicts, part: Part, progress: Callable[[str, float], None]) -> np.ndarray:
    outputs: np.ndarray | None = None
    for start in range(0, len(part), PREDICT_ROWS):
        rows = slice(start, start + PREDICT_ROWS)
        found = predictor.predict({name: array[rows] for name, array in part.inputs.items()})
        if outputs is None:
            outputs = np.empty((len(part), *found.shape[1:]), found.dtype)
        outputs[rows] = found
        progress("predicting", min(1.0, (start + PREDICT_ROWS) / len(part)))
        let_go(part.inputs.values())
    return outputs if outputs is not None else np.empty((0, 1), np.float32)


def _count_evaluation(run: OpenRun) -> None:
    """Counts in the summary how often the test set was looked at: chosen by often enough, it is a validation set."""
    if not run.folder.file(files.SUMMARY).exists():  # of a run that was interrupted
        return
    with run.folder.locked():
        summary = run.folder.read_json(files.SUMMARY)
        looked = summary.get("test_evaluations", 1)  # earlier versions counted nothing; their training looked once
        run.folder.replace_model({files.SUMMARY: json_bytes({**summary, "test_evaluations": looked + 1})})


def _write(
    run: OpenRun,
    part: Part,
    predictions: np.ndarray,
    result: dict[str, Any],
    importance: Importance | None,
    console: Console,
) -> bool:
    """Adds the worst rows to the result and writes it and the pictures that fit the task, beside what the training
    left; a folder that cannot be written only costs a warning, since the numbers are the answer.

    Returns whether all of it was written.
    """
    target = run.facts.target
    worst = worst_examples(target.task, part.targets, predictions, target.names, WORST_COUNT, target.thresholds)
    result["worst"] = [{**asdict(example), **_origin_of(part, example.index)} for example in worst]
    try:
        run.folder.write_json(f"{files.EVALUATION}/metrics.json", result)
        if result["part"] == "test":
            _count_evaluation(run)
        write_pictures(run, part, predictions, result, worst)
        if importance is not None:
            importance.write(run)
    except NncliError as error:
        console.warn(error.message)
        return False
    return True
