"""The story of a prediction: inputs of any kind, batch by batch, through a run's model, to answers with names."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nncli.config.facts import DataFacts, ImageInput
from nncli.console import Console
from nncli.data.batches import Batch, Outside, merge_outside
from nncli.data.inputs.reading import read_inputs
from nncli.errors import UsageError
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.named_predictions import Answers
from nncli.pipeline.predicting.open_run import OpenRun, describe_score, make_predictor, open_novelty, open_run
from nncli.pipeline.predicting.output_formats import choose_format, open_writer
from nncli.pipeline.predicting.remarks import count_impossible, describe_impossible, describe_outside
from nncli.pipeline.predicting.scoring import thresholds
from nncli.pipeline.predicting.unlike import describe_unlike, score_novelty

if TYPE_CHECKING:
    from nncli.console.step import Step
    from nncli.pipeline.showing import Seen

# The same warning is shown for this many inputs, and then counted.
_SHOWN = 3
_PREPARED = (
    "drawings are prepared like the training images: paper removed, cropped, scaled, centred "
    "(--show draws the result, --as-is switches it off)"
)


@dataclass
class Predicted:
    """How many inputs were answered and how many could not be read, and what is remarkable about the answers."""

    answered: int = 0
    failed: int = 0
    impossible: int = 0
    unlike: int = 0
    outside: dict[str, Outside] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    seen: "Seen | None" = None

    def add(self, batch: Batch, answers: Answers) -> None:
        """Counts the answers to a batch."""
        self.answered += len(answers)
        self.impossible += count_impossible(answers.facts, answers.outputs)
        self.unlike += 0 if answers.novelty is None else int((answers.novelty > 1).sum())
        if self.seen is not None:
            self.seen.add(batch, answers)


def predict(
    inputs: Sequence[str],
    word: str = "latest",
    *,
    folders: Folders,
    console: Console,
    top: int | None = None,
    form: str | None = None,
    output: Path | None = None,
    keep: bool = False,
    threshold: float | None = None,
    as_is: bool = False,
    split: bool = False,
    show: str | None = None,
) -> Predicted:
    """Answers for images, folders, patterns, tables, .npz files and `-` (stdin), written as they are made.

    With `keep`, the answers carry the original columns of tables. `threshold` takes the place of those that the run
    chose on its validation set. An input that cannot be read is reported and left out; the others are answered.
    Drawings are prepared like those of the training set, unless `as_is`; `split` answers for each drawing in an image;
    `show`, perhaps with the name of a sheet to write later, keeps what the network saw. Raises RunError and UsageError.
    """
    if not all(inputs):
        raise UsageError("got an empty INPUT", hint="name a file or folder; is a variable of the shell empty?")
    run = with_preparation(open_run(word, folders, console), as_is=as_is, split=split)
    run = replace(run, facts=thresholds.override(run.facts, threshold))
    form = choose_format(form, output, keep=keep)
    _refuse(run.facts, keep=keep, show=show)
    console.say(f"run {run.folder.path.name}{describe_score(run.folder)}")
    if told := thresholds.describe(run.facts):
        chosen = "chosen on the validation set" if threshold is None else "as given by --threshold"
        console.say(f"predicts {told}: {chosen}")
    predictor, novelty = make_predictor(run, console), open_novelty(run)
    predicted = Predicted(seen=_start_showing(run.facts, show))
    with open_writer(form, output, run.facts, console, str(run.folder.path)) as writer, ExitStack() as stack:
        progress: Step | None = None
        for batch in read_inputs(inputs, run.facts, stdin=sys.stdin.buffer, keep=keep, split=split):
            _report(batch, predicted, console)
            if batch.names:
                outputs = predictor.predict(batch.inputs)
                scores = score_novelty(run.facts, novelty, batch.inputs)
                answers = Answers(run.facts, batch.names, outputs, top, batch.kept, scores)
                writer.write(answers)
                predicted.add(batch, answers)
            if progress is None and batch.share < 1:
                # Only now, since a single image does not wait for rich; and never below answers on the same screen.
                on_screen = output is None and form not in ("table", "json") and console.shows_pictures
                progress = stack.enter_context(console.step("predicting", shown=not on_screen))
            if progress is not None:
                progress(f"predicting, {predicted.answered:,} done", batch.share)
    _remark(predicted, run.facts, console)
    return predicted


def _refuse(facts: DataFacts, *, keep: bool, show: str | None) -> None:
    """Raises UsageError for options that do not go with the run, and for a sheet that would replace another file."""
    if show:
        from nncli.pipeline.showing import require_sheet

        require_sheet(Path(show))
    if keep and isinstance(facts.inputs, ImageInput) and facts.pixels is None:
        raise UsageError("--keep: images have no columns that could be kept", hint="leave it out")


def _start_showing(facts: DataFacts, show: str | None) -> "Seen | None":
    """What keeps the images that the network sees, where they are to be shown."""
    if show is None:
        return None
    from nncli.pipeline.showing import Seen, require_images

    return Seen(require_images(facts))


def _report(batch: Batch, predicted: Predicted, console: Console) -> None:
    """Prints what is wrong with the inputs of a batch, and counts it."""
    if batch.prepared:
        console.say(_PREPARED, once=True)
    for name, warning in batch.warnings:
        predicted.warnings[warning] += 1
        if predicted.warnings[warning] <= _SHOWN:
            console.warn(f"{name}: {warning}")
    for failure in batch.failures:
        console.warn(f"{failure.name}: {failure.message}")
    predicted.failed += len(batch.failures)
    predicted.outside = merge_outside(predicted.outside, batch.outside)


def _remark(predicted: Predicted, facts: DataFacts, console: Console) -> None:
    """Prints the warnings about all answers."""
    for warning, times in predicted.warnings.items():
        if times > _SHOWN:
            console.warn(f"{times - _SHOWN:,} more: {warning}")
    for told in describe_outside(predicted.outside, predicted.answered + predicted.failed):
        console.warn(told)
    if predicted.unlike:
        console.warn(describe_unlike(predicted.unlike, predicted.answered))
    if predicted.impossible:
        console.warn(describe_impossible(facts, predicted.impossible, predicted.answered))


def with_preparation(run: OpenRun, *, as_is: bool, split: bool) -> OpenRun:
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
