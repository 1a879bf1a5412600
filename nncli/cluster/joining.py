"""Joins the cluster that was asked for, or starts one on this machine, and leaves it again."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nncli.cluster.capture import captured, silence_messages
from nncli.cluster.nodes import Cluster
from nncli.cluster.request import ClusterRequest, split_address
from nncli.errors import NncliError, UsageError

_ADDRESS = "RAY_ADDRESS"
# Ray itself tries for minutes.
_ANSWER_SECONDS = 3.0
# For every worker: numpy multiplies with one thread, as in the `nncli` command, and pydantic looks for no plugins.
_WORKERS = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def joined(request: ClusterRequest, packages: Sequence[str]) -> Iterator[Cluster]:
    """A cluster with the nodes that have the versions of packages that are here; what Ray prints meanwhile is dropped.

    Without an address it is that of `RAY_ADDRESS`, or the one that `ray start` started on this machine, else one of
    this machine alone, which ends with the block. Raises UsageError for one that does not answer, and NncliError where
    Ray does not start.
    """
    address = _find(request)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before Ray is imported: it would report to its makers
    with captured():
        import ray

        silence_messages()
        cluster: Cluster | None = None
        try:
            _connect(address)
            cluster = Cluster(packages)
            yield cluster
        finally:
            if cluster is None or not cluster.is_gone:  # else it would wait for an answer
                ray.shutdown()


def _find(request: ClusterRequest) -> str | None:
    """The address of a cluster that answers, None to start one. Raises UsageError for one that does not answer."""
    if request.address is not None:
        return _require_answer(request.address, f"--on {request.address}")
    if named := os.environ.get(_ADDRESS):
        return None if named == "local" else _require_answer(named, f"{_ADDRESS}={named}")
    with suppress(UsageError):  # the file stays where the machine went down
        return _require_answer(own, "the cluster of this machine") if (own := _own_address()) else None
    return None


def _own_address() -> str | None:
    """The cluster that this machine is a node of, as `ray start` writes it down."""
    path = Path(os.environ.get("RAY_TMPDIR", tempfile.gettempdir())) / "ray" / "ray_current_cluster"
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _require_answer(address: str, told: str) -> str:
    host, port = split_address(address)
    try:
        socket.create_connection((host, port), timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        raise UsageError(
            f"{told}: nothing answers there ({error.strerror or error})",
            hint="ray start --head on one machine, ray start --address=HOST:6379 on the others and on this one",
        ) from None
    return address


def _connect(address: str | None) -> None:
    """Connects this process. Raises NncliError where Ray does not start, UsageError where it does not join."""
    import ray

    options = {"log_to_driver": False, "logging_level": "critical", "runtime_env": {"env_vars": _WORKERS}}
    handlers = {int(number): signal.getsignal(number) for number in _SIGNALS}
    before = Path.cwd()
    try:
        # Ray lets every worker look for modules in the current folder first. This one has nothing but Python's own.
        os.chdir(Path(os.__file__).parent)
        if address is None:
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
            ray.init(address="local", num_cpus=cores, include_dashboard=False, **options)
        elif _is_own(address):
            # Ray then shows the token that it keeps for this user, as it did for `ray start`; to others never.
            os.environ.pop(_ADDRESS, None)
            ray.init(address="auto", **options)
        else:
            ray.init(address=address, **options)
    except Exception as error:  # of many classes, RuntimeError among them
        told = (str(error).strip() or type(error).__name__).partition("\n")[0]
        if address is None:
            raise NncliError(f"Ray does not start: {told}", hint="train without --on") from None
        raise UsageError(
            f"the cluster at {address} cannot be joined: {told}",
            hint=f"this machine must be one of its nodes (ray start --address={address}, with --num-cpus=0 to train on "
            "the others only) and have its token (RAY_AUTH_MODE=token, ~/.ray/auth_token) where it asks for one",
        ) from None
    finally:
        os.chdir(before)
        _restore(handlers)


def _is_own(address: str) -> bool:
    """Whether an address is that of the cluster that this machine is a node of, by whatever name of the host."""
    own = _own_address()
    if own is None:
        return False
    with suppress(OSError, UsageError):
        (host, port), (own_host, own_port) = split_address(address), split_address(own)
        return port == own_port and socket.gethostbyname(host) == socket.gethostbyname(own_host)
    return False


def _restore(handlers: Mapping[int, Any]) -> None:
    """Ray sets a handler of its own for SIGTERM, which would end the process without a word."""
    for number, handler in handlers.items():
        with suppress(ValueError, TypeError):  # not in the main thread, or not set by Python
            signal.signal(number, handler)
