"""Measures what an exchange of gradients takes between two processes of this machine, which train nothing."""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np

from nncli.errors import NncliError
from nncli.pipeline.background_import import finish_import
from nncli.pipeline.training.workers.launching import free_ports

# For each of two sizes.
_MEASURED_SECONDS = 0.7
# Both import TensorFlow first.
_PATIENCE_SECONDS = 180.0
_SMALLEST = 4


@dataclass(frozen=True)
class Exchange:
    """What was measured: the median `seconds` of an exchange of the gradients between two, half of all rounds lying
    between the `quartiles`; the seconds of a message besides its bytes, and bytes a second, None where they took no
    time."""

    seconds: float
    quartiles: tuple[float, float]
    message_seconds: float
    bandwidth: float | None


def measure_exchange(size: int) -> Exchange:
    """Lets two processes exchange `size` bytes, and next to none. Raises NncliError where they cannot."""
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(2))
    context = multiprocessing.get_context("spawn")
    line, end = context.Pipe(duplex=False)
    processes = [context.Process(target=_exchange, args=(end, index, addresses, size)) for index in range(2)]
    try:
        for process in processes:
            process.start()
        end.close()
        found = line.recv() if line.poll(_PATIENCE_SECONDS) else None
    except EOFError:
        found = None
    finally:
        line.close()
        for process in processes:
            if process.pid is not None:
                process.kill()
                process.join()
    if found is None:
        raise NncliError("an exchange between two processes cannot be measured", hint="train, and look at the epochs")
    return fit_exchange(found[_SMALLEST], found[size], size)


def fit_exchange(least: Sequence[float], whole: Sequence[float], size: int) -> Exchange:
    """From the seconds of exchanges of next to nothing and of `size` bytes between two, each of two messages."""
    fixed, (low, middle, high) = (
        float(np.median(least)),
        (float(each) for each in np.quantile(whole, (0.25, 0.5, 0.75))),
    )
    is_slower = middle > fixed
    return Exchange(
        seconds=middle,
        quartiles=(low, high),
        message_seconds=(fixed if is_slower else middle) / 2,
        bandwidth=size / (middle - fixed) if is_slower else None,
    )


def _exchange(end: Connection, index: int, addresses: tuple[str, ...], size: int) -> None:
    from nncli.engine.distributed import cluster as clusters

    cluster = clusters.Cluster(addresses, index)
    os.environ[clusters.VARIABLE] = cluster.to_variable(index)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stderr__.fileno() if sys.__stderr__ else 2)  # TensorFlow's words
    finish_import()
    from nncli.engine.process import environment

    environment.prepare(1)
    from nncli.engine.distributed import replicas, timing

    found = timing.time_exchanges(replicas.join(), (_SMALLEST, size), _MEASURED_SECONDS)
    if index == 0:
        end.send(found)
    end.close()
    # Skips the shutdown of TensorFlow, in which each would wait for the other.
    os._exit(0)
