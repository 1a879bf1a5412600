"""The story of an evaluation: a run, its test part or other labelled data, the numbers, the pictures."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nncli import data
from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.console import Console
from nncli.data.dataset import Part
from nncli.errors import DataError, NncliError
from nncli.evaluate import plots
from nncli.evaluate.metrics import Baseline, measure
from nncli.evaluate.worst import WorstExample, worst_examples
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.open_run import OpenRun, Predicts, make_predictor, open_run
from nncli.pipeline.preparation import read_data
from nncli.run import files

WORST_COUNT = 16
PREDICT_ROWS = 4096


@dataclass(frozen=True)
class Evaluation:
    """What was measured, and the run it was measured on."""

    run: OpenRun
    result: dict[str, Any]


def evaluate(word: str = "latest", *, folders: Folders, console: Console, data_path: str | None = None) -> Evaluation:
    """Measures a run on its own test part, or on labelled data at `data_path`; writes it into the run folder.

    Raises RunError for a run that cannot be used, DataError for data that does not fit it.
    """
    run = open_run(word, folders)
    part = _labelled_part(run, folders, console, data_path)
    predictor = make_predictor(run, console)
    with console.step("predicting") as progress:
        predictions = _predict_all(predictor, part, progress)
    worst = worst_examples(run.facts.target.task, part.targets, predictions, names_of(run.facts), WORST_COUNT)
    result = {
        "run": str(run.folder.path),
        "source": run.facts.source if data_path is None else data_path,
        "part": "test" if data_path is None else "all",
        **measure_part(run.facts, part, predictions),
        "worst": [{**asdict(example), **_place(part, example.index)} for example in worst],
    }
    try:
        _write(run, part, predictions, result, worst)
    except NncliError as error:  # the numbers are the answer, and they are there
        console.warn(error.message)
    return Evaluation(run, result)


def _place(part: Part, index: int) -> dict[str, Any]:
    """Where an example of the part is found: its row in the source counted from 1, and its file if it has one."""
    file = {"file": part.files[index]} if part.files else {}
    return {"row": int(part.rows[index]) + 1, **file}


def measure_part(facts: DataFacts, part: Part, predictions: np.ndarray) -> dict[str, Any]:
    """The metrics of the task, with the baseline that the training part's targets give (see evaluate.metrics)."""
    baseline = Baseline(facts.target.class_counts, facts.target.mean)
    return measure(facts.target.task.value, part.targets, predictions, names_of(facts), baseline)


def names_of(facts: DataFacts) -> tuple[str, ...]:
    """The names of classes, or of labels or target columns where there are no classes."""
    return facts.target.classes or facts.target.columns


def _labelled_part(run: OpenRun, folders: Folders, console: Console, data_path: str | None) -> Part:
    """The run's own test part, made again from its config and checked to be the same; or the user's data."""
    if data_path is not None:
        return data.load_labelled(data_path, run.facts)
    loaded = run.load_config()
    dataset = read_data(loaded.config, folders, console, say_notes=False)  # training said them
    fingerprint = run.folder.record.get("data", {}).get("fingerprint")
    if dataset.fingerprint != fingerprint:
        raise DataError(
            f"{loaded.config.data.path or loaded.config.data.source} is not the data this run was trained on",
            hint="measure on other labelled data with --data PATH, or train again",
        )
    return dataset.test


def _predict_all(predictor: Predicts, part: Part, progress: Callable[[str, float], None]) -> np.ndarray:
    outputs = []
    for start in range(0, len(part), PREDICT_ROWS):
        rows = slice(start, start + PREDICT_ROWS)
        outputs.append(predictor.predict({name: array[rows] for name, array in part.inputs.items()}))
        progress("predicting", min(1.0, (start + PREDICT_ROWS) / len(part)))
    return np.concatenate(outputs)


def _write(
    run: OpenRun, part: Part, predictions: np.ndarray, result: dict[str, Any], worst: list[WorstExample]
) -> None:
    """evaluation/metrics.json and the pictures that fit the task, beside what the training left."""
    folder, facts = run.folder, run.facts
    folder.write_json(f"{files.EVALUATION}/metrics.json", result)
    if "confusion_matrix" in result:
        matrix = np.asarray(result["confusion_matrix"])
        folder.write(f"{files.EVALUATION}/confusion.png", plots.confusion_matrix(matrix, facts.target.classes))
    if facts.target.task.is_regression:
        picture = plots.true_against_predicted(part.targets, predictions, facts.target.columns)
        folder.write(f"{files.EVALUATION}/predictions.png", picture)
    if isinstance(facts.inputs, ImageInput) and facts.target.task is not Task.MULTILABEL:
        images = part.inputs["image"][[example.index for example in worst]]
        found = [_place(part, example.index) for example in worst]
        places = [place.get("file", f"row {place['row']}") for place in found]
        folder.write(f"{files.EVALUATION}/worst.png", plots.worst_images(images, worst, places))
