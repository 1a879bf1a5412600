"""The story of `nncli ensemble`: the seeds of a comparison as one model, its score, and whether the gain is sure."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.errors import ExportError
from nncli.evaluate.references.differences import Difference
from nncli.evaluate.references.gain import Gain, measure_gain
from nncli.pipeline.ensembling.seeds import Seeds, find_seeds
from nncli.pipeline.folders import Folders
from nncli.pipeline.own_data import join_parts, read_own_data
from nncli.pipeline.predicting.open_run import load_keras_model
from nncli.pipeline.predicting.scoring.measuring import measure_part, test_answers
from nncli.pipeline.preparation import example_input
from nncli.pipeline.training.record import config_bytes, describe_process, recorded
from nncli.pipeline.weights import Member, members_bytes, npz_bytes
from nncli.run import files
from nncli.run.files import json_bytes
from nncli.run.folder import RunFolder

KIND = "ensemble"


@dataclass(frozen=True)
class Ensemble:
    """The run of an ensemble, and what summary.json says about it (see docs/runs.md)."""

    folder: RunFolder
    summary: dict[str, Any]
    example_input: str


def make_ensemble(word: str, variant: str | None, *, folders: Folders, console: Console) -> Ensemble:
    """Makes a run of the seeds of a comparison: the mean of their probabilities, or of their values.

    Raises RunError and UsageError for seeds that cannot be joined, DataError where their data has changed.
    """
    seeds = find_seeds(word, variant, folders, console)
    first = seeds.runs[0]
    own = read_own_data(first, folders, console)
    whole = join_parts(own, seeds.shared)
    facts = _without_thresholds(first.facts)
    folder = RunFolder.create(folders.runs_dir, f"{KIND}-{first.load_config().config.name}", kind=KIND)
    with recorded(folder), console.step("joining the networks"):
        _write_record(folder, seeds, whole, own)
        models = [load_keras_model(run) for run in seeds.runs]
        from nncli.engine.prediction import predict
        from nncli.model.ensemble import average

        singles = [predict(model, whole.test.inputs) for model in models]
        joined = average(models, folder.record["name"])
        predictions = predict(joined, whole.test.inputs)
        gain = measure_gain(facts.target.task.value, whole.test.targets, predictions, singles)
        summary = {
            "test": measure_part(facts, whole.test, predictions),
            "test_evaluations": 1,
            "temperature": 1.0,
            "parameters": sum(int(np.prod(weight.shape)) for model in models for weight in model.trainable_weights),
            "ensemble": _describe(seeds, gain),
        }
        answers = npz_bytes(test_answers(facts, whole.test, predictions, whole=False))
        contents = {files.SUMMARY: json_bytes(summary), files.ANSWERS: answers, files.INPUTS: facts.to_bytes()}
        exports = _save(folder, seeds, joined, contents, whole)
        folder.write_record(exports=exports)
    return Ensemble(folder, summary, example_input(first.load_config().config.data, facts))


def _without_thresholds(facts: DataFacts) -> DataFacts:
    """Seeds of a comparison are all measured at one half."""
    return facts.model_copy(update={"target": facts.target.model_copy(update={"thresholds": ()})})


def _write_record(folder: RunFolder, seeds: Seeds, whole: Dataset, own: Dataset) -> None:
    config = seeds.runs[0].load_config().config
    folder.write_record(
        **describe_process(),
        name=f"{KIND}-{config.name}",
        seed=config.seed,
        data={
            "asked": config.data.source,
            "source": own.facts.source,
            "fingerprint": own.fingerprint,
            "rows": {"train": len(whole.train), "validation": 0, "test": len(whole.test)},
        },
        ensemble={"comparison": str(seeds.comparison.path), "variant": seeds.variant, "seeds": list(seeds.numbers)},
    )


def _describe(seeds: Seeds, gain: Gain) -> dict[str, Any]:
    return {
        "comparison": str(seeds.comparison.path),
        "variant": seeds.variant,
        "seeds": list(seeds.numbers),
        "shared_rows": len(seeds.shared),
        "test_rows": seeds.tested,
        "metric": gain.metric,
        "value": gain.whole,
        "singles": list(gain.singles),
        "over_mean": _told(gain.over_mean),
        "over_best": _told(gain.over_best),
    }


def _told(difference: Difference) -> dict[str, Any]:
    return {**asdict(difference), "verdict": difference.verdict}


def _save(folder: RunFolder, seeds: Seeds, joined: Any, contents: dict[str, bytes], whole: Dataset) -> dict[str, str]:
    """Writes the model in every format and what belongs to it; the outcome of each format, for run.json."""
    from nncli.engine import export

    members = [Member(run.facts, run.folder) for run in seeds.runs]
    contents |= {files.WEIGHTS: members_bytes(members), files.KERAS_MODEL: export.to_keras(joined)}
    outcome = {files.KERAS_MODEL: "written"}
    try:
        contents[files.LITE_MODEL] = export.to_tflite(joined)
        outcome[files.LITE_MODEL] = "written"
    except ExportError as error:
        outcome[files.LITE_MODEL] = error.message
    novelty = seeds.runs[0].folder.find_intact(files.NOVELTY)
    contents |= {} if novelty is None else {files.NOVELTY: novelty}
    contents[files.CONFIG] = config_bytes(seeds.runs[0].load_config().config)
    rows = {"train": whole.train.rows, "validation": whole.validation.rows, "test": whole.test.rows}
    contents[files.SPLITS] = npz_bytes(rows)
    folder.replace_model(contents)
    return outcome
