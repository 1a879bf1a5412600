"""Which inputs a run uses: its columns shuffled one after the other, or parts of its images covered."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, TableInput, Task
from nncli.console import Console
from nncli.data.dataset import Part
from nncli.errors import RunError
from nncli.evaluate.importance import pictures
from nncli.evaluate.importance.occlusion import occlusion_maps
from nncli.evaluate.importance.permutation import Places, permutation_importance
from nncli.evaluate.references import HEADLINES, headline
from nncli.evaluate.scores import cuts
from nncli.evaluate.worst import WorstExample, worst_examples
from nncli.pipeline.predicting.open_run import OpenRun, Predicts
from nncli.run import files

_REPEATS = 5
_MOST_PREDICTIONS = 4_000_000  # rows times columns times repeats; of more rows some are drawn
_FEWEST_ROWS = 1000
_EXAMPLES = 4  # of the worst and of the best
_CANDIDATES = 1000  # among which the best of different classes are looked for
_PICTURE = f"{files.EVALUATION}/importance"


@dataclass(frozen=True)
class Importance:
    """The result for JSON, and the files of its picture by their names in the run."""

    result: dict[str, Any]
    pictures: dict[str, bytes]

    def write(self, run: OpenRun) -> None:
        """Writes the picture into the run."""
        run.folder.write_each(self.pictures)


def measure_importance(
    run: OpenRun, part: Part, predictions: np.ndarray, predictor: Predicts, console: Console
) -> Importance:
    """For a table {"metric", "rows", "repeats", "columns": [{"name", "importance", "deviation", "clear"}]}.

    For images {"methods", "examples": [{"index", "kind": worst or best, "true", "predicted"}]}, as in the picture.
    """
    if isinstance(run.facts.inputs, ImageInput):
        return _measure_images(run, part, predictions, predictor, console)
    return _measure_columns(run.facts, run.facts.inputs, part, predictor, console)


def _measure_columns(
    facts: DataFacts, table: TableInput, part: Part, predictor: Predicts, console: Console
) -> Importance:
    columns, metric = places_of(table), _metric(facts, part)
    most = max(_FEWEST_ROWS, _MOST_PREDICTIONS // (len(columns) * _REPEATS))
    rows = np.arange(len(part))
    if len(part) > most:
        rows = np.sort(np.random.default_rng(0).permutation(len(part))[:most])
    inputs = {name: array[rows] for name, array in part.inputs.items()}
    targets, task = part.targets[rows], facts.target.task.value
    with console.step("shuffling columns") as progress:
        found = permutation_importance(
            columns,
            inputs,
            predictor.predict,
            lambda answers: headline(task, targets, answers),
            repeats=_REPEATS,
            progress=progress,
        )
    told = {
        "metric": metric,
        "rows": len(rows),
        "repeats": _REPEATS,
        "columns": [{**asdict(column), "clear": column.is_clear} for column in found],
    }
    return Importance(told, pictures.importance_bars(found, metric).files(_PICTURE))


def places_of(table: TableInput) -> dict[str, Places]:
    """The columns of the file that the network reads; the numbers made of a date are shuffled together."""
    dates = {number: date.name for date in table.dates for number in date.numbers}
    columns: dict[str, list[tuple[str, int]]] = {}
    for position, number in enumerate(table.numbers):
        columns.setdefault(dates.get(number.name, number.name), []).append(("numbers", position))
    for position, category in enumerate(table.categories):
        columns.setdefault(category.name, []).append(("categories", position))
    return dict(columns)


def _metric(facts: DataFacts, part: Part) -> str:
    """The headline metric of the task; the log loss cannot take the place of an AUC that is not defined."""
    metric = HEADLINES[facts.target.task.value]
    truth = part.targets.reshape(len(part), -1)
    if metric == "auc" and not ((truth > 0.5).any(axis=0) & (truth <= 0.5).any(axis=0)).any():
        raise RunError("--importance needs rows of both kinds, and these rows have only one")
    if metric == "r2_score" and not (truth.std(axis=0) > 0).any():
        raise RunError("--importance needs targets that differ, and those of these rows are all equal")
    return metric


def _measure_images(
    run: OpenRun, part: Part, predictions: np.ndarray, predictor: Predicts, console: Console
) -> Importance:
    facts, target = run.facts, run.facts.target
    names = target.names
    task = target.task.value
    worst = worst_examples(task, part.targets, predictions, names, _EXAMPLES, target.thresholds)
    candidates = worst_examples(task, part.targets, predictions, names, _CANDIDATES, target.thresholds, best=True)
    best = _varied(candidates)
    rows = np.array([example.index for example in (*worst, *best)])
    images = part.inputs["image"][rows]
    outputs, sign = _outputs(facts, predictions[rows])
    mean = part.inputs["image"].mean(axis=0, dtype=np.float64)

    def predict(place: int, covered: np.ndarray) -> np.ndarray:
        return np.asarray(sign[place] * predictor.predict({"image": covered})[:, outputs[place]])

    with console.step("covering parts of images"):
        maps = {"occlusion": occlusion_maps(images, mean, predict)}
    activation = _layer_cam(run, images, outputs, console)
    if activation is not None and target.task is not Task.BINARY:
        maps["LayerCAM"] = activation
    elif activation is not None:
        maps[f"LayerCAM ({target.classes[1]})"] = activation
    kinds = ["worst"] * len(worst) + ["best"] * len(best)
    captions = [
        f"{kind}: true {_show(example.true)}\npredicted {_show(example.predicted)}"
        for kind, example in zip(kinds, (*worst, *best), strict=True)
    ]
    told = {
        "methods": list(maps),
        "examples": [
            {"index": example.index, "row": int(part.rows[example.index]) + 1, "kind": kind}
            for kind, example in zip(kinds, (*worst, *best), strict=True)
        ],
    }
    return Importance(told, {f"{_PICTURE}.png": pictures.importance_maps(images, captions, maps)})


def _varied(examples: list[WorstExample]) -> list[WorstExample]:
    """A few of them, each of another class as far as there are that many: the surest ones are often of one class."""
    first = {str(example.true): example for example in reversed(examples)}
    chosen = sorted(first.values(), key=lambda example: example.loss)[:_EXAMPLES]
    others = [example for example in examples if example not in chosen]
    return [*chosen, *others[: _EXAMPLES - len(chosen)]]


def _show(answer: object) -> str:
    if isinstance(answer, list):
        return ", ".join(_show(value) for value in answer)[:24] or "none"
    return f"{answer:.4g}" if isinstance(answer, float) else str(answer)[:24]


def _outputs(facts: DataFacts, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row the output that is explained, int (n,), and -1 where it is that of the other class.

    The likeliest class or label; the first target of a regression.
    """
    rows = len(predictions)
    if facts.target.task is Task.BINARY:
        return np.zeros(rows, np.int64), np.where(predictions[:, 0] > cuts(facts.target.thresholds, 1), 1.0, -1.0)
    if facts.target.task.is_regression:
        return np.zeros(rows, np.int64), np.ones(rows)
    return predictions.argmax(axis=1), np.ones(rows)


def _layer_cam(run: OpenRun, images: np.ndarray, outputs: np.ndarray, console: Console) -> np.ndarray | None:
    """From the Keras model, as gradients are needed; None for a network without convolutions and for regression."""
    config = run.load_config().config
    has_convolution = any("conv" in layer.kind or "residual" in layer.kind for layer in config.model.layers)
    if not has_convolution or run.facts.target.task.is_regression:
        return None
    with console.step("starting TensorFlow for LayerCAM"):
        from nncli.engine.process import environment

        environment.prepare(None)
        from nncli.engine.layer_cam import layer_cam
        from nncli.model import build, gives_logits
        from nncli.pipeline.weights import load_weights

        model: Any = build(config, run.facts)
        load_weights(run.folder, model)
        return layer_cam(model, images, outputs, logits=gives_logits(config))
