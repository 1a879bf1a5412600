"""How a worker joins the others: its threads, the common strategy, its loops."""

import hashlib
import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nncli.config.facts import DataFacts
from nncli.config.sections import Config
from nncli.data.dataset import Dataset
from nncli.errors import NncliError, UsageError
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.continuing.checkpoint import mark_of
from nncli.pipeline.training.planning import Engine, choose_engine
from nncli.pipeline.training.workers.group import Group

if TYPE_CHECKING:
    from nncli.engine.arrays import Arrays, Plan


def share_engine(config: Config, facts: DataFacts, workers_here: int, *, accelerator: bool) -> Engine:
    """The loop of TensorFlow's own operations for one of several workers, `workers_here` of which share this machine.

    It has its share of the cores. It has a part of each batch already, and splits that no further.
    """
    from nncli.engine import executor

    shared = config.model_copy(update={"train": config.train.model_copy(update={"executor": "graph"})})
    engine = choose_engine(shared, facts, accelerator=accelerator)
    share = max(1, executor.available_cores() // workers_here)
    return replace(engine, threads=config.train.threads or min(max(engine.threads, 1), share), parts=1)


def require_in_memory(dataset: Dataset) -> None:
    """Raises UsageError for a streamed data set: each worker gathers its rows from arrays in memory."""
    if dataset.is_streamed:
        raise UsageError(
            "--workers trains on data in memory, and this data is streamed",
            hint="use `memory: all` under data, or leave --workers out",
        )


def start_strategy(group: Group) -> Any:
    """Joins the other workers; waits until all are there."""
    from nncli.engine.distributed import replicas

    if group.cluster is None:
        return replicas.mirror(group.devices)
    handler = signal.getsignal(signal.SIGTERM)
    with group.telling_losses():
        strategy = replicas.join()
    group.tell_joined()
    signal.signal(signal.SIGTERM, handler)  # TensorFlow has put its own in the place, which waits for other workers
    return strategy


def require_same(program: Any, prepared: Prepared) -> None:
    """Raises NncliError in a worker whose config or data are not the chief's: it would learn from rows that the chief
    tests on."""
    told = {**mark_of(prepared.config, prepared.dataset), "epochs": prepared.config.train.epochs}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()
    own = [int.from_bytes(digest[place : place + 2]) for place in range(0, 16, 2)]
    if program.chiefs(own) != own:
        raise NncliError(
            "this worker has another config, seed or data than the chief",
            hint="start the same command with the same files on every node",
        )


def make_program(
    strategy: Any,
    config: Config,
    facts: DataFacts,
    train: "Arrays",
    validation: "Arrays",
    plan: "Plan",
    *,
    several_processes: bool,
) -> Any:
    """The network built and compiled for all workers, with its loops; initial weights are those of the chief."""
    import nncli.model as models
    from nncli.engine.distributed.program import SharedProgram

    with strategy.scope():
        model = models.build(config, facts)
        models.compile_model(model, config, facts)
    return SharedProgram(strategy, model, train, validation, plan, several_processes=several_processes)
