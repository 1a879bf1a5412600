"""The story of `train --workers N --plan`: how long N workers would take, and from how many on more do not pay off.

Steps are measured in processes of their own, since TensorFlow takes the number of its threads once.
"""

import contextlib
import io
import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from typing import Any

from nncli.config import rules
from nncli.config.reading.document import KeyPath
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.errors import NncliError, UsageError
from nncli.pipeline.background_import import finish_import
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.examples import arrays_of
from nncli.pipeline.training.planning import Engine, batch_size, choose_engine, facts_for_network, make_plan
from nncli.pipeline.training.workers.exchanging import Exchange, measure_exchange
from nncli.pipeline.training.workers.joining import require_in_memory, share_engine

# For each size of a batch.
_MEASURED_SECONDS = 1.0
_MOST_WORKERS = 1024
# A machine is quiet while others want no more than this share of its cores.
_QUIET = 0.5


@dataclass(frozen=True)
class Measured:
    """What a process found out: the `seconds` of a step by its examples, those of the validation, its peak memory
    (None where the system does not tell), and the bytes of all rows and of a gradient."""

    engine: Engine
    seconds: dict[int, float]
    validation_seconds: float
    peak_bytes: int | None
    data_bytes: int
    gradient_bytes: int


@dataclass(frozen=True)
class Estimate:
    """A training by one worker and by several.

    `rows_per_epoch` and `rows_per_step` are those of each worker, `bytes_per_step` what each sends in an exchange;
    `exchange_measured` is what one took between two processes here, `epochs` has (workers, seconds an epoch), `paying`
    is the largest number that saves a tenth. Times are in seconds. `load` is how many processes ran or waited for a
    core in the minute before, None where the system does not tell.
    """

    config: str
    workers: int
    network: str | None
    cores: int
    alone: dict[str, Any]
    threads: int
    rows_per_epoch: int
    rows_per_step: int
    data_bytes: int
    gradient_bytes: int
    bytes_per_step: int
    peak_bytes: int | None
    compute_seconds: float
    exchange_seconds: float
    exchange_measured: dict[str, Any]
    epochs: list[tuple[int, float]]
    paying: int
    load: float | None

    @property
    def is_busy(self) -> bool:
        """Whether so much else runs on the machine that a training takes longer than the estimate."""
        return self.load is not None and self.load > _QUIET * self.cores

    def to_value(self) -> dict[str, Any]:
        """All of it for JSON."""
        return asdict(self)


def estimate_workers(
    name: str,
    workers: int,
    *,
    network: str | None,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
) -> Estimate:
    """Measures some steps, and estimates the rest; trains nothing and leaves no run.

    With a `network`, such as `10Gb`, each worker is a machine like this one; without, they share its cores. Raises what
    `train` raises.
    """
    from nncli.engine.distributed import cost
    from nncli.engine.executor import available_cores

    if workers < 2:
        raise UsageError("--plan estimates a training by several workers", hint="--workers 2 --plan")
    given = math.inf if network is None else cost.read_bandwidth(network)
    load = _read_load()  # before what is measured adds to it
    loaded = load_config(name, assignments, options)
    prepared = prepare(loaded, folders, console)
    rules.refuse_workers(loaded, prepared.config, workers)
    require_in_memory(prepared.dataset)
    source = (name, folders, assignments, options)
    with console.step("measuring steps of one worker") as progress:
        alone = _in_process(*source, None)
        progress("measuring steps of one of several workers", 0.4)
        shared = _in_process(*source, workers if network is None else 1)
        progress("measuring exchanges between two processes", 0.7)
        exchange = measure_exchange(shared.gradient_bytes)
    size, rows = batch_size(prepared.config, prepared.dataset.facts), len(prepared.dataset.train)
    # No network makes it faster than two processes of one machine do.
    model = _Model(alone, shared, exchange, min(given, exchange.bandwidth or math.inf), rows, size)
    most = available_cores() if network is None else _MOST_WORKERS
    epochs = [(number, model.epoch(number)) for number in _numbers(workers, size, most)]
    return Estimate(
        config=prepared.config.name,
        workers=workers,
        network=network,
        cores=available_cores(),
        alone={"executor": alone.engine.executor, "threads": alone.engine.threads, "peak_bytes": alone.peak_bytes},
        threads=shared.engine.threads,
        rows_per_epoch=math.ceil(rows / workers),
        rows_per_step=math.ceil(size / workers),
        data_bytes=shared.data_bytes,
        gradient_bytes=shared.gradient_bytes,
        bytes_per_step=2 * (workers - 1) * shared.gradient_bytes // workers,
        peak_bytes=shared.peak_bytes,
        compute_seconds=model.step(workers),
        exchange_seconds=model.exchange(workers),
        exchange_measured=asdict(exchange),
        epochs=epochs,
        paying=cost.last_that_pays(epochs),
        load=load,
    )


def _read_load() -> float | None:
    with contextlib.suppress(OSError, AttributeError):  # Windows has none
        return os.getloadavg()[0]
    return None


@dataclass(frozen=True)
class _Model:
    """The seconds of an epoch of several workers, from what was measured of `rows` in batches of `size`."""

    alone: Measured
    shared: Measured
    exchanged: Exchange
    bandwidth: float
    rows: int
    size: int

    def step(self, number: int) -> float:
        """The seconds in which each of `number` workers computes its slice of a batch."""
        from nncli.engine.distributed import cost

        return cost.fit_step_time(self.shared.seconds).of(self.size / number)

    def exchange(self, number: int) -> float:
        """The seconds in which the gradients of a batch go round."""
        from nncli.engine.distributed import cost

        gradient_bytes, message_seconds = self.shared.gradient_bytes, self.exchanged.message_seconds
        return cost.exchange_seconds(number, gradient_bytes, self.bandwidth, message_seconds)

    def epoch(self, number: int) -> float:
        """The seconds of an epoch and its validation."""
        steps = math.ceil(self.rows / self.size)
        if number == 1:
            return steps * next(iter(self.alone.seconds.values())) + self.alone.validation_seconds
        return steps * (self.step(number) + self.exchange(number)) + self.shared.validation_seconds / number


def _numbers(workers: int, size: int, most: int) -> list[int]:
    """One, the powers of two up to the most and to a row for each, and the number that was asked for."""
    powers = {2**power for power in range(11) if 2**power <= min(size, most)}
    return sorted(powers | {1, workers})


def _in_process(
    name: str, folders: Folders, assignments: Sequence[str], options: Sequence[Any], here: int | None
) -> Measured:
    """Measures in another process. Raises NncliError if that fails."""
    context = multiprocessing.get_context("spawn")
    line, end = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(end, name, folders, tuple(assignments), tuple(options), here))
    process.start()
    end.close()
    try:
        found = line.recv()
    except EOFError:
        raise NncliError("the steps cannot be measured: the process that measures ended") from None
    finally:
        line.close()
        process.kill()  # where this is stopped, nobody waits for the rest of the measurement
        process.join()
    if isinstance(found, Exception):
        raise found
    measured: Measured = found
    return measured


def _measure(
    end: Connection, name: str, folders: Folders, assignments: Sequence[str], options: Sequence[Any], here: int | None
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one, which ends it
    silent = Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())
    try:
        prepared = prepare(load_config(name, assignments, options), folders, silent)
        end.send(_measure_steps(prepared, here))
    except NncliError as error:
        end.send(error)
    except Exception as error:  # of TensorFlow, of the machine: told by the process that waits for this one
        end.send(NncliError(f"the steps cannot be measured: {error}"))


def _measure_steps(prepared: Prepared, here: int | None) -> Measured:
    """Steps of one worker (None), or of one of several, `here` of which share this machine."""
    finish_import()
    import nncli.model as models
    from nncli.engine.process import environment
    from nncli.engine.rehearsing import steps

    environment.prepare()
    config, facts = prepared.config, facts_for_network(prepared.dataset.facts)
    engine = choose_engine(config, facts, accelerator=environment.has_accelerator())
    size = batch_size(config, facts)
    sizes = [size]
    if here is not None:
        engine = share_engine(config, facts, here, accelerator=environment.has_accelerator())
        sizes = sorted({size, max(1, size // 2), max(1, size // 4)}, reverse=True)
    environment.prepare(engine.threads, side_by_side=engine.side_by_side)
    model = models.build(config, facts)
    models.compile_model(model, config, facts)
    train, validation = arrays_of(config, prepared.dataset)
    plan = make_plan(config, facts, engine)
    seconds = steps.time_steps(model, train, plan, [min(each, len(train)) for each in sizes], _MEASURED_SECONDS)
    return Measured(
        engine=engine,
        seconds=seconds,
        validation_seconds=steps.time_validation(model, validation, plan),
        peak_bytes=_peak_bytes(),
        data_bytes=sum(array.nbytes for part in (train, validation) for array in [*part.inputs.values(), part.targets]),
        gradient_bytes=sum(4 * math.prod(weight.shape) for weight in model.trainable_weights),
    )


def _peak_bytes() -> int | None:
    with contextlib.suppress(ImportError):  # Windows
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return None
