"""From prepared data to a trained model: threads, executor, callbacks, the loop of the engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nncli.config.sections import Config
from nncli.console import Console
from nncli.errors import NncliError, StopRequest, Terminated, TrainingDivergedError
from nncli.pipeline.background_import import finish_import
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.continuing.stopping import keep_weights
from nncli.pipeline.training.examples import arrays_of
from nncli.pipeline.training.planning import Engine, Terms, choose_engine, facts_for_network, make_plan, network_mark
from nncli.pipeline.training.watching import History, Watchers, make_watchers
from nncli.pipeline.training.workers import joining
from nncli.pipeline.training.workers.line import LostWorkerError
from nncli.run.folder import RunFolder

if TYPE_CHECKING:
    from nncli.engine.arrays import Arrays, Plan, TrainingState


@dataclass(frozen=True)
class Fitted:
    """A trained Keras model with the weights to keep, and how it was trained; epochs are counted from 0.

    The last state may still be being written: `watchers.flush` waits for it.
    """

    model: Any
    history: History
    best_epoch: int
    watchers: Watchers


@contextmanager
def telling_exhaustion() -> Iterator[None]:
    """Turns TensorFlow's out-of-memory error into an NncliError."""
    try:
        yield
    except Exception as error:  # TensorFlow's own class is only known once it is imported
        if type(error).__name__ not in ("ResourceExhaustedError", "MemoryError", "_ArrayMemoryError"):
            raise
        raise NncliError(
            "there is not enough memory for this network and batch size",
            hint="fewer units or filters, or a smaller train.batch_size",
        ) from None


@telling_exhaustion()
def fit_model(folder: RunFolder, prepared: Prepared, console: Console, terms: Terms | None = None) -> Fitted:
    """Builds and trains the network of a resolved config.

    Raises TrainingDivergedError, and NncliError where the memory does not suffice. A training that diverges or is
    stopped leaves the best weights so far and the state after its last whole epoch.
    """
    terms = terms or Terms()
    config, watch = prepared.config, terms.watch
    facts = facts_for_network(prepared.dataset.facts)
    with console.step("starting TensorFlow"):
        with watch.part("tensorflow"):
            engine, strategy = start_engine(prepared, terms)
            _record_engine(folder, engine, terms)
            from nncli.engine.loop import stage_timing
        with watch.part("build"):
            import nncli.model as models

            model = models.build(config, facts)
            models.compile_model(model, config, facts)
    plan = make_plan(config, facts, engine, first_epoch(config, terms.state))
    train, validation = arrays_of(config, prepared.dataset)
    watchers = make_watchers(folder, prepared, console, batches=-(-len(train) // plan.batch_size), terms=terms)
    try:
        watch.add_rest("other")
        with watch.part("training"), stage_timing.listening(watch.add), StopRequest.recognized():
            history = run_loop(model, prepared, (train, validation), plan, watchers.all, terms, strategy)
            watch.add("validation", sum(record["seconds"] - record["train_seconds"] for record in history))
            if not terms.title:  # a finished training of many keeps no state
                watchers.flush(wait=False)
        watchers.view.close()
        watchers.view.draw_curves()
        if terms.filming is not None:
            watchers.view.print_sketch(terms.filming.sketches(watchers.view.width))
    except (KeyboardInterrupt, Terminated, TrainingDivergedError, LostWorkerError):
        watchers.flush()
        watchers.view.close()  # what follows is to be the last that is read
        if terms.filming is not None:
            terms.filming.save(folder, console)
        if watchers.best.best_weights is not None:
            model.set_weights(watchers.best.best_weights)
            keep_weights(folder, model, console)
        raise
    finally:
        watchers.view.close()
    return Fitted(model, watchers.records, watchers.best.best_epoch, watchers)


def run_loop(
    model: Any,
    prepared: Prepared,
    arrays: "tuple[Arrays, Arrays]",
    plan: "Plan",
    callbacks: list[Any],
    terms: Terms,
    strategy: Any = None,
) -> list[dict[str, float]]:
    """Trains the model, by itself or, with a strategy, together with other workers; the records of the epochs."""
    from nncli.engine.loop import training

    config, facts = prepared.config, facts_for_network(prepared.dataset.facts)
    if terms.group is None:
        cache, mark = terms.program_cache, network_mark(config, facts)
        return training.fit(model, *arrays, plan, callbacks, program_cache=cache, network=mark)
    with terms.group.telling_losses():
        several = terms.group.cluster is not None
        program = joining.make_program(strategy, config, facts, *arrays, plan, several_processes=several)
        joining.require_same(program, prepared)
        return training.fit(model, *arrays, plan, callbacks, program=program)


def start_engine(prepared: Prepared, terms: Terms) -> tuple[Engine, Any]:
    """Imports TensorFlow and prepares its threads; as they were, for a resumed training. Several workers meet: their
    strategy is the second value."""
    terms.watch.hide(finish_import())
    from nncli.engine.process import environment

    environment.prepare()  # before anything imports Keras
    engine, group, facts = terms.engine, terms.group, facts_for_network(prepared.dataset.facts)
    if group is not None:
        joining.require_in_memory(prepared.dataset)
    if group is not None and engine is not None and (engine.executor, engine.parts) != ("graph", 1):
        engine = None  # that of a training by one worker
    if engine is None:
        accelerator = environment.has_accelerator()
        if group is None:
            engine = choose_engine(prepared.config, facts, accelerator=accelerator)
        else:
            engine = joining.share_engine(prepared.config, facts, group.workers_here, accelerator=accelerator)
    threads = environment.prepare(engine.threads, side_by_side=engine.side_by_side)
    strategy = None if group is None else joining.start_strategy(group)
    return replace(engine, threads=threads), strategy


def _record_engine(folder: RunFolder, engine: Engine, terms: Terms) -> None:
    shared = {} if terms.group is None else terms.group.record
    folder.write_record(executor=engine.executor, threads=engine.threads, parts=engine.parts, **shared)
    if terms.group is not None:
        terms.group.tell_run(folder)


def first_epoch(config: Config, state: "TrainingState | None") -> int:
    """The epoch, counted from 0, from which a training continues; past the last one if it has ended."""
    if state is None:
        return 0
    return config.train.epochs if state.stopped_early else state.epochs
