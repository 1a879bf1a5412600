"""The training of a worker that is not the chief: the same batches and decisions, and no run."""

from collections.abc import Sequence
from typing import Any

from nncli.config.reading.document import KeyPath
from nncli.console import Console
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.continuing.checkpoint import Resumed, load_checkpoint
from nncli.pipeline.training.continuing.resume import engine_of, prepare_again
from nncli.pipeline.training.examples import arrays_of
from nncli.pipeline.training.fitting import first_epoch, run_loop, start_engine
from nncli.pipeline.training.planning import Terms, facts_for_network, make_plan
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.pipeline.training.train import load_and_prepare
from nncli.pipeline.training.watching import make_following
from nncli.pipeline.training.workers.group import Group
from nncli.run.finding import find_training


def follow(
    name: str,
    group: Group,
    *,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
) -> None:
    """Trains a config together with the chief. Raises what `train` raises, LostWorkerError if another is gone."""
    prepared = load_and_prepare(name, folders, console, assignments, options, Stopwatch())
    follow_prepared(prepared, console, Terms(group=group))


def follow_resumed(word: str, group: Group, *, folders: Folders, console: Console, epochs: int | None = None) -> None:
    """The same for a resumed run, whose folder this worker reads, too, and does not write."""
    folder = find_training(word, folders.runs_dir).folder
    record, state = folder.record, load_checkpoint(folder)
    prepared = prepare_again(folder, state, epochs, folders, console, Stopwatch())
    follow_prepared(prepared, console, Terms(group=group, resumed=Resumed(state), engine=engine_of(record)))


def follow_prepared(prepared: Prepared, console: Console, terms: Terms) -> None:
    """The same for a config with its data."""
    if terms.group is not None:
        terms.group.refuse(prepared)
    with console.step("starting TensorFlow"):
        engine, strategy = start_engine(prepared, terms)
        import nncli.model as models

        config, facts = prepared.config, facts_for_network(prepared.dataset.facts)
        model = models.build(config, facts)
        models.compile_model(model, config, facts)
    plan = make_plan(config, facts, engine, first_epoch(config, terms.state))
    with console.step("training with the chief"):
        run_loop(
            model, prepared, arrays_of(config, prepared.dataset), plan, make_following(config, terms), terms, strategy
        )
    console.say("trained; the chief tests the network and writes the run")
