"""The order to a worker on a node, and the reports of its actor."""

from dataclasses import dataclass, field
from typing import Any

from nncli.config.reading.loading import LoadedConfig
from nncli.config.sections import Config
from nncli.pipeline.training.planning import Engine


@dataclass(frozen=True)
class Order:
    """A training: its config as it was resolved by the caller, whose command line and columns of a terminal it has.

    `name` is that of the run folder, in which it `resumes`, or which the chief makes. `on` is what the caller named the
    cluster by.
    """

    config: Config
    loaded: LoadedConfig | None
    engine: Engine
    command: tuple[str, ...]
    name: str
    columns: int
    on: str
    max_minutes: float | None = None
    resumes: bool = False


@dataclass(frozen=True)
class Report:
    """The state of a worker: its exit code, None while it runs; the seconds since its last sign of life; its messages.

    `said` are calls for the caller's console since the last report, `has_packed` says that an archive of its folder can
    be sent, `last_words` what a worker that ended wrote last.
    """

    code: int | None
    silence: float
    messages: dict[str, Any]
    said: list[list[Any]] = field(default_factory=list)
    has_packed: bool = False
    last_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sent:
    """The archive of a run folder: with another checkpoint than before, or, asked for at the end, with all there is,
    and then empty if there is nothing."""

    archive: bytes
    is_last: bool
