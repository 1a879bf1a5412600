"""The chief's talk on the console of a caller elsewhere: calls as lists of JSON values, which are repeated there."""

import io
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nncli.console import Console
from nncli.console.training import TrainingView

_BATCH_SECONDS = 0.2
_HEALTH_SECONDS = 1.0
_TALK = ("say", "warn")
_VIEW = ("recall", "on_batch", "on_epoch", "remark", "close", "draw_curves", "judged", "may_stop_early")


class RemoteConsole(Console):
    """A console whose talk and views of trainings become calls that are passed on."""

    def __init__(self, send: Callable[[list[Any]], None]) -> None:
        super().__init__(stdout=io.StringIO(), stderr=io.StringIO())
        self._send = send

    def say(self, text: str, *, once: bool = False) -> None:
        """Passes a line of talk on."""
        self._send(["say", text, once])

    def warn(self, text: str, *, once: bool = False) -> None:
        """Passes a warning on."""
        self._send(["warn", text, once])

    def training(
        self, epochs: int, batches: int, *, title: str = "", monitor: str = "", larger_is_better: bool = False
    ) -> TrainingView:
        """A view whose calls are passed on."""
        self._send(["training", epochs, batches, monitor, larger_is_better])
        return _RemoteView(self._send)


class _RemoteView(TrainingView):
    """The view of a training that is watched elsewhere."""

    def __init__(self, send: Callable[[list[Any]], None]) -> None:
        self._send = send
        self._reported = self._judged = -float("inf")

    def __setattr__(self, name: str, value: Any) -> None:
        """That a training can stop early is an attribute of a view."""
        super().__setattr__(name, value)
        if name == "can_stop_early":
            self._send(["may_stop_early", bool(value)])

    def on_batch(self, epoch: int, batch: int, metrics: Mapping[str, float]) -> None:
        """Passes it on, a few times a second."""
        now = time.monotonic()
        if now - self._reported > _BATCH_SECONDS:
            self._reported = now
            self._send(["on_batch", int(epoch), int(batch), _plain(metrics)])

    def recall(self, records: Sequence[Mapping[str, float]]) -> None:
        """Passes it on."""
        self._send(["recall", [_plain(record) for record in records]])

    def on_epoch(self, epoch: int, record: Mapping[str, float]) -> None:
        """Passes it on, with what is wrong with the training so far."""
        now = time.monotonic()
        if self.judge is not None and now - self._judged > _HEALTH_SECONDS:
            self._judged = now
            self._send(["judged", self.judge()])
        self._send(["on_epoch", int(epoch), _plain(record)])

    def remark(self, line: str) -> None:
        """Passes it on."""
        self._send(["remark", line])

    def close(self) -> None:
        """Passes it on."""
        self._send(["close"])

    def draw_curves(self) -> None:
        """Passes it on."""
        self._send(["draw_curves"])


def _plain(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items()}


class Listener:
    """Makes the calls on the console of the caller; paths on the node become those of the caller."""

    def __init__(self, console: Console, there: str, here: str) -> None:
        self._console, self._there, self._here = console, there, here
        self._view: TrainingView | None = None
        self._health = ""

    def make(self, call: Sequence[Any]) -> None:
        """Makes one call; a name that is none of those above does nothing."""
        name, *arguments = call
        if name == "training":
            epochs, batches, monitor, larger = arguments
            self.close()
            self._view = self._console.training(epochs, batches, monitor=monitor, larger_is_better=larger)
            self._view.judge = lambda: self._health
        elif name in _TALK:
            text, once = arguments
            if text.startswith("to continue:"):  # whoever was stopped says so itself
                return
            getattr(self._console, name)(text.replace(self._there, self._here), once=once)
        elif name == "judged":
            self._health = arguments[0]
        elif self._view is not None and name == "may_stop_early":
            self._view.can_stop_early = arguments[0]
        elif self._view is not None and name in _VIEW:
            getattr(self._view, name)(*arguments)

    def close(self) -> None:
        """Ends a view that is shown, as that of a training whose workers were lost."""
        if self._view is not None:
            self._view.close()
            self._view = None
