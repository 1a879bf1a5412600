"""Runs functions on the nodes of a cluster, each once; what became of them. Who tries again is the caller."""

from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nncli.cluster.nodes import Cluster

# For a task that is cancelled to clear its files.
_CANCEL_SECONDS = 5.0
_UNREACHED = (
    "its node cannot fetch data from this machine; a firewall is in the way, or the cluster asks for no token and this "
    "user has one: RAY_AUTH_MODE=disabled"
)


@dataclass(frozen=True)
class Share:
    """What a task reserves of a node. Tasks of one `process` kind share worker processes with no others."""

    cpus: float
    gpus: float
    process: str


@dataclass(frozen=True)
class Failure:
    """Why a task did not return: its process or its node was lost, or it raised an exception."""

    text: str


class Tasks:
    """Functions under way, each known by a key."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._keys: dict[Any, Hashable] = {}  # by Ray's reference to the result
        self._shares: dict[Any, Share] = {}
        self._nodes: dict[Any, frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def has_room(self, share: Share) -> bool:
        """Whether a task with that share could begin at once, were nobody else in the cluster."""
        nodes, shares = self._cluster.nodes.values(), self._shares.values()
        if all((each.cpus, each.gpus) == (share.cpus, share.gpus) for each in shares):
            return len(shares) < self._cluster.slots(share.cpus, share.gpus)
        cpus, gpus = sum(each.cpus for each in shares), sum(each.gpus for each in shares)
        return cpus + share.cpus <= sum(node.cpus for node in nodes) and (
            gpus + share.gpus <= sum(node.gpus for node in nodes)
        )

    def store(self, value: Any) -> Any:
        """Puts a value into the object store, from where each node fetches it once; it stays while somebody has what
        is returned.

        Arrays in it are mapped into the memory of tasks without a copy, and cannot be written to.
        """
        import ray

        with self._cluster.reached():
            return ray.put(value)

    def start(self, key: Hashable, share: Share, function: Callable[..., Any], *arguments: Any) -> None:
        """Runs a function of a module on one of the nodes; an argument may be what `store` returned."""
        import ray

        remote = ray.remote(function).options(
            num_cpus=share.cpus,
            num_gpus=share.gpus,
            max_retries=0,
            label_selector=self._cluster.selector(),
            runtime_env={"env_vars": {"NNCLI_PROCESS": share.process}},
        )
        with self._cluster.reached():
            reference = remote.remote(*arguments)
        self._keys[reference], self._shares[reference] = key, share
        self._nodes[reference] = frozenset(self._cluster.nodes)

    def wait(self, seconds: float) -> list[tuple[Hashable, Any]]:
        """The keys of tasks that have ended in the meantime, each with what it returned or a Failure."""
        import ray

        if not self._keys:
            return []
        with self._cluster.reached():
            ready, _ = ray.wait(list(self._keys), num_returns=1, timeout=seconds)
            if ready:
                ready, _ = ray.wait(list(self._keys), num_returns=len(self._keys), timeout=0)
        ended = [(self._forget(reference), result_of(reference)) for reference in ready]
        for reference, nodes in list(self._nodes.items()):
            if not nodes & self._cluster.nodes.keys():  # it would wait forever
                ray.cancel(reference, force=True)
                ended.append((self._forget(reference), Failure("all nodes it could run on are lost")))
        return ended

    def cancel(self) -> list[tuple[Hashable, Any]]:
        """Stops all that are under way; returns those that have ended by themselves, as `wait` does.

        Ends by force only what does not end when it is asked to: Ray's C++ code ends this process where that meets the
        result of a task (seen in 2.60: "Check failed: it != submissible_tasks_.end()").
        """
        import ray

        if self._cluster.is_gone:
            return []
        ended = self.wait(0)
        late = list(self._keys)
        with suppress(Exception):  # whatever it is, the connection ends with this
            for reference in late:
                ray.cancel(reference, force=False)
            if late:
                _, late = ray.wait(late, num_returns=len(late), timeout=_CANCEL_SECONDS, fetch_local=False)
            for reference in late:
                ray.cancel(reference, force=True)
        return ended

    def _forget(self, reference: Any) -> Hashable:
        del self._shares[reference], self._nodes[reference]
        return self._keys.pop(reference)


def result_of(reference: Any) -> Any:
    """What a call came to, which has ended: its value, or a Failure."""
    import ray
    from ray import exceptions

    try:
        return ray.get(reference)
    except exceptions.RayTaskError as error:
        cause = error.cause if isinstance(error.cause, BaseException) else error
        if isinstance(cause, exceptions.OwnerDiedError):
            return Failure(_UNREACHED)
        line = (str(cause).strip().splitlines() or [""])[-1 if cause is error else 0]
        return Failure(f"{type(cause).__name__}: {line}")
    except exceptions.NodeDiedError:
        return Failure("its node was lost")
    except exceptions.OutOfMemoryError:
        return Failure("its node had no memory left")
    except exceptions.RayActorError:
        return Failure("its process or its node was lost")
    except exceptions.RayError as error:  # WorkerCrashedError, ObjectLostError and others
        return Failure(f"its process was lost ({type(error).__name__})")
