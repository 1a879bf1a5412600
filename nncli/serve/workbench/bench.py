"""What must be able to check and train networks for the workbench; the pipeline makes it.

Answers are JSON. Methods raise NncliError and Refusal, whose words the page shows.
"""

from typing import Any, Protocol

from nncli.serve.model import Model

Told = dict[str, Any]


class Bench(Protocol):
    """Networks built in the page: `key` is what a request that changes something must carry."""

    key: str

    def offers(self) -> Told:
        """Data sets, layers with their options, losses, optimizers, metrics, and drafts to start from."""
        ...

    def columns(self, source: str) -> Told:
        """Of a table on the list its columns, and the likely targets: {"columns", "likely"}."""
        ...

    def check(self, draft: Any) -> Told:
        """What is wrong with a draft and how to mend it, its network, its YAML and its Keras script."""
        ...

    def read(self, text: Any) -> Told:
        """The draft of a config that was typed: {"draft"}."""
        ...

    def suggest(self, draft: Any) -> Told:
        """The sections that suit the data set of a draft: {"sections"}."""
        ...

    def arrays(self, draft: Any) -> bytes:
        """The .npz file that lies beside the script of a draft."""
        ...

    def start(self, draft: Any, epochs: int | None) -> Told:
        """Trains a draft, at first for this many epochs, None for all; returns `training(0)`."""
        ...

    def resume(self, run: str, more: int | None, epochs: int | None) -> Told:
        """Continues a run to the end of its epochs and `more`, at first for `epochs`, None for all."""
        ...

    def allow(self, epochs: int | None) -> Told:
        """Lets the training go on for this many epochs, to its end (None), or pause after the one that runs (0)."""
        ...

    def stop(self) -> Told:
        """Interrupts the training, which can be resumed."""
        ...

    def training(self, first: int) -> Told:
        """How the training stands, with the metrics of all epochs but the first `first`."""
        ...

    def frames(self, known: str, first: int) -> Told:
        """The network while it learns: {"id", "lines", "next"}, lines from the byte `first` on of what has the id
        `known`, from the beginning of what has another."""
        ...

    def runs(self) -> list[Told]:
        """The newest trainings."""
        ...

    def compare(self, first: str, second: str) -> Told:
        """The curves and scores of two trainings, and what differs."""
        ...

    def open(self, run: str) -> Model:
        """A finished training as a model that answers."""
        ...
