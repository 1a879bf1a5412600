"""One training by workers on a cluster: tried again from its last checkpoint where workers are lost."""

import shlex
import sys
import time
from dataclasses import dataclass, replace

from nncli.cluster.gang import NoRoomError
from nncli.cluster.nodes import Cluster
from nncli.cluster.request import ClusterRequest
from nncli.cluster.tasks import Share, Tasks
from nncli.console import Console
from nncli.errors import NncliError
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.planning import Engine, facts_for_network
from nncli.pipeline.training.workers.clustered.attempt import Attempt
from nncli.pipeline.training.workers.clustered.order import Order
from nncli.pipeline.training.workers.clustered.returning import Returned
from nncli.pipeline.training.workers.joining import share_engine
from nncli.pipeline.training.workers.launching import SILENCE_SECONDS
from nncli.run.folder import RunFolder, now

RESTARTS = 3


@dataclass(frozen=True)
class GangRequest:
    """How many workers train on which cluster, how often they may start again, and after how many seconds one without a
    sign of life is taken for hung."""

    cluster: ClusterRequest
    workers: int
    restarts: int = RESTARTS
    seconds: float = SILENCE_SECONDS

    @property
    def least_cpus(self) -> float:
        """The CPUs that each worker needs at least."""
        return 1.0 if self.cluster.cpus is None else self.cluster.cpus

    @property
    def options(self) -> str:
        """As the command line has it."""
        return f"--workers {self.workers} {self.cluster}"


class Attempts:
    """Trains in a run folder that is the caller's, with the `engine` that the run had, if it is resumed."""

    def __init__(
        self,
        cluster: Cluster,
        request: GangRequest,
        folder: RunFolder,
        prepared: Prepared,
        console: Console,
        *,
        max_minutes: float | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._cluster, self._request, self._folder, self._console = cluster, request, folder, console
        self._prepared = prepared
        self._engine = engine or self._choose_engine()
        self._store = Tasks(cluster).store
        self._returned = Returned(folder, self._store)
        self._end = None if max_minutes is None else time.monotonic() + 60 * max_minutes

    def run(self, archive: bytes | None) -> None:
        """Trains, from an archive of the folder on, and writes the folder that the chief made.

        Raises NncliError where workers are lost more often than they may start again, and what the chief raises.
        """
        data = self._store(self._prepared.dataset)
        if archive is not None:
            self._returned.state = self._store(archive)
        self._folder.write_record(workers=self.workers, on=self._on)
        told = ""
        for number in range(self._request.restarts + 1):
            attempt = Attempt(self._cluster, self._share(), self._returned, self._console)
            try:
                lost = attempt.run(self._order(), data, self.workers, self._request.seconds)
            except NoRoomError as error:
                raise error if number == 0 else self._give_up(f"{told}; {error.message}") from None
            except NncliError as error:
                raise self._give_up(error.message) if self._cluster.is_gone else error from None
            if lost is None:
                return
            told = lost.describe_end(self._request.seconds)
            if number == self._request.restarts:
                raise self._give_up(told)
            begin = "their start" if self._returned.state is None else "the last checkpoint"
            which = f"restart {number + 1} of {self._request.restarts}"
            self._console.warn(f"{told}; the workers start again from {begin} ({which})")
            self._returned.restarts.append({"at": now(), "reason": told})

    def _share(self) -> Share:
        return Share(self._cpus, self._request.cluster.gpus, "worker")

    def _order(self) -> Order:
        left = None if self._end is None else max(0.0, self._end - time.monotonic()) / 60
        return Order(
            self._prepared.config,
            self._prepared.loaded,
            self._engine,
            tuple(sys.argv[1:]),
            self._folder.path.name,
            self._console.talk_width,
            self._on,
            left,
            resumes=self._returned.state is not None,
        )

    @property
    def _on(self) -> str:
        return str(self._request.cluster).removeprefix("--on ")

    def _choose_engine(self) -> Engine:
        """With as many threads as a worker has CPUs, at most."""
        config, accelerator = self._prepared.config, bool(self._request.cluster.gpus)
        facts = facts_for_network(self._prepared.dataset.facts)
        engine = share_engine(config, facts, 1, accelerator=accelerator)
        return replace(engine, threads=config.train.threads or max(1, min(engine.threads, int(self._cpus))))

    @property
    def _cpus(self) -> float:
        """The CPUs of a worker: what was asked for, else its part of the nodes, which is the same for each."""
        asked, nodes = self._request.cluster, self._cluster.nodes.values()
        if asked.cpus is not None:
            return asked.cpus
        most = int(max((node.cpus for node in nodes), default=1.0))
        enough = [share for share in range(most, 0, -1) if self._cluster.slots(share, asked.gpus) >= self.workers]
        return float(enough[0]) if enough else 1.0

    @property
    def workers(self) -> int:
        """How many train together."""
        return self._request.workers

    def _give_up(self, told: str) -> NncliError:
        if self._returned.state is None:
            return NncliError(f"{told}; there was no checkpoint yet", hint="train again")
        word = shlex.quote(str(self._folder.path))
        return NncliError(
            f"{told}; the last checkpoint is kept",
            hint=f"to continue: nncli train --resume {word} {self._request.options}",
        )
