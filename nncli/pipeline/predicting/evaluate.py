"""The story of an evaluation: a run, its test set or other labelled data, the numbers, the pictures."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nncli import data
from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.console import Console
from nncli.data.dataset import Part, SeenRows, find_seen
from nncli.data.plurals import count
from nncli.errors import DataError, NncliError, RunError, UnreachableError, UsageError
from nncli.evaluate import plots
from nncli.evaluate.intervals import bootstrap_intervals
from nncli.evaluate.metrics import Baseline, measure
from nncli.evaluate.worst import WorstExample, worst_examples
from nncli.pipeline.folders import Folders
from nncli.pipeline.own_data import read_own_data
from nncli.pipeline.predicting.groups import FEWEST_ROWS, group_rows, require_column
from nncli.pipeline.predicting.open_run import KerasPredictor, OpenRun, Predicts, make_predictor, open_run
from nncli.pipeline.predicting.remarks import (
    count_impossible,
    describe_impossible,
    describe_other_data,
    describe_verdict,
)
from nncli.pipeline.predicting.unlike import measure_unlike
from nncli.pipeline.predicting.verification import verify
from nncli.pipeline.preparation import example_input
from nncli.run import files

WORST_COUNT = 16
PREDICT_ROWS = 4096


@dataclass(frozen=True)
class Evaluation:
    """What was measured, and the run it was measured on."""

    run: OpenRun
    result: dict[str, Any]

    @property
    def example_input(self) -> str:
        """What stands for the input in a suggested `nncli predict`."""
        return example_input(self.run.load_config().config.data, self.run.facts)


def evaluate(
    word: str = "latest",
    *,
    folders: Folders,
    console: Console,
    data_path: str | None = None,
    by: str | None = None,
    verified: bool = False,
) -> Evaluation:
    """Measures a run on its own test set, or on labelled data at `data_path`; writes it into the run folder.

    `by` names a column the network reads: then each of its values is measured by itself, too.

    With `verified`, all test rows first go the way of `predict` and are compared with Keras.

    Raises RunError for a run that cannot be used, DataError for data that does not fit it, NncliError for test rows
    that `predict` and Keras disagree on.
    """
    if verified and data_path is not None:
        raise UsageError("--verify is for the test set of the run, and --data names other data", hint="use one of them")
    run = open_run(word, folders, console)
    if by is not None:
        require_column(run.facts, by)
    part, seen = _labelled_part(run, folders, console, data_path)
    predictor = make_predictor(run, console)
    proof = _verify(run, part, predictor, console) if verified else None
    with console.step("predicting") as progress:
        predictions = _predict_all(predictor, part, progress)
    worst = worst_examples(run.facts.target.task, part.targets, predictions, names_of(run.facts), WORST_COUNT)
    result = {
        "run": str(run.folder.path),
        "source": run.facts.source if data_path is None else data_path,
        "part": "test" if data_path is None else "all",
        **measure_part(run.facts, part, predictions),
        "intervals": _intervals_of(run.facts, part, predictions),
        "impossible": count_impossible(run.facts, predictions),
        "unlike_training": measure_unlike(run, part.inputs),
        "seen": None if seen is None else seen.counts,
        "new_rows": _measure_new(run.facts, part, predictions, seen),
        "by": None if by is None else {"column": by, "groups": _measure_groups(run.facts, part, predictions, by)},
        "verified": proof,
        "worst": [{**asdict(example), **_place(part, example.index)} for example in worst],
    }
    try:
        _write(run, part, predictions, result, worst)
    except NncliError as error:  # the numbers are the answer, and they are there
        console.warn(error.message)
    _remark(run, result, console)
    return Evaluation(run, result)


def _verify(run: OpenRun, part: Part, predictor: Predicts, console: Console) -> dict[str, Any]:
    """Whether `predict` gives Keras's answer for every test row. Raises NncliError if it does not."""
    with console.step("comparing predict with Keras"):
        keras = KerasPredictor(run)
        config = run.load_config().config
        proof = verify(config, run.facts, part, expect=keras.predict, predictor=predictor)
    if proof is None:
        raise DataError("no image or CSV file can hold rows such as those of this run, so there is nothing to verify")
    return proof.told


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
    return describe_verdict(judged, run.folder.read_lines(files.METRICS))


def _has_learned(run: OpenRun) -> bool:
    """Whether it was better than guessing on its own test set; earlier runs, which were not judged, count as such."""
    try:
        judged = run.folder.read_json(files.SUMMARY)["test"]["judged"]
    except (RunError, KeyError):
        return True
    return judged["verdict"] in ("better", "overconfident", "outliers")


def _measure_new(facts: DataFacts, part: Part, predictions: np.ndarray, seen: SeenRows | None) -> dict[str, Any] | None:
    """The metrics of the rows that the run did not learn from, where the others are among them."""
    if seen is None or not seen.any or seen.all:
        return None
    new = seen.new
    chosen = _choose(part, new)
    measured = measure_part(facts, chosen, predictions[new])
    baseline = measured["baseline"]["metrics"]
    return {
        "rows": measured["rows"],
        "metrics": measured["metrics"],
        "intervals": _intervals_of(facts, chosen, predictions[new]),
        "baseline": baseline,
        "judged": measured["judged"],
    }


def _choose(part: Part, rows: np.ndarray) -> Part:
    return Part({name: array[rows] for name, array in part.inputs.items()}, part.targets[rows], part.rows[rows])


def _measure_groups(facts: DataFacts, part: Part, predictions: np.ndarray, column: str) -> list[dict[str, Any]]:
    """For each value of a column the metrics of its rows, their intervals and the baseline's metrics."""
    groups = []
    for name, rows in group_rows(facts, part, column):
        chosen = _choose(part, rows)
        measured = measure_part(facts, chosen, predictions[rows])
        intervals = _intervals_of(facts, chosen, predictions[rows])
        told = {"rows": len(rows), "metrics": measured["metrics"], "intervals": intervals}
        groups.append({"name": name, **told, "baseline": measured["baseline"]["metrics"]})
    return groups


def _place(part: Part, index: int) -> dict[str, Any]:
    """Where an example comes from: its row in the source, counted from 1, and its file if it has one."""
    file = {"file": part.files[index]} if part.files else {}
    return {"row": int(part.rows[index]) + 1, **file}


def measure_part(facts: DataFacts, part: Part, predictions: np.ndarray) -> dict[str, Any]:
    """The metrics of the task, with the baseline that the training set's targets give (see evaluate.metrics)."""
    baseline = Baseline(facts.target.class_counts, facts.target.mean)
    return measure(facts.target.task.value, part.targets, predictions, names_of(facts), baseline)


def _intervals_of(facts: DataFacts, part: Part, predictions: np.ndarray) -> dict[str, tuple[float, float] | None]:
    """Between which values chance in the choice of rows leaves each metric (see evaluate.intervals)."""
    return bootstrap_intervals(facts.target.task.value, part.targets, predictions, names_of(facts))


def names_of(facts: DataFacts) -> tuple[str, ...]:
    """The names of classes, or of labels or target columns where there are no classes."""
    return facts.target.classes or facts.target.columns


def _labelled_part(
    run: OpenRun, folders: Folders, console: Console, data_path: str | None
) -> tuple[Part, SeenRows | None]:
    """The run's own test set, made again from its config and checked to be the same; or the user's data.

    For the user's data, also says which of its rows the run learned from; None if the run's own data has changed.
    """
    if data_path is not None:
        part = data.load_labelled(data_path, run.facts)
        if part.unlabelled:
            console.say(f"{count(part.unlabelled, 'row')} of {data_path} without a target dropped")
        try:
            own = read_own_data(run, folders, console)
        except (DataError, UnreachableError):
            console.warn(
                "the run's own data is missing or has changed, so rows it was trained on cannot be told apart and "
                "count in the score"
            )
            return part, None
        return part, find_seen(part, own)
    return read_own_data(run, folders, console).test, None


def _predict_all(predictor: Predicts, part: Part, progress: Callable[[str, float], None]) -> np.ndarray:
    outputs = []
    for start in range(0, len(part), PREDICT_ROWS):
        rows = slice(start, start + PREDICT_ROWS)
        outputs.append(predictor.predict({name: array[rows] for name, array in part.inputs.items()}))
        progress("predicting", min(1.0, (start + PREDICT_ROWS) / len(part)))
    return np.concatenate(outputs)


def _count_evaluation(run: OpenRun) -> None:
    """Counts in the summary how often the test set was looked at: chosen by often enough, it is a validation set."""
    summary = run.folder.read_json(files.SUMMARY)
    looked = summary.get("test_evaluations", 1)  # runs of earlier versions counted nothing; their training looked once
    run.folder.write_json(files.SUMMARY, {**summary, "test_evaluations": looked + 1})


def _write(
    run: OpenRun, part: Part, predictions: np.ndarray, result: dict[str, Any], worst: list[WorstExample]
) -> None:
    """evaluation/metrics.json and the pictures that fit the task, beside what the training left."""
    folder, facts = run.folder, run.facts
    folder.write_json(f"{files.EVALUATION}/metrics.json", result)
    if result["part"] == "test":
        _count_evaluation(run)
    if "confusion_matrix" in result:
        matrix = np.asarray(result["confusion_matrix"])
        picture = plots.confusion_matrix(matrix, facts.target.classes, facts.target.columns[0])
        folder.write(f"{files.EVALUATION}/confusion.png", picture)
    if facts.target.task is Task.BINARY:
        picture = plots.probabilities(part.targets, predictions, facts.target.classes, facts.target.columns[0])
        folder.write(f"{files.EVALUATION}/probabilities.png", picture)
    if facts.target.task in (Task.BINARY, Task.MULTILABEL):
        names = facts.target.classes[1:] if facts.target.task is Task.BINARY else names_of(facts)
        curves = plots.ranking_curves(part.targets, predictions, names)
        if curves is not None:
            folder.write(f"{files.EVALUATION}/ranking.png", curves)
    if facts.target.task is Task.MULTILABEL:
        rates = part.targets.mean(axis=0)
        labels = [{**entry, "share": float(rate)} for entry, rate in zip(result["labels"], rates, strict=True)]
        folder.write(f"{files.EVALUATION}/labels.png", plots.label_bars(labels))
    if facts.target.task.is_regression:
        picture = plots.true_against_predicted(part.targets, predictions, facts.target.columns)
        folder.write(f"{files.EVALUATION}/predictions.png", picture)
        picture = plots.residuals(part.targets, predictions, facts.target.columns)
        folder.write(f"{files.EVALUATION}/residuals.png", picture)
    if isinstance(facts.inputs, ImageInput) and facts.target.task is not Task.MULTILABEL:
        images = part.inputs["image"][[example.index for example in worst]]
        found = [_place(part, example.index) for example in worst]
        places = [place.get("file", f"row {place['row']}") for place in found]
        folder.write(f"{files.EVALUATION}/worst.png", plots.worst_images(images, worst, places))
