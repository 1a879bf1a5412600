"""Tells trackers about a running training or comparison; one that fails costs a warning, never the training."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from nncli.config.sections import Config
from nncli.console import Console
from nncli.pipeline.tracking.comparisons import describe_comparison, read_comparison
from nncli.pipeline.tracking.exporting import describe, tell_epochs
from nncli.pipeline.tracking.reading import read_description, read_epochs, read_model, read_outcome
from nncli.pipeline.tracking.trackers import how_to_export, make_tracker, say_what_is_not_used
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.tracking.description import Epoch, Tracker
from nncli.tracking.packages import MLFLOW

# The weights of this many epochs are all shown, where most happens; then of half of those up to twice as many, ...
_FIRST_EPOCHS = 16
# Histograms of a large network with few rows would take longer than its epochs: they may take this share of the time,
# and these seconds in any case.
_SHARE, _SECONDS = 0.05, 1.0


class Following:
    """The trackers of one training that still work."""

    def __init__(self, folder: RunFolder, config: Config, console: Console) -> None:
        self._address = address = config.train.tracking_uri
        names = dict.fromkeys(config.train.tracking)
        self._folder, self._epochs, self._say = folder, config.train.epochs, console.warn
        self._trackers: list[Tracker] = [make_tracker(name, folder, address=address) for name in names]
        self._has_begun = False
        self._started, self._weights_seconds = time.monotonic(), 0.0
        for name in names:
            say_what_is_not_used(name, address, "--set train.tracking_uri=", console)

    @property
    def names(self) -> tuple[str, ...]:
        """The trackers that have not failed."""
        return tuple(tracker.name for tracker in self._trackers)

    def callback(self, records: Sequence[Mapping[str, float]]) -> Any:
        """The callback that follows the training; `records` are its epochs so far, each there when it is called."""
        from nncli.engine.callbacks.frames import Frames

        return Frames(range(self._epochs + 1), lambda epoch, model: self._take(epoch, model, records))

    def _take(self, epoch: int, model: Any, records: Sequence[Mapping[str, float]]) -> None:
        if not self._trackers:
            return
        if not self._has_begun:
            self._begin(len(records))
        if epoch:
            metrics = {name: value for name, value in records[epoch - 1].items() if math.isfinite(value)}
            self._add(Epoch(epoch, time.time(), metrics), model)

    def _begin(self, done: int) -> None:
        """Reports the run before its next epoch, with the earlier epochs that a tracker lacks."""
        self._has_begun = True
        run = read_description(self._folder)
        before = read_epochs(self._folder, run.started)[:done]

        def begin(tracker: Tracker) -> None:
            known = tracker.begin(run, done)
            tracker.add_epochs([epoch for epoch in before if epoch.number not in known])

        self._tell(begin)

    def _add(self, epoch: Epoch, model: Any) -> None:
        from nncli.engine.weights import get_weights

        self._tell(lambda tracker: tracker.add_epochs([epoch]))
        started = time.monotonic()
        if self._shows_weights(epoch.number, started) and any(tracker.name != MLFLOW for tracker in self._trackers):
            weights = get_weights(model)
            self._tell(lambda tracker: tracker.add_weights(epoch, weights))
            self._weights_seconds += time.monotonic() - started

    def _shows_weights(self, epoch: int, now: float) -> bool:
        is_due = epoch % (1 << max(0, (epoch - 1) // _FIRST_EPOCHS).bit_length()) == 0
        return is_due and self._weights_seconds <= _SECONDS + _SHARE * (now - self._started)

    def end(self) -> None:
        """Tells how the training ended, however it did."""
        if self._has_begun:
            self._tell(lambda tracker: tracker.end(read_outcome(self._folder, with_files=False)))

    def _tell(self, what: Callable[[Tracker], None]) -> None:
        """Tells every tracker; one that fails is left out from then on."""
        for tracker in tuple(self._trackers):
            try:
                what(tracker)
            except Exception as error:  # of a disk, a database, a server, a package: all are no reason to stop
                self._trackers.remove(tracker)
                later = how_to_export(self._folder, tracker.name, self._address)
                self._say(f"{tracker.name}: {describe(error)}; the training goes on without it; later: {later}")


@contextmanager
def followed(folder: RunFolder, config: Config, console: Console) -> Iterator[Following | None]:
    """The trackers of a training that runs in the block, None without any; at the end they are told how it ended."""
    if not config.train.tracking:
        yield None
        return
    following = Following(folder, config, console)
    try:
        yield following
    finally:
        following.end()


class ComparisonFollowing:
    """Tells MLflow about a running comparison, including the files and the model of each training."""

    def __init__(self, folder: RunFolder, config: Config, console: Console) -> None:
        self._folder, self._address, self._say = folder, config.train.tracking_uri, console.warn
        self._names = list(dict.fromkeys(config.train.tracking))
        self._tracker: Tracker | None = None
        say_what_is_not_used(MLFLOW, self._address, "--set train.tracking_uri=", console)

    @property
    def names(self) -> tuple[str, ...]:
        """The trackers that have not failed."""
        return tuple(self._names)

    def add(self, training: RunFolder, *, may_load: bool) -> None:
        """Reports a training that has ended, however it did; before the first one also the comparison.

        Its model is loaded for that only where this process `may_load` it; else it is added when all is over.
        """

        def tell() -> None:
            if self._tracker is None:
                self._tracker = make_tracker(MLFLOW, self._folder, address=self._address)
                self._tracker.begin(describe_comparison(self._folder, [training]), 0)
            tracker = make_tracker(MLFLOW, training, address=self._address)
            tell_epochs(tracker, training)
            tracker.end(read_outcome(training), read_model(training, Console(quiet=True)) if may_load else None)

        if training.file(files.CONFIG).exists():  # else it ended before it began
            self._try(tell)

    def end(self) -> None:
        """Tells how the comparison ended, however it did."""
        tracker = self._tracker
        if tracker is not None:
            self._try(lambda: tracker.end(replace(read_comparison(self._folder), files={})))

    def _try(self, what: Callable[[], None]) -> None:
        if MLFLOW not in self._names:
            return
        try:
            what()
        except Exception as error:  # as of a training
            self._names.remove(MLFLOW)
            later = how_to_export(self._folder, MLFLOW, self._address)
            self._say(f"{MLFLOW}: {describe(error)}; the comparison goes on without it; later: {later}")


@contextmanager
def followed_comparison(folder: RunFolder, config: Config, console: Console) -> Iterator[ComparisonFollowing | None]:
    """The trackers of a comparison that runs in the block, None without any; at the end they are told how it ended."""
    if not config.train.tracking:
        yield None
        return
    following = ComparisonFollowing(folder, config, console)
    try:
        yield following
    finally:
        following.end()
