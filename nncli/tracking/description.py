"""What a tracker is told about a run: its beginning, each epoch, and its outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

Value = str | int | float | bool


@dataclass(frozen=True)
class Description:
    """A run as it began.

    `name` is that of its folder; `identity` tells it from every other run, also on a server that many use; `group` is
    what it can be compared with. `started` is in seconds since 1970. `parameters` are the values of the config by their
    dotted paths, `config` is its YAML. `parent` is the identity of the run that it is a part of, "" for none.
    """

    name: str
    identity: str
    group: str
    started: float
    config: str
    parameters: Mapping[str, Value]
    tags: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""


@dataclass(frozen=True)
class Epoch:
    """The metrics of an epoch, counted from 1, and when it ended, in seconds since 1970."""

    number: int
    time: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Model:
    """A trained network: what makes the Keras model, which takes seconds, and what goes in and comes out.

    `identity` is equal for equal weights. Inputs are (dtype, shape with None for the rows) by name; the output is
    float32 (rows, outputs). `meaning` is what a caller has to know of the values, as it can be put into JSON.
    """

    load: Callable[[], Any]
    identity: str
    inputs: Mapping[str, tuple[str, tuple[int | None, ...]]]
    outputs: int
    meaning: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run; what it lacks is empty.

    `status` is finished, failed or interrupted, `ended` when, in seconds since 1970. `scores` are of the test set.
    `weights` are those that the run keeps, of `kept_epoch`, by path. `architecture` is the network as Keras's JSON.
    `files` are what belongs to the run, by their names in its folder.
    """

    status: str
    ended: float | None = None
    kept_epoch: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, "np.ndarray"] = field(default_factory=dict)
    architecture: str | None = None
    files: Mapping[str, Path] = field(default_factory=dict)


class Tracker(Protocol):
    """Where runs are written. Every method may raise anything: a full disk, a server that does not answer.

    `begin` comes first. Writing a run again changes nothing but what is new.
    """

    name: str

    def begin(self, run: Description, done: int) -> set[int]:
        """Finds or makes the run; epochs after the `done` first are forgotten. The numbers of those it has."""
        ...

    def add_epochs(self, epochs: list[Epoch]) -> None:
        """Adds epochs that it does not have yet, in their order."""
        ...

    def add_weights(self, epoch: Epoch, weights: Mapping[str, "np.ndarray"]) -> None:
        """Adds the weights after an epoch, if it shows any."""
        ...

    def end(self, outcome: Outcome, model: Model | None = None) -> None:
        """Adds the outcome of the run, and closes it."""
        ...

    def describe(self) -> dict[str, Any]:
        """Where the run is now, for people and programs."""
        ...
