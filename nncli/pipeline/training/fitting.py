"""From prepared data to a trained model: threads, executor, callbacks, the loop of the engine."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nncli.config.sections import Config
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.errors import NncliError, Terminated, TrainingDivergedError
from nncli.pipeline.background_import import finish_import
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.planning import Engine, Terms, choose_engine, facts_for_network, make_plan, network_mark
from nncli.pipeline.training.watching import History, Watchers, make_watchers
from nncli.pipeline.weights import save_weights
from nncli.run.folder import RunFolder

if TYPE_CHECKING:
    from nncli.engine.arrays import Arrays, TrainingState


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
            engine = _start_engine(folder, prepared, terms)
            from nncli.engine.loop import stage_timing, training
        with watch.part("build"):
            import nncli.model as models

            model = models.build(config, facts)
            models.compile_model(model, config, facts)
    plan = make_plan(config, facts, engine, _first_epoch(config, terms.state))
    train, validation = arrays_of(config, prepared.dataset)
    watchers = make_watchers(folder, prepared, console, batches=-(-len(train) // plan.batch_size), terms=terms)
    try:
        network = network_mark(config, facts)
        watch.add_rest("other")
        with watch.part("training"), stage_timing.listening(watch.add):
            history = training.fit(
                model, train, validation, plan, watchers.all, program_cache=terms.program_cache, network=network
            )
            watch.add("validation", sum(record["seconds"] - record["train_seconds"] for record in history))
            watchers.flush(wait=False)
    except (KeyboardInterrupt, Terminated, TrainingDivergedError) as stop:
        watchers.flush()
        watchers.view.close()  # what follows is to be the last that is read
        _keep_stopped(folder, model, watchers, console, can_continue=not isinstance(stop, TrainingDivergedError))
        raise
    finally:
        watchers.view.close()
    watchers.view.draw_curves()
    return Fitted(model, watchers.records, watchers.best.best_epoch, watchers)


def _start_engine(folder: RunFolder, prepared: Prepared, terms: Terms) -> Engine:
    """Imports TensorFlow and prepares its threads; as they were, for a training that goes on."""
    terms.watch.hide(finish_import())
    from nncli.engine.process import environment

    environment.prepare()  # before anything imports Keras
    engine = terms.engine
    if engine is None:
        facts = facts_for_network(prepared.dataset.facts)
        engine = choose_engine(prepared.config, facts, accelerator=environment.has_accelerator())
    threads = environment.prepare(engine.threads, side_by_side=engine.side_by_side)
    folder.write_record(executor=engine.executor, threads=threads, parts=engine.parts)
    return engine


def arrays_of(config: Config, dataset: Dataset) -> tuple["Arrays", "Arrays"]:
    """The training set with the weights of its rows, and the validation set."""
    from nncli.engine.arrays import Arrays
    from nncli.model import targets_for

    train = Arrays(dataset.train.inputs, targets_for(config, dataset.train.targets), row_weights(config, dataset))
    return train, Arrays(dataset.validation.inputs, targets_for(config, dataset.validation.targets), None)


def _first_epoch(config: Config, state: "TrainingState | None") -> int:
    """The epoch, counted from 0, with which a training goes on; past the last one if it has ended."""
    if state is None:
        return 0
    return config.train.epochs if state.stopped_early else state.epochs


def _keep_stopped(folder: RunFolder, model: Any, watchers: Watchers, console: Console, *, can_continue: bool) -> None:
    """Saves the best weights so far, so that a training that was stopped is not lost to eval and predict."""
    if watchers.best.best_weights is not None:
        model.set_weights(watchers.best.best_weights)
        save_weights(folder, model)
        folder.write_manifest()
        console.say(f"the best weights so far are kept in {folder.path}")
    if can_continue and watchers.checkpoints is not None:
        console.say(f"to continue: nncli train --resume {shlex.quote(str(folder.path))}")


def row_weights(config: Config, dataset: Dataset) -> np.ndarray | None:
    """The weight of each training row by its class, float32 (rows,); None where all count the same.

    `balanced` gives each class the same total: rows / (classes * rows of the class), as scikit-learn has it.
    """
    wanted, target = config.train.class_weight, dataset.facts.target
    if wanted is None:
        return None
    if wanted == "balanced":
        counts = np.maximum(np.asarray(target.class_counts, dtype=float), 1)
        weights = counts.sum() / (len(counts) * counts)
    else:
        weights = np.asarray([wanted.get(name, 1.0) for name in target.classes])
    classes = dataset.train.targets.astype(int).reshape(-1)
    return np.asarray(weights[classes], dtype=np.float32)
