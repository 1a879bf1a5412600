"""The workers that train together: the cluster of this process, and its connection to the process that started it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nncli.config import rules
from nncli.errors import NncliError, UsageError
from nncli.pipeline.background_import import finish_import
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.workers.line import Line, LostWorkerError, open_line
from nncli.run.folder import RunFolder

# What TensorFlow raises where another worker is gone, by the names of its classes.
_LOST = ("UnavailableError", "DeadlineExceededError", "AbortedError", "CancelledError")


@dataclass(frozen=True)
class Group:
    """The workers that train together, and which of them this process is.

    `cluster` has their addresses; `line` leads to the process that started this one, if one of nncli did. Without a
    cluster, the `devices` of this process (`GPU:0`) are the workers. `on` is what the command line names the cluster of
    machines by, such as `ray`.
    """

    cluster: Any = None
    line: Line | None = None
    devices: tuple[str, ...] = ()
    on: str | None = None

    @property
    def size(self) -> int:
        """The number of workers."""
        return len(self.devices) if self.cluster is None else int(self.cluster.size)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run."""
        return self.cluster is None or bool(self.cluster.is_chief)

    @property
    def workers_here(self) -> int:
        """How many processes share the cores of this machine."""
        return 1 if self.cluster is None else int(self.cluster.workers_here)

    @property
    def resume(self) -> str | None:
        """The run folder to continue with, where the workers start again."""
        return None if self.line is None else self.line.resume

    @property
    def minutes(self) -> float:
        """How long the training has taken already, where the workers start again."""
        return 0.0 if self.line is None else self.line.minutes

    @property
    def record(self) -> dict[str, Any]:
        """What run.json says about it."""
        devices = {} if self.cluster else {"devices": list(self.devices)}
        return {"workers": self.size, "on": self.on, **devices}

    def refuse(self, prepared: Prepared) -> None:
        """Raises ConfigError for a config that cannot be trained by several workers."""
        if prepared.loaded is not None:
            rules.refuse_workers(prepared.loaded, prepared.config, self.size)

    def tell_joined(self) -> None:
        """Tells the process that started this one that TensorFlow is loaded and all workers are there."""
        if self.line is not None:
            self.line.tell({"joined": True})

    def tell_run(self, folder: RunFolder) -> None:
        """Tells the process that started this one which folder the run has."""
        if self.line is not None:
            self.line.tell({"run": str(folder.path.absolute())})

    @contextmanager
    def telling_losses(self) -> Iterator[None]:
        """Turns TensorFlow's error about another worker that is gone into a LostWorkerError."""
        try:
            yield
        except NncliError:
            raise
        except Exception as error:  # TensorFlow's own classes are only known once it is imported
            if self.cluster is None:
                raise
            if "Could not start gRPC server" in str(error):
                address = self.cluster.addresses[self.cluster.index]
                hint = "another program has the port; start again, or name another in TF_CONFIG"
                raise NncliError(f"{address} cannot be opened", hint=hint) from None
            if type(error).__name__ not in _LOST and "Collective ops is aborted" not in str(error):
                raise
            message = f"{self.cluster.describe(self.cluster.index)} has lost another worker ({type(error).__name__})"
            if self.line is not None:
                self.line.tell({"lost": message})
            hint = "look at the other workers; --resume RUN on each of them continues after the last checkpoint"
            raise LostWorkerError(message, hint=hint) from None


def all_devices() -> Group:
    """The GPUs of this machine as workers. Raises UsageError for fewer than two."""
    finish_import()
    from nncli.engine.process import environment

    environment.prepare()
    devices = environment.accelerators()
    if len(devices) < 2:
        raise UsageError(
            f"--devices all needs two GPUs or more, and TensorFlow sees {len(devices)}",
            hint="leave it out; --workers N trains in N processes",
        )
    return Group(devices=tuple(devices))


def read_group(workers: int | None) -> Group | None:
    """The workers that TF_CONFIG names; None for a training of this process alone.

    Raises UsageError where `--workers` asks for another number.
    """
    from nncli.engine.distributed.cluster import read_cluster

    cluster = read_cluster()
    if cluster is None:
        return None
    if workers not in (None, cluster.size):
        raise UsageError(
            f"got --workers {workers}, and TF_CONFIG names {cluster.size} workers", hint="leave --workers out"
        )
    return Group(cluster, open_line(is_chief=cluster.is_chief))
