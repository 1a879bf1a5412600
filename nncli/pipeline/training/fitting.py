"""From prepared data to a trained model: threads, executor, callbacks, the loop of the engine."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nncli.config.sections import Config, EarlyStopping
from nncli.console import Console
from nncli.console.training import TrainingView
from nncli.data.dataset import Dataset
from nncli.errors import NncliError, StopRequest, Terminated, TrainingDivergedError
from nncli.pipeline.background_import import begin_drawing, finish_import
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.checkpoint import Resumed, mark_of, save_checkpoint
from nncli.pipeline.training.planning import choose_engine, facts_for_network, make_plan, network_mark
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.pipeline.weights import save_weights
from nncli.run import files
from nncli.run.folder import RunFolder

if TYPE_CHECKING:
    from nncli.engine.arrays import TrainingState

History = list[dict[str, float]]
_LARGER_IS_BETTER = ("accuracy", "auc", "precision", "recall", "r2_score")


@dataclass(frozen=True)
class Fitted:
    """A trained Keras model with the weights to keep, and how it was trained; epochs are counted from 0."""

    model: Any
    executor: str
    threads: int
    parts: int
    history: History
    best_epoch: int


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
def fit_model(
    folder: RunFolder,
    prepared: Prepared,
    console: Console,
    *,
    title: str = "",
    program_cache: Any = None,
    watch: Stopwatch | None = None,
    resumed: Resumed | None = None,
    max_minutes: float | None = None,
) -> Fitted:
    """Builds and trains the network of a resolved config.

    A `program_cache` of the engine keeps compiled loops from one call to the next; the `watch` records how long each
    part took; `resumed` is what an earlier training left; no epoch begins that would end after `max_minutes`. One training of many, which has a `title`, leaves no
    checkpoints.
    Raises TrainingDivergedError, and NncliError where the memory does not suffice.
    """
    config, dataset, watch = prepared.config, prepared.dataset, watch or Stopwatch()
    facts = facts_for_network(dataset.facts)
    with console.step("starting TensorFlow"):
        with watch.part("tensorflow"):
            watch.hide(finish_import())
            from nncli.engine.process import environment

            environment.prepare()  # before anything below imports Keras
            from nncli.engine import arrays
            from nncli.engine.loop import stage_timing, training

            engine = resumed.engine if resumed is not None else None
            engine = engine or choose_engine(config, facts, accelerator=environment.has_accelerator())
            threads = environment.prepare(engine.threads, side_by_side=engine.side_by_side)
            import nncli.model as models
        with watch.part("build"):
            model = models.build(config, facts)
            models.compile_model(model, config, facts)
    folder.write_record(executor=engine.executor, threads=threads, parts=engine.parts)
    state = None if resumed is None else resumed.state
    plan = make_plan(config, facts, engine, first_epoch(config, state))
    train = arrays.Arrays(
        dataset.train.inputs, models.targets_for(config, dataset.train.targets), row_weights(config, dataset)
    )
    validation = arrays.Arrays(dataset.validation.inputs, models.targets_for(config, dataset.validation.targets), None)
    view = _make_view(console, config, -(-len(dataset.train) // plan.batch_size), title)
    records: History = [] if resumed is None else resumed.history
    view.recall(records)
    callbacks = make_callbacks(config, folder, view, watch, records, max_minutes)
    checkpoints = None if title else make_checkpoints(folder, prepared, callbacks, records, state)
    try:
        network = network_mark(config, facts)
        watch.add_rest("other")
        with watch.part("training"), stage_timing.listening(watch.add):
            listening = [*callbacks, *([checkpoints] if checkpoints is not None else [])]
            history = training.fit(
                model, train, validation, plan, listening, program_cache=program_cache, network=network
            )
            watch.add("validation", sum(record["seconds"] - record["train_seconds"] for record in history))
            if checkpoints is not None:
                checkpoints.flush()
    except (KeyboardInterrupt, Terminated, TrainingDivergedError) as stop:
        if checkpoints is not None:
            checkpoints.flush()
        _keep_stopped(folder, model, callbacks[0].best_weights, console)
        if checkpoints is not None and not isinstance(stop, TrainingDivergedError):
            console.say(f"to continue: nncli train --resume {shlex.quote(str(folder.path))}")
        raise
    finally:
        view.close()
    view.draw_curves()
    return Fitted(model, engine.executor, threads, engine.parts, records, callbacks[0].best_epoch)


def _make_view(console: Console, config: Config, batches: int, title: str) -> TrainingView:
    monitor = monitored(config)
    best = direction(monitor)
    return console.training(config.train.epochs, batches, title=title, monitor=monitor, larger_is_better=best == "max")


def _keep_stopped(folder: RunFolder, model: Any, best: Any, console: Console) -> None:
    """Saves the best weights so far, so that a training that was stopped or diverged is not lost to eval and predict."""
    if best is None:
        return
    model.set_weights(best)
    save_weights(folder, model)
    folder.write_manifest()
    console.say(f"the best weights so far are kept in {folder.path}")


def first_epoch(config: Config, state: "TrainingState | None") -> int:
    """The epoch, counted from 0, with which a training goes on; past the last one if it has ended."""
    if state is None:
        return 0
    return config.train.epochs if state.stopped_early else state.epochs


def make_checkpoints(
    folder: RunFolder, prepared: Prepared, callbacks: list[Any], records: History, state: "TrainingState | None"
) -> Any:
    """The callback that keeps the state of the training in the run folder."""
    from nncli.engine.callbacks.checkpoint import Checkpoints

    of = mark_of(prepared.config, prepared.dataset)
    return Checkpoints(
        callbacks,
        lambda captured: save_checkpoint(folder, captured),
        lambda: {"of": of, "history": list(records)},
        restored=state,
    )


def make_callbacks(
    config: Config,
    folder: RunFolder,
    view: TrainingView,
    watch: Stopwatch,
    records: History,
    max_minutes: float | None,
) -> list[Any]:
    """Keras callbacks in the order they act: keep the best, lower the rate, then report what they changed.

    The record of each epoch is added to `records` and to the run's metrics.
    """
    from nncli.engine.callbacks import acting, reporting

    stopping, reducing, monitor = config.train.early_stopping, config.train.reduce_lr_on_plateau, monitored(config)
    chosen = [
        acting.keep_best(
            monitor,
            mode=direction(monitor),
            patience=stopping.patience if stopping else config.train.epochs + 1,
            min_delta=stopping.min_delta if stopping else 0.0,
            restore=config.train.keep == "best",
        )
    ]
    if reducing is not None:
        chosen.append(
            acting.reduce_learning_rate(
                reducing.monitor,
                mode=direction(reducing.monitor),
                factor=reducing.factor,
                patience=reducing.patience,
                minimum=reducing.min_learning_rate,
            )
        )

    def on_batch(epoch: int, batch: int, metrics: Mapping[str, float]) -> None:
        StopRequest.check()
        if watch.reach_first_batch():
            begin_drawing()  # from here on this thread mostly waits
        view.on_batch(epoch, batch, metrics)

    def on_epoch(epoch: int, record: Mapping[str, float]) -> None:
        folder.append(files.METRICS, {"epoch": epoch + 1, **record})
        records.append(dict(record))
        view.on_epoch(epoch, record)

    if config.optimizer.use_ema:
        chosen.append(acting.AveragedWeights())
    if max_minutes is not None:
        chosen.append(acting.TimeLimit(60 * max_minutes))
    return [*chosen, reporting.Reporter(on_batch, on_epoch)]


def monitored(config: Config) -> str:
    """The number that decides which epoch is the best one."""
    return (config.train.early_stopping or EarlyStopping()).monitor


def direction(monitor: str) -> str:
    """`max` for what should grow, `min` for losses and errors."""
    return "max" if monitor.removeprefix("val_") in _LARGER_IS_BETTER else "min"


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
