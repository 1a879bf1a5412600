"""What is known of a training before Keras is imported: executor, threads, and what tells its network from others."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nncli.config.facts import DataFacts, ImageInput
from nncli.config.sections import Config
from nncli.config.stack import stack_layers

if TYPE_CHECKING:
    from nncli.engine.arrays import Plan


@dataclass(frozen=True)
class Engine:
    """How a network is trained: on `threads`, each batch in so many `parts` that run side by side."""

    executor: str
    threads: int
    parts: int = 1

    @property
    def side_by_side(self) -> bool:
        """Whether the threads are for parts of a batch, and not for each operation."""
        return self.parts > 1


def choose_engine(config: Config, facts: DataFacts, *, accelerator: bool) -> Engine:
    """The config's executor and threads, and where it leaves them open what suits the network and the device."""
    from nncli.engine import executor
    from nncli.engine.parallel import part_count

    rows = stack_layers(config, facts.inputs.shape)
    kinds = [kind for row in rows for kind in row.layer.kinds()]
    largest = config.model.members * max(row.multiply_adds for row in rows)
    size, wanted = batch_size(config, facts), config.train.threads
    # Between the layers of the others stand operations that no part of a batch can be led through.
    divisible = isinstance(facts.inputs, ImageInput) and "embedding" not in kinds
    chosen = executor.plan_executor(
        kinds, config.train.executor, accelerator=accelerator, work=largest * size if divisible else 0, threads=wanted
    )
    threads = executor.choose_threads(chosen, largest, size, wanted)
    parts = part_count.choose_parts(kinds, chosen, largest, size, threads, accelerator=accelerator) if divisible else 1
    return Engine(chosen, threads, parts)


def make_plan(config: Config, facts: DataFacts, engine: Engine) -> "Plan":
    """What the engine is told of the training."""
    from nncli.engine.arrays import Plan

    return Plan(
        epochs=config.train.epochs,
        batch_size=batch_size(config, facts),
        seed=config.seed,
        executor=engine.executor,
        parts=engine.parts,
    )


def batch_size(config: Config, facts: DataFacts) -> int:
    """Examples a step, `full` being all of the training set."""
    return facts.rows["train"] if config.train.batch_size == "full" else config.train.batch_size


def facts_for_network(facts: DataFacts) -> DataFacts:
    """What a network may be built from: without counts and statistics that change from seed to seed for no use.

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
    """Text that is the same for trainings whose networks differ in nothing but the seed."""
    settings = config.model_dump(mode="json", exclude={"seed"})
    return json.dumps([settings, facts_for_network(facts).model_dump(mode="json")], sort_keys=True)
