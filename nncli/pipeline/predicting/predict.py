"""The story of a prediction: inputs of any kind, batch by batch, through a run's model, to answers with names."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nncli.config.facts import ImageInput
from nncli.console import Console
from nncli.data.inputs import read_inputs
from nncli.errors import UsageError
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.named_predictions import make_answers
from nncli.pipeline.predicting.open_run import OpenRun, describe_score, make_predictor, open_run
from nncli.pipeline.predicting.output_formats import make_writer
from nncli.pipeline.predicting.remarks import count_impossible, describe_impossible
from nncli.pipeline.showing import Seen, require_images, require_sheet

_PREPARED = (
    "drawings are prepared like the training images: paper removed, cropped, scaled, centred "
    "(--show draws the result, --as-is switches it off)"
)


@dataclass(frozen=True)
class Predicted:
    """How many inputs were answered, and how many could not be read; with `show`, what the network saw."""

    answered: int
    failed: int
    seen: Seen | None = None


def predict(
    inputs: Sequence[str],
    word: str = "latest",
    *,
    folders: Folders,
    console: Console,
    top: int | None = None,
    form: str | None = None,
    output: Path | None = None,
    as_is: bool = False,
    split: bool = False,
    show: str | None = None,
) -> Predicted:
    """Answers for images, folders, tables and `-` (stdin), written as they are made.

    An input that cannot be read is told and left out; the others are answered. Drawings are prepared like those of the
    training set, unless `as_is`; `split` answers for each drawing in an image; `show`, perhaps with the name of a
    sheet to write later, keeps what the network saw. Raises RunError, UsageError, and
    DataError for a table that does not fit the run.
    """
    run = _with_preparation(open_run(word, folders, console), as_is=as_is, split=split)
    if show:
        require_sheet(Path(show))
    seen = None if show is None else Seen(require_images(run.facts))
    console.say(f"run {run.folder.path.name}{describe_score(run.folder)}")
    writer = make_writer(form, output, run.facts, console, str(run.folder.path))
    predictor = make_predictor(run, console)
    answered = failed = impossible = 0
    for batch in read_inputs(inputs, run.facts, stdin=sys.stdin.buffer, split=split):
        if batch.prepared:
            console.say(_PREPARED, once=True)
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
            if seen is not None:
                seen.add(batch, outputs)
    writer.close()
    if impossible:
        console.warn(describe_impossible(run.facts, impossible, answered))
    return Predicted(answered, failed, seen)


def _with_preparation(run: OpenRun, *, as_is: bool, split: bool) -> OpenRun:
    """The run, without the preparation of drawings if they are to be used as they are. Raises UsageError."""
    image = run.facts.inputs
    if not isinstance(image, ImageInput) or image.prepare is None:
        if split:
            hint = "leave it out; it is for runs trained on mnist, digits, or with `data.prepare: ink`"
            raise UsageError("--split: this run does not look for drawings in its inputs", hint=hint)
        return run
    if as_is and split:
        raise UsageError("--split and --as-is: only prepared images are split", hint="use one of them")
    if not as_is:
        return run
    as_decoded = image.model_copy(update={"prepare": None})
    return replace(run, facts=run.facts.model_copy(update={"inputs": as_decoded}))
