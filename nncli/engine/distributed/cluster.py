"""Which processes train together: TF_CONFIG, as TensorFlow, Slurm scripts and Kubernetes operators write it.

Does not depend on TensorFlow. The format: https://www.tensorflow.org/guide/distributed_training#TF_CONFIG
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from nncli.errors import UsageError

VARIABLE = "TF_CONFIG"
_EXAMPLE = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Cluster:
    """The `addresses` (host:port) of all workers, the chief first, and which of them this process is."""

    addresses: tuple[str, ...]
    index: int

    @property
    def size(self) -> int:
        """The number of workers."""
        return len(self.addresses)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run."""
        return self.index == 0

    @property
    def workers_here(self) -> int:
        """How many of them share the machine of this one, by their addresses."""
        hosts = [address.rpartition(":")[0] for address in self.addresses]
        return hosts.count(hosts[self.index])

    def describe(self, index: int) -> str:
        """A worker as messages name it, counted from 1: `worker 2 of 4 (node7:2222)`."""
        return f"worker {index + 1} of {self.size} ({self.addresses[index]})"

    def to_variable(self, index: int) -> str:
        """The TF_CONFIG of one of the workers."""
        return json.dumps({"cluster": {"worker": list(self.addresses)}, "task": {"type": "worker", "index": index}})


def read_cluster(environment: Mapping[str, str] = os.environ) -> Cluster | None:
    """The cluster that TF_CONFIG describes; None without one, or with a single worker.

    Raises UsageError for a value that is not such a description, and for tasks other than `worker` and `chief`.
    """
    text = environment.get(VARIABLE, "")
    if not text.strip():
        return None
    try:
        value = json.loads(text)
        tasks, task = value["cluster"], value["task"]
        kind, index = task["type"], int(task["index"])
        groups = {name: tuple(str(address) for address in tasks[name]) for name in tasks}
    except (ValueError, TypeError, KeyError):
        raise UsageError(
            f"TF_CONFIG is not a description of workers: {text[:120]}", hint=f"expected {_EXAMPLE}, or unset it"
        ) from None
    unknown = sorted({*groups, kind} - {"chief", "worker"})
    if unknown:
        raise UsageError(
            f"TF_CONFIG has the task {', '.join(unknown)}, expected only worker (or one chief and workers)",
            hint="all workers train the same network; there is no parameter server and no evaluator",
        )
    chiefs, workers = groups.get("chief", ()), groups.get("worker", ())
    place = index if kind == "chief" else len(chiefs) + index
    if index < 0 or index >= len(groups.get(kind, ())) or len(chiefs) > 1:
        raise UsageError(
            f"TF_CONFIG names {kind} {index}, and the cluster has {len(chiefs)} chief and {len(workers)} worker",
            hint=f"expected {_EXAMPLE}",
        )
    cluster = Cluster((*chiefs, *workers), place)
    return cluster if cluster.size > 1 else None
