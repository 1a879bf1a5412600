"""A run as a model of the service, which answers as `nncli predict` does."""

import io
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nncli.config.facts import DataFacts
from nncli.data.batches import Batch, Outside, merge_outside
from nncli.data.dataset import Inputs
from nncli.errors import RunError
from nncli.pipeline.predicting.named_predictions import Answer, Answers
from nncli.pipeline.predicting.open_run import OpenRun, describe_score, open_novelty
from nncli.pipeline.predicting.output_formats import CsvWriter
from nncli.pipeline.predicting.predict import with_preparation
from nncli.pipeline.predicting.remarks import count_impossible, describe_impossible, describe_outside
from nncli.pipeline.predicting.scoring import thresholds
from nncli.pipeline.predicting.unlike import describe_unlike, score_novelty
from nncli.pipeline.serving.looking import Look
from nncli.run import files
from nncli.runtime.novelty import Novelty
from nncli.runtime.predictor import Predictor
from nncli.serve.model import Model, Options, Outputs


class RunAnswering:
    """Answers with the exported model of a run; see `nncli.serve.model.Answering`."""

    def __init__(self, run: OpenRun, model: bytes, novelty: Novelty | None) -> None:
        """`model` is the content of the run's model.tflite. Raises RunError."""
        self._run, self._facts = run, run.facts
        self._predictor, self._novelty = Predictor(model, threads=1), novelty
        self._lock = threading.Lock()  # LiteRT runs a model in one thread at a time

    def adapt(self, options: Options) -> DataFacts:
        """The facts with these options. Raises UsageError for one that does not go with the run."""
        if options == Options():
            return self._facts
        run = with_preparation(self._run, as_is=options.as_is, split=options.split)
        return thresholds.override(run.facts, options.threshold)

    def run(self, inputs: Inputs) -> Outputs:
        """The outputs for arrays of the same number of rows. Raises DataError for arrays that do not fit the model."""
        with self._lock:
            values = self._predictor.predict(inputs)
        return Outputs(values, score_novelty(self._facts, self._novelty, inputs))

    def records(self, facts: DataFacts, batch: Batch, outputs: Outputs, top: int | None) -> list[Answer]:
        """One mapping for each row; see `Answers.records`."""
        return list(_answers(facts, batch, outputs, top).records())

    def csv(self, facts: DataFacts, answered: Sequence[tuple[Batch, Outputs]], top: int | None) -> bytes:
        """What `nncli predict --format csv` writes. Raises DataError for tables of different columns."""
        sink = io.BytesIO()
        writer = CsvWriter(sink)
        for batch, outputs in answered:
            writer.write(_answers(facts, batch, outputs, top))
        return sink.getvalue()

    def remarks(self, batches: Sequence[Batch], outputs: Sequence[Outputs]) -> list[str]:
        """The warnings about all answers, as `nncli predict` gives them."""
        rows = sum(len(each) for each in outputs)
        outside: dict[str, Outside] = {}
        counts: Counter[str] = Counter()
        for batch, each in zip(batches, outputs, strict=True):
            outside = merge_outside(outside, batch.outside)
            counts["impossible"] += count_impossible(self._facts, each.values)
            counts["unlike"] += 0 if each.novelty is None else int((each.novelty > 1).sum())
        told = describe_outside(outside, rows)
        told += [describe_unlike(counts["unlike"], rows)] if counts["unlike"] else []
        return told + ([describe_impossible(self._facts, counts["impossible"], rows)] if counts["impossible"] else [])


def _answers(facts: DataFacts, batch: Batch, outputs: Outputs, top: int | None) -> Answers:
    return Answers(facts, batch.names, outputs.values, top, batch.kept, outputs.novelty)


def make_model(run: OpenRun, name: str, read_examples: Callable[[], Any]) -> Model:
    """A run under the name that requests use; `read_examples` reads rows of its own data, for the page.

    Raises RunError where the run has no exported model, which only TensorFlow could run.
    """
    content = run.folder.find_intact(files.LITE_MODEL)
    if content is None:
        raise RunError(
            f"{run.folder.path} has no {files.LITE_MODEL}, and `nncli serve` answers without TensorFlow",
            hint="train it again with this version, or name another run",
        )
    novelty = open_novelty(run)
    answering = RunAnswering(run, content, novelty)
    look = Look(run, content, novelty, answering, read_examples)
    details = {"score": describe_score(run.folder).strip(" ()")}
    return Model(name, run.folder.path.name, run.facts, answering, look=lambda: look, details=details)


def renamed(model: Model, name: str) -> Model:
    """The same model under another name."""
    return replace(model, name=name)
