"""What can be served: a model with its facts, and how it answers; the pipeline makes it from a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from nncli.config.facts import DataFacts, ImageInput
from nncli.data.batches import Batch
from nncli.data.dataset import Inputs

Answer = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """What a request may ask for besides its inputs; the options of `nncli predict`."""

    top: int | None = None
    threshold: float | None = None
    as_is: bool = False
    split: bool = False
    keep: bool = False


@dataclass(frozen=True)
class Outputs:
    """Probabilities or values, float32 (rows, outputs), and how unlike the training images each row is, (rows,)."""

    values: np.ndarray
    novelty: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, start: int, end: int) -> "Outputs":
        """Those of the rows from `start` up to `end`."""
        return Outputs(self.values[start:end], None if self.novelty is None else self.novelty[start:end])


class Answering(Protocol):
    """From inputs to answers with names, as `nncli predict` gives them."""

    def adapt(self, options: Options) -> DataFacts:
        """The facts with these options. Raises UsageError for one that does not go with the model."""
        ...

    def run(self, inputs: Inputs) -> Outputs:
        """The outputs for arrays of the same number of rows."""
        ...

    def records(self, facts: DataFacts, batch: Batch, outputs: Outputs, top: int | None) -> list[Answer]:
        """One mapping for each row."""
        ...

    def csv(self, facts: DataFacts, answered: Sequence[tuple[Batch, Outputs]], top: int | None) -> bytes:
        """The same as a CSV file with a header. Raises DataError for tables of different columns."""
        ...

    def remarks(self, batches: Sequence[Batch], outputs: Sequence[Outputs]) -> list[str]:
        """What is remarkable about these answers, in words."""
        ...


@dataclass(frozen=True)
class Model:
    """A model under a name. `version` is that of the run, `details` what the page shows of it (JSON).

    `look` gives what only the page needs (see `page.looking.Looking`), made when it is first asked for.
    """

    name: str
    version: str
    facts: DataFacts
    answering: Answering
    look: Callable[[], Any]
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def image(self) -> ImageInput | None:
        """What images it takes; None for a table."""
        return self.facts.inputs if isinstance(self.facts.inputs, ImageInput) else None
