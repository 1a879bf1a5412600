"""One attempt of workers on a cluster, from the first actor to the last; does not know whether another will follow."""

import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from nncli import errors
from nncli.cluster.gang import Gang, LostMemberError, placed
from nncli.cluster.nodes import Cluster
from nncli.cluster.tasks import Failure, Share
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import NncliError, Terminated
from nncli.pipeline.training.workers.clustered.agent import Agent
from nncli.pipeline.training.workers.clustered.order import Order, Report, Sent
from nncli.pipeline.training.workers.clustered.returning import Returned
from nncli.pipeline.training.workers.clustered.speaking import Listener
from nncli.pipeline.training.workers.clustered.supervision import Standing, Supervision
from nncli.pipeline.training.workers.launching import BEATS

_ANSWER_SECONDS = 60.0
# For actors to end their workers and to clear their folders.
_CLOSE_SECONDS = 5.0
_WAIT_SECONDS = 0.5


class Attempt:
    """Trains once; each worker has a share of a node."""

    def __init__(self, cluster: Cluster, share: Share, returned: Returned, console: Console) -> None:
        self._gang = Gang(cluster, Agent, share)
        self._returned, self._console = returned, console
        self._listener: Listener | None = None
        self._supervision: Supervision | None = None
        self._has_begun = False

    def run(self, order: Order, data: Any, workers: int, seconds: float) -> Standing | None:
        """Returns the worker that was lost, or None if the training ended; its folder is then the run's.

        Raises what the chief says is wrong, and NncliError where the workers cannot be started. However it ends, no
        actor is left.
        """
        try:
            lost = self._start(order, data, workers, seconds) or self._watch()
            return lost if lost is None else self._take_leave(lost)
        except LostMemberError as error:
            return Standing(error.message, lost="")
        except (KeyboardInterrupt, Terminated):
            self._stop_in_order()
            raise
        finally:
            if self._listener is not None:
                self._listener.close()
            self._end()

    def _start(self, order: Order, data: Any, workers: int, seconds: float) -> Standing | None:
        """Starts actors and workers; the first that is lost meanwhile."""
        from nncli.engine.distributed import cluster as clusters

        gang = self._gang
        with self._console.step(f"starting {count(workers, 'worker')}") as progress:
            strategy = gang.start(workers, self._tell_node)
            nodes = placed(gang.members)
            self._returned.changes = {"placement": strategy, "nodes": [member.node.name for member in gang.members]}
            offers = self._ask_all("offer")
            cluster = clusters.Cluster(tuple(address for address, _ in offers), 0)
            names = [f"{cluster.describe(place)} on {member.node.name}" for place, member in enumerate(gang.members)]
            here = self._returned.folder.path
            self._listener = Listener(self._console, f"{offers[0][1]}/{order.name}", str(here))
            supervision = self._supervision = Supervision(gang, names, seconds, self._handle_answer)
            for place in range(workers):
                variables = {clusters.VARIABLE: cluster.to_variable(place)}
                gang.call(place, "start", order, data, self._returned.state, variables, seconds / BEATS)
            progress(f"sending the data to {count(len(nodes), 'node')}", 0.5)
            lost = supervision.await_start()
        where = "each on a node of its own" if len(nodes) == workers else _describe(nodes)
        threads = count(order.engine.threads, "thread")
        self._console.say(f"{count(workers, 'worker')}, {where} ({strategy}), {threads} each")
        return lost

    def _tell_node(self, text: str) -> None:
        (self._console.say if "joined" in text else self._console.warn)(text, once=True)

    def _ask_all(self, method: str) -> list[Any]:
        """What each member answers. Raises NncliError for one that is lost."""
        answers: dict[int, Any] = {}
        for place in range(len(self._gang.members)):
            self._gang.call(place, method)
        deadline = time.monotonic() + _ANSWER_SECONDS
        while self._gang.waiting:
            for place, answer in self._gang.wait(_WAIT_SECONDS):
                if isinstance(answer, Failure):
                    name = self._gang.members[place].node.name
                    raise LostMemberError(f"a worker on {name} did not start: {answer.text}")
                answers[place] = answer
            if time.monotonic() > deadline:
                raise LostMemberError("a worker did not start in time")
        return [answers[place] for place in sorted(answers)]

    def _watch(self) -> Standing | None:
        supervision = self._require_supervision()
        self._has_begun = True
        lost = supervision.wait()
        if lost is not None:
            return lost
        archive = self._collect()
        if archive is None or not self._returned.keep_all(archive):
            chief = supervision.standings[0]
            chief.lost = "it ended, and its run folder did not come back"
            return chief
        return None

    def _require_supervision(self) -> Supervision:
        if self._supervision is None:
            raise RuntimeError("the workers were not started")
        return self._supervision

    def _handle_answer(self, answer: Report | Sent) -> None:
        """Prints what the chief says, and keeps a state that it sends."""
        if isinstance(answer, Sent):
            self._returned.keep_state(answer.archive)
            return
        for call in answer.said:
            if self._listener is not None:
                self._listener.make(call)

    def _take_leave(self, lost: Standing) -> Standing:
        """Keeps what a chief that ended by itself has left. Raises the error that a worker reports."""
        supervision = self._require_supervision()
        chief = supervision.standings[0]
        error = lost.messages.get("error")
        archive = None if chief.lost is not None or chief.is_unanswered else self._collect()
        if archive is not None and error is None:
            self._returned.keep_state(archive)
        if error is None:
            return lost
        if archive is not None:
            self._returned.keep_all(archive)
        kind, message, hint = error
        if lost is not chief:
            message = f"{lost.name}: {message}"
        raise _error_of(kind, message, hint)

    def _stop_in_order(self) -> None:
        """After Ctrl-C: the chief records its run, which is kept."""
        if self._supervision is None or not self._has_begun:
            return
        with suppress(NncliError):
            self._supervision.stop_chief(signal.SIGINT)
            archive = self._collect() if self._supervision.hears_chief else None
            if archive is not None:
                self._returned.keep_all(archive)

    def _collect(self) -> bytes | None:
        """The run folder of the chief, None if it has none or its actor does not answer."""
        self._gang.call(0, "collect")
        self._gang.call(0, "poll", _WAIT_SECONDS)
        deadline = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < deadline:
            for answer in [answer for place, answer in self._gang.wait(_WAIT_SECONDS) if place == 0]:
                deadline = time.monotonic() + _ANSWER_SECONDS
                if isinstance(answer, Failure):
                    return None
                if isinstance(answer, Sent) and answer.is_last:
                    return answer.archive or None
                if isinstance(answer, Report | Sent):
                    self._handle_answer(answer)
                if isinstance(answer, Report):
                    if answer.has_packed:
                        self._gang.call(0, "send")
                    self._gang.call(0, "poll", _WAIT_SECONDS)
        return None

    def _end(self) -> None:
        """Ends workers and actors, also those that do not answer."""
        supervision = self._supervision
        silent = [] if supervision is None else supervision.silent
        lost = set() if supervision is None else {n for n, each in enumerate(supervision.standings) if each.lost}
        with suppress(NncliError):
            places = [place for place in range(len(self._gang.members)) if place not in lost and place not in silent]
            for place in places:
                self._gang.call(place, "close")
            deadline = time.monotonic() + _CLOSE_SECONDS
            while self._gang.waiting & set(places) and time.monotonic() < deadline:
                self._gang.wait(_WAIT_SECONDS)
        self._gang.end(silent)


def _describe(nodes: Mapping[str, int]) -> str:
    return "; ".join(f"{number} on {name}" for name, number in nodes.items())


def _error_of(kind: str, message: str, hint: str | None) -> NncliError:
    """The error of a worker, with the exit code of its class."""
    known = getattr(errors, kind, NncliError)
    is_plain = isinstance(known, type) and issubclass(known, NncliError) and known is not errors.ConfigError
    return known(message, hint=hint) if is_plain else NncliError(message, hint=hint)
