"""What a training is given besides config and data; decides before Keras is imported how to train, and identifies a
network."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nncli.config.facts import DataFacts, ImageInput
from nncli.config.sections import Config
from nncli.config.stack import stack_layers
from nncli.pipeline.tracking.following import Following
from nncli.pipeline.training.continuing.checkpoint import Resumed
from nncli.pipeline.training.frames.filming import Filming
from nncli.pipeline.training.frames.live import LiveFilming
from nncli.pipeline.training.out_of_fold import OutOfFold
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.run.folder import RunFolder

if TYPE_CHECKING:
    from nncli.engine.arrays import Plan, TrainingState
    from nncli.pipeline.training.workers.group import Group


Pause = Callable[[int, Callable[[], None]], None]


@dataclass(frozen=True)
class Engine:
    """How a network is trained: on `threads`, each batch in this many `parts` that run side by side."""

    executor: str
    threads: int
    parts: int = 1

    @property
    def side_by_side(self) -> bool:
        """Whether the threads run parts of a batch in parallel, and not single operations."""
        return self.parts > 1


@dataclass(frozen=True)
class Terms:
    """What besides config and data a training is given.

    One training of many has a `title`; it says little of each epoch and keeps no state once it is finished. A
    `program_cache` of the engine keeps what the next training of the same network can use again. `resumed` is what an
    earlier training left. `engine` says how it was trained, chosen if left out. No epoch begins that would end after
    `max_minutes`, or after `training_seconds` from the first batches on, so that trainings whose network is compiled
    already have no more of them. `filming` looks at the network now and then, `following` tells other tools of each
    epoch. `out_of_fold` is the score of a network that learns from all rows, which leaves no test set. `pause`, called
    between two epochs with the number of those done, returns when the training may continue; before it waits, it calls
    what it is given as well. `group` has the workers that train together. `make_callbacks`, called once Keras can be
    imported, adds to what follows the training. `if_stopped` is called with the folder of one that failed or was
    stopped, after its end is recorded.
    """

    title: str = ""
    program_cache: Any = None
    resumed: Resumed | None = None
    engine: Engine | None = None
    max_minutes: float | None = None
    training_seconds: float | None = None
    filming: Filming | LiveFilming | None = None
    following: Following | None = None
    out_of_fold: OutOfFold | None = None
    pause: Pause | None = None
    group: "Group | None" = None
    make_callbacks: Callable[[], list[Any]] = list
    if_stopped: Callable[[RunFolder], None] | None = None
    watch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def state(self) -> "TrainingState | None":
        """The state to continue from."""
        return None if self.resumed is None else self.resumed.state


def choose_engine(config: Config, facts: DataFacts, *, accelerator: bool) -> Engine:
    """The config's executor and threads; what it leaves open is chosen by network and device."""
    from nncli.engine import executor
    from nncli.engine.parallel import part_count

    rows = stack_layers(config, facts.inputs.shape)
    kinds = [kind for row in rows for kind in row.layer.kinds()]
    largest = config.model.members * max(row.multiply_adds for row in rows)
    size, wanted = batch_size(config, facts), config.train.threads
    # Other networks have operations between their layers that cannot run on a part of a batch.
    divisible = isinstance(facts.inputs, ImageInput) and "embedding" not in kinds
    chosen = executor.plan_executor(
        kinds, config.train.executor, accelerator=accelerator, work=largest * size if divisible else 0, threads=wanted
    )
    threads = executor.choose_threads(chosen, largest, size, wanted)
    parts = part_count.choose_parts(kinds, chosen, largest, size, threads, accelerator=accelerator) if divisible else 1
    return Engine(chosen, threads, parts)


def make_plan(config: Config, facts: DataFacts, engine: Engine, start_epoch: int = 0) -> "Plan":
    """The plan of the training for the engine, from an epoch (counted from 0) on."""
    from nncli.engine.arrays import Plan

    return Plan(
        epochs=config.train.epochs,
        batch_size=batch_size(config, facts),
        seed=config.seed,
        executor=engine.executor,
        start_epoch=start_epoch,
        parts=engine.parts,
    )


def batch_size(config: Config, facts: DataFacts) -> int:
    """Examples a step, `full` being all of the training set."""
    return facts.rows["train"] if config.train.batch_size == "full" else config.train.batch_size


def facts_for_network(facts: DataFacts) -> DataFacts:
    """The facts that a network is built from, without counts and statistics that differ between seeds.

    Networks are built from nothing else, so that two are the same where these and the config are.
    """
    inputs = facts.inputs
    if isinstance(inputs, ImageInput):
        inputs = inputs.model_copy(update={"border": None})
    nothing: dict[str, tuple[()]] = {"class_counts": (), "untested": (), "distinct": (), "minimum": (), "median": ()}
    if not facts.target.task.is_regression:
        nothing["mean"] = ()
    return facts.model_copy(update={"inputs": inputs, "target": facts.target.model_copy(update=nothing), "twins": ()})


def network_mark(config: Config, facts: DataFacts) -> str:
    """A text that is equal for two trainings if their networks differ only in the seed, or in which rows they learn."""
    settings = config.model_dump(mode="json", exclude={"seed": True, "data": {"fold", "split_seed"}})
    return json.dumps([settings, facts_for_network(facts).model_dump(mode="json")], sort_keys=True)
