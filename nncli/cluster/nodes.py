"""The nodes of a cluster: which of them may train, and which are refused for the versions of their packages."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nncli.cluster.request import split_address
from nncli.errors import NncliError, UserError

NODE_LABEL = "ray.io/node-id"
# A worker has to start first.
_PROBE_SECONDS = 60.0
# Until one that did not answer is asked again.
_PATIENCE_SECONDS = 300.0
# Between two looks at who is there.
_LOOK_SECONDS = 2.0
# A head node that does not answer for so long is gone. Ray itself ends this process without a word after 60 seconds.
_GONE_SECONDS = 20.0
_ANSWER_SECONDS = 2.0
_CONTINUE = "start the cluster again, then continue; or continue without --on"
_MARK = 6


@dataclass(frozen=True)
class Node:
    """A machine that runs tasks, or a part of one; `processor` is the name of its model."""

    identity: str
    name: str
    cpus: float
    gpus: float
    processor: str | None = None

    def slots(self, cpus: float, gpus: float) -> int:
        """How many tasks that reserve so much it can run at once."""
        numbers = [int(have / want + 1e-9) for have, want in ((self.cpus, cpus), (self.gpus, gpus)) if want]
        return min(numbers, default=0)


class Cluster:
    """The nodes that tasks may run on: those with the same nncli, and the same versions of some packages, as here.

    `nodes` has them by identity. Raises UserError where there is none.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self.is_gone = False
        self._versions: dict[str, str | None] = _make_probe()(list(packages))["versions"]
        self.nodes: dict[str, Node] = {}
        self.refused: dict[str, str] = {}
        self._silent: dict[str, float] = {}
        self._looked, self._answered = 0.0, time.monotonic()
        self._told = list(self._update())
        if not self.nodes and self.refused:
            raise UserError("\n".join(self.refused.values()), hint="install the versions of this machine there")

    def changes(self, *, at_once: bool = False) -> list[str]:
        """What is to be told about nodes since the last call: refused, lost, joined. Looks again every few seconds, or
        `at_once`."""
        told, self._told = self._told, []
        if at_once or time.monotonic() - self._looked > _LOOK_SECONDS:
            told += self._update()
        return told

    def check(self) -> None:
        """Raises NncliError where the head node has not answered for long; asks it every few seconds."""
        if time.monotonic() - max(self._looked, self._answered) > _LOOK_SECONDS:
            self._is_answering()

    def slots(self, cpus: float, gpus: float) -> int:
        """How many tasks that reserve so much can run at once."""
        return sum(node.slots(cpus, gpus) for node in self.nodes.values())

    def most_cpus(self, gpus: float) -> float:
        """The CPUs of the largest node with this many GPUs."""
        return max((node.cpus for node in self.nodes.values() if node.gpus >= gpus), default=0.0)

    def selector(self) -> dict[str, str]:
        """For a task: on one of the nodes only."""
        return {NODE_LABEL: f"in({','.join(self.nodes)})"}

    def describe(self) -> list[dict[str, Any]]:
        """The nodes, for run.json."""
        return [
            {"name": node.name, "cpus": node.cpus, "gpus": node.gpus, "processor": node.processor}
            for node in self.nodes.values()
        ]

    @contextmanager
    def reached(self) -> Iterator[None]:
        """For calls of Ray. Raises NncliError where this machine's own node is lost, and the way to all others."""
        from ray.exceptions import RaySystemError

        try:
            yield
        except (OSError, RaySystemError) as error:
            self.is_gone = True
            told = str(error).strip().partition("\n")[0]
            raise NncliError(f"the node of this machine has left the cluster: {told}", hint=_CONTINUE) from None

    def _update(self) -> Iterator[str]:
        """Finds nodes that are new or gone."""
        import ray

        is_first, self._looked = not self._looked, time.monotonic()
        if not self._is_answering():
            return
        with self.reached():
            alive = {each["NodeID"]: each for each in ray.nodes() if each["Alive"]}
        for identity in [each for each in self.nodes if each not in alive]:
            yield f"node {self.nodes.pop(identity).name} is lost"
        for identity, answer in self._probe([each for each in alive if self._is_new(alive[each])]).items():
            node = _node(alive[identity], answer)
            differing = _differing(self._versions, answer)
            if differing is None:
                self.nodes[identity] = node
                if not is_first:
                    yield f"node {node.name} has joined"
            else:
                self.refused[identity] = f"node {node.name} is refused: {differing}"
                yield self.refused[identity]
        self._looked = time.monotonic()

    def _is_new(self, found: Mapping[str, Any]) -> bool:
        """Whether a node that could train is to be asked what it is."""
        identity = found["NodeID"]
        is_silent = time.monotonic() - self._silent.get(identity, -_PATIENCE_SECONDS) < _PATIENCE_SECONDS
        is_known = identity in self.nodes or identity in self.refused or is_silent
        return not is_known and found["Resources"].get("CPU", 0) > 0

    def _is_answering(self) -> bool:
        """Whether the head node answers. Raises NncliError where it has not for long."""
        import ray

        address = ray.get_runtime_context().gcs_address
        host, port = split_address(address)
        try:
            socket.create_connection((host, port), timeout=_ANSWER_SECONDS).close()
        except OSError:
            self.is_gone = time.monotonic() - self._answered > _GONE_SECONDS
            if self.is_gone:
                raise NncliError(
                    f"the head node of the cluster, {address}, does not answer any more", hint=_CONTINUE
                ) from None
            return False
        self._answered = time.monotonic()
        return True

    def _probe(self, identities: list[str]) -> dict[str, Mapping[str, Any]]:
        """What each node says about itself; nothing of one that does not answer, which is asked again later."""
        import ray

        if not identities:
            return {}
        ask, packages = ray.remote(_make_probe()), list(self._versions)
        options = {each: {"num_cpus": 0, "max_retries": 0, "label_selector": {NODE_LABEL: each}} for each in identities}
        asked = {ask.options(**options[each]).remote(packages): each for each in identities}
        ready, late = ray.wait(list(asked), num_returns=len(asked), timeout=_PROBE_SECONDS)
        answers = {}
        for reference in ready:
            try:
                answers[asked[reference]] = ray.get(reference)
            except ray.exceptions.RayError:  # it is gone already
                self._silent[asked[reference]] = time.monotonic()
        for reference in late:
            self._silent[asked[reference]] = time.monotonic()
            ray.cancel(reference, force=True)
        return answers


def _make_probe() -> Callable[[list[str]], dict[str, Any]]:
    """A function that travels by its code, as a function of a module would need nncli on the other side."""

    def probe(packages: list[str]) -> dict[str, Any]:
        import hashlib
        import pathlib
        import platform
        from importlib.metadata import PackageNotFoundError, version

        versions: dict[str, str | None] = {}
        for name in packages:
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                versions[name] = None
        try:
            import nncli

            folder, digest = pathlib.Path(nncli.__file__).parent, hashlib.sha256()
            for path in sorted(folder.rglob("*.py")):
                digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
            versions["nncli"] = f"{nncli.__version__} (sources {digest.hexdigest()[:8]})"
        except ImportError:
            versions["nncli"] = None
        try:
            with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - needs no import
                lines = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        except OSError:
            lines = [platform.processor()]
        processor = lines[0] if lines and lines[0] else None
        return {"versions": versions, "processor": processor}

    return probe


def _node(found: Mapping[str, Any], answer: Mapping[str, Any]) -> Node:
    host, address, identity = found["NodeManagerHostname"], found["NodeManagerAddress"], found["NodeID"]
    resources = found["Resources"]
    name = f"{host} ({address}, {identity[:_MARK]})"
    return Node(identity, name, resources.get("CPU", 0.0), resources.get("GPU", 0.0), answer["processor"])


def _differing(wanted: Mapping[str, str | None], answer: Mapping[str, Any]) -> str | None:
    """Where the versions of a node are not those that are wanted; None where they are."""
    told = [
        f"it has {f'{name} {found}' if found else f'no {name}'}, and this machine {version}"
        for name, version in wanted.items()
        if (found := answer["versions"].get(name)) != version
    ]
    return "; ".join(told) or None
