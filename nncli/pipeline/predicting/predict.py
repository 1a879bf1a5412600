"""The story of a prediction: inputs of any kind, batch by batch, through a run's model, to answers with names."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nncli.console import Console
from nncli.data.inputs import read_inputs
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.named_predictions import make_answers
from nncli.pipeline.predicting.open_run import describe_score, make_predictor, open_run
from nncli.pipeline.predicting.output_formats import make_writer
from nncli.pipeline.predicting.remarks import count_impossible, describe_impossible
from nncli.pipeline.predicting.scoring import thresholds


@dataclass(frozen=True)
class Predicted:
    """How many inputs were answered, and how many could not be read."""

    answered: int
    failed: int


def predict(
    inputs: Sequence[str],
    word: str = "latest",
    *,
    folders: Folders,
    console: Console,
    top: int | None = None,
    form: str | None = None,
    output: Path | None = None,
    threshold: float | None = None,
) -> Predicted:
    """Answers for images, folders, tables and `-` (stdin), written as they are made.

    `threshold` takes the place of those that the run chose on its validation set.
    An input that cannot be read is told and left out; the others are answered. Raises RunError, UsageError, and
    DataError for a table that does not fit the run.
    """
    run = open_run(word, folders, console)
    run = replace(run, facts=thresholds.override(run.facts, threshold))
    console.say(f"run {run.folder.path.name}{describe_score(run.folder)}")
    if told := thresholds.describe(run.facts):
        chosen = "chosen on the validation set" if threshold is None else "as given by --threshold"
        console.say(f"predicts {told}: {chosen}")
    writer = make_writer(form, output, run.facts, console, str(run.folder.path))
    predictor = make_predictor(run, console)
    answered = failed = impossible = 0
    for batch in read_inputs(inputs, run.facts, stdin=sys.stdin.buffer):
        for warning in batch.warnings:
            console.warn(warning)
        for failure in batch.failures:
            console.warn(f"{failure.name}: {failure.message}")
        failed += len(batch.failures)
        if batch.names:
            outputs = predictor.predict(batch.inputs)
            impossible += count_impossible(run.facts, outputs)
            writer.write(list(make_answers(run.facts, batch.names, outputs, top)))
            answered += len(batch.names)
    writer.close()
    if impossible:
        console.warn(describe_impossible(run.facts, impossible, answered))
    return Predicted(answered, failed)
