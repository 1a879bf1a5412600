"""A finished run, opened for use: its config and facts, and a way to predict with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from pydantic import ValidationError

from nncli.config.facts import DataFacts, ImageInput
from nncli.console import Console
from nncli.errors import RunError
from nncli.pipeline.folders import Folders, say_choice
from nncli.run import files
from nncli.run.finding import find_run
from nncli.run.folder import RunFolder
from nncli.run.listing import how_to_go_on
from nncli.runtime.novelty import Novelty, read_novelty
from nncli.runtime.predictor import Predictor

if TYPE_CHECKING:
    from nncli.config.reading.loading import LoadedConfig
    from nncli.config.sections import Config


class Predicts(Protocol):
    """Anything that turns input arrays into probabilities or values, float32 (rows, outputs)."""

    def predict(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Predictions for arrays whose first axis is the rows."""
        ...


@dataclass(frozen=True)
class OpenRun:
    """A run whose files were found intact."""

    folder: RunFolder
    facts: DataFacts

    @property
    def is_ensemble(self) -> bool:
        """Whether it holds several trained networks."""
        return self.folder.record.get("kind") == "ensemble"

    def load_config(self) -> "LoadedConfig":
        """The resolved config the run was trained with."""
        # Late: an exported model needs no config, and YAML and all sections of one take longer than its prediction.
        from nncli.config.reading.document import read_document
        from nncli.config.reading.loading import validate

        content = self.folder.read_intact(files.CONFIG).decode()
        return validate(read_document(self.folder.file(files.CONFIG), content))


def are_one_run(first: str, second: str, folders: Folders) -> bool:
    """Whether both words mean the same run. Raises RunError where one means none."""
    found = [find_run(word, folders.runs_dir).folder.path.resolve() for word in (first, second)]
    return found[0] == found[1]


def open_run(word: str, folders: Folders, console: Console) -> OpenRun:
    """The run that `word` means, with a note if it could mean another.

    Raises RunError where it is missing, unfinished or damaged.
    """
    found = find_run(word, folders.runs_dir)
    folder = found.folder
    say_choice(found, console)
    record = folder.record
    if record.get("kind") == "compare":
        raise _no_single_run(folder)
    if not folder.has_model:
        status = folder.status
        hint = how_to_go_on(folder.path, status)
        raise RunError(f"{folder.path} has no model yet: its status is {status}", hint=hint)
    folder.read_intact(files.CONFIG)
    try:
        facts = DataFacts.model_validate_json(folder.read_intact(files.INPUTS))
    except ValidationError as error:
        raise RunError(f"{folder.file(files.INPUTS)} is not of this version ({error.error_count()} problems)") from None
    return OpenRun(folder, facts)


def _no_single_run(comparison: RunFolder) -> RunError:
    """The error for a comparison where a run is needed: its status, how to continue it, and which of its runs to
    use."""
    cells = sorted(path.parent for path in comparison.path.glob(f"*/{files.MANIFEST}"))
    hints = [f"name one of its runs: {cells[0]}"] if cells else []
    stands = ""
    if (status := comparison.status) != "finished":
        stands, hints = f"; its status is {status}", [how_to_go_on(comparison.path, status), *hints]
    return RunError(f"{comparison.path} is a comparison{stands}", hint="; or ".join(hints) or "name another run")


def describe_score(folder: RunFolder) -> str:
    """The run's test score in brackets, if its summary has one."""
    try:
        metric, value = next(iter(folder.read_json(files.SUMMARY)["test"]["metrics"].items()))
        return f" (test {metric} {value:.4g})"
    except (RunError, KeyError, TypeError, StopIteration):  # no summary: an interrupted run has none
        return f" ({folder.status})"


def open_novelty(run: OpenRun) -> Novelty | None:
    """What the run knows of its training images; None for tables and runs of earlier versions."""
    content = run.folder.find_intact(files.NOVELTY) if isinstance(run.facts.inputs, ImageInput) else None
    return None if content is None else read_novelty(content)


def make_predictor(run: OpenRun, console: Console) -> Predicts:
    """The exported model without TensorFlow; Keras, with a note, if the run has no exported model."""
    if run.folder.file(files.LITE_MODEL).exists():
        model = run.folder.find_intact(files.LITE_MODEL)
        if model is not None:
            return Predictor(model)
    console.say(f"this run has no {files.LITE_MODEL}: predicting through Keras, which takes some seconds to start")
    return KerasPredictor(run)


def load_keras_model(run: OpenRun) -> Any:
    """The network built again from config and facts with the stored weights, as it is saved: it gives probabilities or
    values. Starts TensorFlow. Raises RunError where the weights are missing or damaged."""
    from nncli.engine.process import environment

    environment.prepare(None)
    from nncli.model import build, serving
    from nncli.pipeline.weights import load_weights

    config = run.load_config().config
    if run.is_ensemble:
        return _load_ensemble(run, config)
    model: Any = build(config, run.facts)
    load_weights(run.folder, model)
    return serving(model, config)


def _load_ensemble(run: OpenRun, config: "Config") -> Any:
    """The networks of an ensemble, each built from its own facts, and the mean of what they predict."""
    from nncli.engine.weights import set_weights
    from nncli.model import build, serving
    from nncli.model.ensemble import average
    from nncli.pipeline.weights import read_members

    members = []
    for facts, weights in read_members(run.folder):
        model: Any = build(config, facts)
        set_weights(model, weights)
        members.append(serving(model, config))
    return average(members, run.folder.record["name"])


class KerasPredictor:
    """Predicts with the network in Keras."""

    def __init__(self, run: OpenRun) -> None:
        """Loads the run's network; see `load_keras_model`."""
        self.model = load_keras_model(run)

    def predict(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Predictions, float32 (rows, outputs)."""
        from nncli.engine.prediction import predict

        return predict(self.model, dict(inputs))
