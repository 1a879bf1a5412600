"""What follows a training epoch by epoch: Keras's callbacks, the view on the terminal, metrics and checkpoints."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.config.sections import Config, EarlyStopping
from nncli.console import Console
from nncli.console.training import TrainingView
from nncli.errors import StopRequest
from nncli.pipeline.background_import import begin_drawing
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.continuing.checkpoint import mark_of, save_checkpoint
from nncli.pipeline.training.health.judging import describe_so_far
from nncli.pipeline.training.health.probing import HealthRecords, keep_due, make_health
from nncli.pipeline.training.planning import Terms
from nncli.run import files
from nncli.run.folder import RunFolder

History = list[dict[str, float]]
_LARGER_IS_BETTER = ("accuracy", "auc", "precision", "recall", "r2_score")


@dataclass(frozen=True)
class Watchers:
    """The callbacks of a training: those that act, the first of which knows the `best` weights, the one that reports,
    and `checkpoints`; the `view`, the `records` of all epochs and those of the layers' `health`; the
    `gates` that come last."""

    callbacks: list[Any]
    checkpoints: Any
    view: TrainingView
    records: History
    health: HealthRecords
    gates: Sequence[Any] = ()

    @property
    def all(self) -> list[Any]:
        """The callbacks in the order they act."""
        return [*self.callbacks, self.checkpoints, *self.gates]

    @property
    def best(self) -> Any:
        """The callback that keeps the best weights."""
        return self.callbacks[0]

    def flush(self, *, wait: bool = True) -> None:
        """Writes the state after the last whole epoch, or begins to. Raises NncliError where it cannot be written."""
        (self.checkpoints.flush if wait else self.checkpoints.begin_writing)()


def make_watchers(folder: RunFolder, prepared: Prepared, console: Console, *, batches: int, terms: Terms) -> Watchers:
    """What follows a training in a run folder; an epoch has this many `batches`."""
    config = prepared.config
    records: History = [] if terms.resumed is None else terms.resumed.history
    view = _make_view(console, config, batches, terms.title)
    view.recall(records)
    view.can_stop_early = config.train.early_stopping is not None or terms.max_minutes is not None
    callbacks = [*_make_acting(config, terms), *terms.make_callbacks(), _make_reporter(folder, view, records, terms)]
    watched = keep_due([] if terms.resumed is None else terms.resumed.health, config, prepared.dataset.facts)
    if config.train.health:
        callbacks.append(make_health(folder, prepared, terms, callbacks, watched, view.remark))
        view.judge = lambda: describe_so_far(watched, records, config.silence)
    if terms.filming is not None:
        callbacks.append(terms.filming.callback(view))
    if terms.following is not None:
        callbacks.append(terms.following.callback(records))
    checkpoints = _make_checkpoints(folder, prepared, callbacks, records, watched, terms)
    return Watchers(callbacks, checkpoints, view, records, watched, _make_gates(checkpoints, view, terms))


def _make_gates(checkpoints: Any, view: TrainingView, terms: Terms) -> list[Any]:
    """What waits between two epochs, with the state of the training on the disk before it does."""
    from nncli.engine.callbacks.reporting import Gate

    pause = terms.pause
    if pause is None:
        return []

    def before_waiting(epochs: int) -> None:
        checkpoints.write_now(epochs)
        if terms.filming is not None:
            terms.filming.before_waiting(epochs)
        view.hold()

    def wait(epochs: int) -> None:
        try:
            pause(epochs, lambda: before_waiting(epochs))
        finally:
            view.release()

    return [Gate(wait)]


def make_following(config: Config, terms: Terms) -> list[Any]:
    """The callbacks of a worker that writes no run: those that act, and what sets the state to continue from."""
    from nncli.engine.callbacks.checkpoint import Checkpoints

    acting = _make_acting(config, terms)
    return [*acting, Checkpoints(acting, lambda captured: None, dict, restored=terms.state, seconds=math.inf)]


def _make_view(console: Console, config: Config, batches: int, title: str) -> TrainingView:
    monitor = monitored(config)
    best = direction(monitor)
    return console.training(config.train.epochs, batches, title=title, monitor=monitor, larger_is_better=best == "max")


def _make_checkpoints(
    folder: RunFolder, prepared: Prepared, callbacks: list[Any], records: History, watched: HealthRecords, terms: Terms
) -> Any:
    from nncli.engine.callbacks.checkpoint import Checkpoints

    of = mark_of(prepared.config, prepared.dataset)
    return Checkpoints(
        callbacks,
        lambda captured: save_checkpoint(folder, captured),
        lambda: {"of": of, "history": list(records), "health": list(watched)},
        restored=terms.state,
    )


def _make_acting(config: Config, terms: Terms) -> list[Any]:
    """Keep the best, lower the rate, average the weights, stop in time."""
    from nncli.engine.callbacks import acting

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
    if config.optimizer.use_ema:
        chosen.append(acting.AveragedWeights())
    if terms.max_minutes is not None:
        chosen.append(acting.TimeLimit(60 * terms.max_minutes))
    if terms.training_seconds is not None:
        chosen.append(acting.TimeLimit(terms.training_seconds, from_first_batches=True))
    return chosen


def _make_reporter(folder: RunFolder, view: TrainingView, records: History, terms: Terms) -> Any:
    """Shows each batch; adds the record of each epoch to `records` and to the run's metrics, and shows it."""
    from nncli.engine.callbacks.reporting import Reporter

    watch = terms.watch

    def on_batch(epoch: int, batch: int, metrics: Mapping[str, float]) -> None:
        StopRequest.check()
        if watch.reach_first_batch():
            begin_drawing()  # from here on this thread mostly waits
        view.on_batch(epoch, batch, metrics)

    def on_epoch(epoch: int, record: Mapping[str, float]) -> None:
        folder.append(files.METRICS, {"epoch": epoch + 1, **record})
        records.append(dict(record))
        view.on_epoch(epoch, record)

    return Reporter(on_batch, on_epoch)


def monitored(config: Config) -> str:
    """The number that decides which epoch is the best one."""
    return (config.train.early_stopping or EarlyStopping()).monitor


def direction(monitor: str) -> str:
    """`max` for what should grow, `min` for losses and errors."""
    return "max" if monitor.removeprefix("val_") in _LARGER_IS_BETTER else "min"
