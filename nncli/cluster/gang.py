"""Actors on a cluster that start together or not at all, each on a share of its own; does not know what they do."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nncli.cluster.nodes import NODE_LABEL, Cluster, Node
from nncli.cluster.tasks import Failure, Share, result_of
from nncli.errors import NncliError

# A cluster may have to end what others run first, or to start a node.
_ROOM_SECONDS = 60.0
# Ray starts a process for each actor, which imports nncli.
_START_SECONDS = 120.0
_KILL_SECONDS = 10.0
_WAIT_SECONDS = 0.5


class NoRoomError(NncliError):
    """The nodes of a cluster have no room for all members at once."""


class LostMemberError(NncliError):
    """A member was lost before it had begun."""


@dataclass(frozen=True)
class Member:
    """One actor, with the node it is on and the id of its process there."""

    actor: Any
    node: Node
    process: int


class Gang:
    """Actors of one class, which are made without arguments; those of a gang that has ended are gone."""

    def __init__(self, cluster: Cluster, kind: type, share: Share) -> None:
        self._cluster, self._kind, self._share = cluster, kind, share
        self._group: Any = None
        self._calls: dict[Any, int] = {}
        self._actors: list[Any] = []
        self.members: list[Member] = []

    def start(self, number: int, tell: Callable[[str], None]) -> str:
        """Starts this many actors; returns Ray's name of their placement. Each has a node of its own if there are
        enough nodes with room, otherwise they are spread as evenly as possible. `tell` gets messages about nodes
        meanwhile. Raises NoRoomError where there is no room for all of them in time, and LostMemberError for one that
        does not start.
        """
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        strategy = self._reserve(number, tell)
        with self._cluster.reached():
            for place in range(number):
                options = {
                    "num_cpus": self._share.cpus,
                    "num_gpus": self._share.gpus,
                    "max_restarts": 0,
                    "scheduling_strategy": PlacementGroupSchedulingStrategy(self._group, place),
                    "runtime_env": {"env_vars": {"NNCLI_PROCESS": self._share.process}},
                }
                self._actors.append(ray.remote(self._kind).options(**options).remote())
            self._locate_actors()
        return strategy

    def _reserve(self, number: int, tell: Callable[[str], None]) -> str:
        """Reserves room on nodes, and anew whenever others are there; how."""
        from ray.util.placement_group import placement_group, remove_placement_group

        share = {"CPU": self._share.cpus, "GPU": self._share.gpus}
        bundles = [{name: value for name, value in share.items() if value} for _ in range(number)]
        deadline, is_first = time.monotonic() + _ROOM_SECONDS, True
        while is_first or time.monotonic() < deadline:
            for text in self._cluster.changes(at_once=is_first):
                tell(text)
            is_first, nodes = False, set(self._cluster.nodes)
            if self._cluster.slots(self._share.cpus, self._share.gpus) < number:
                time.sleep(_WAIT_SECONDS)
                continue
            strategy = "STRICT_SPREAD" if self._nodes_with_room() >= number else "SPREAD"
            with self._cluster.reached():
                selector = [self._cluster.selector()] * number
                self._group = placement_group(bundles, strategy, bundle_label_selector=selector)
                while time.monotonic() < deadline and set(self._cluster.nodes) == nodes:
                    if self._group.wait(_WAIT_SECONDS):  # a short wait, which Ctrl-C can interrupt
                        return strategy
                    for text in self._cluster.changes():
                        tell(text)
                remove_placement_group(self._group)
        raise NoRoomError(
            f"the cluster had no room for {number} workers at once within {_ROOM_SECONDS:g} s",
            hint="wait until others have ended (`ray status` on a node), or ask for fewer workers",
        )

    def _nodes_with_room(self) -> int:
        return sum(node.slots(self._share.cpus, self._share.gpus) > 0 for node in self._cluster.nodes.values())

    def _locate_actors(self) -> None:
        """Asks the actors for their nodes and processes."""
        import ray

        asked = [actor.__ray_call__.remote(_locate) for actor in self._actors]
        deadline = time.monotonic() + _START_SECONDS
        ready: list[Any] = []
        while len(ready) < len(asked):
            ready, _ = ray.wait(asked, num_returns=len(asked), timeout=_WAIT_SECONDS)
            if time.monotonic() > deadline:
                raise LostMemberError("a worker did not start in time; Ray's logs on its node, in /tmp/ray, say more")
        for actor, reference in zip(self._actors, asked, strict=True):
            found = result_of(reference)
            if isinstance(found, Failure):
                raise LostMemberError(f"a worker did not start: {found.text}")
            identity, process = found
            node = self._cluster.nodes.get(identity) or Node(identity, identity[:6], 0.0, 0.0)
            self.members.append(Member(actor, node, process))

    def call(self, place: int, method: str, *arguments: Any) -> None:
        """Calls a method of a member; `wait` has what it returns. Calls of one member are answered in their order."""
        with self._cluster.reached():
            self._calls[getattr(self._actors[place], method).remote(*arguments)] = place

    @property
    def waiting(self) -> set[int]:
        """The members that have not answered a call yet."""
        return set(self._calls.values())

    def wait(self, seconds: float) -> list[tuple[int, Any]]:
        """What members have answered in the meantime, a Failure for one that is lost. Raises NncliError where the
        cluster is."""
        import ray

        self._cluster.check()
        with self._cluster.reached():
            ready, _ = ray.wait(list(self._calls), num_returns=1, timeout=seconds)
            if ready:
                ready, _ = ray.wait(list(self._calls), num_returns=len(self._calls), timeout=0)
            return [(self._calls.pop(reference), result_of(reference)) for reference in ready]

    def end(self, silent: Sequence[int] = ()) -> None:
        """Ends all actors, also those `silent` ones that do not answer, as one that was stopped; gives their room back.

        Nothing happens to what has ended.
        """
        import ray
        from ray.util.placement_group import remove_placement_group

        if self._cluster.is_gone:
            return
        self._calls.clear()
        with suppress(Exception):  # whatever it is, the connection ends soon, and the actors with it
            self._kill_processes([self.members[place] for place in silent if place < len(self.members)])
        for actor in self._actors:
            with suppress(Exception):
                ray.kill(actor)
        if self._group is not None:
            with suppress(Exception):
                remove_placement_group(self._group)
        self._group, self._actors, self.members = None, [], []

    def _kill_processes(self, members: Sequence[Member]) -> None:
        """Kills the processes of members by tasks on their nodes, since a stopped process receives no calls."""
        import ray

        remote = ray.remote(_kill)
        asked = [
            remote.options(num_cpus=0, max_retries=0, label_selector={NODE_LABEL: member.node.identity}).remote(
                member.process
            )
            for member in members
        ]
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=_KILL_SECONDS)


def _locate(actor: Any) -> tuple[str, int]:
    """The node and the process of an actor."""
    import ray

    return ray.get_runtime_context().get_node_id(), os.getpid()


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def node_address() -> str:
    """The address by which other nodes of the cluster reach this one; for an actor."""
    import ray

    return str(ray.util.get_node_ip_address())


def placed(members: Sequence[Member]) -> Mapping[str, int]:
    """How many members each node has, by its name."""
    counts: dict[str, int] = {}
    for member in members:
        counts[member.node.name] = counts.get(member.node.name, 0) + 1
    return counts
