"""A training that waits between two epochs until it is told how far to go: by a person, or by the workbench.

Words come line by line: nothing for one more epoch, a number for that many, `to 12` for all up to the twelfth, `all`
for the rest, `pause` to wait after the epoch that runs, `stop` to end as Ctrl-C does. Where no more words can come,
what was told last holds; a training that waits then ends, and can be resumed.
"""

import math
import queue
import threading
from collections.abc import Callable
from typing import TextIO

from nncli.console import Console
from nncli.errors import StopRequest

_LOOK_SECONDS = 0.1
_OFFER = "Enter trains one more, a number that many, `all` the rest"


class Pauses:
    """Called with the number of epochs that are done; returns when the next one may begin. See `Terms.pause`."""

    def __init__(self, console: Console, words: TextIO) -> None:
        self._console, self._words = console, words
        self._goal: float = 0  # it waits once so many epochs are done: at first after any
        self._told: queue.SimpleQueue[str | None] | None = None
        self._has_ended = False

    def __call__(self, epochs: int, before_waiting: Callable[[], None]) -> None:
        """Waits, if need be. Raises KeyboardInterrupt when told to stop."""
        if self._told is None:
            self._told = _read_in_thread(self._words)
        while not self._told.empty():
            self._take(self._told.get(), epochs)
        if epochs >= self._goal:
            self._console.say(f"{describe_pause(epochs)}: {_OFFER}")
            before_waiting()  # what is typed comes below all else
        while epochs >= self._goal:
            StopRequest.check()
            if self._has_ended:
                raise KeyboardInterrupt
            try:
                self._take(self._told.get(timeout=_LOOK_SECONDS), epochs)
            except queue.Empty:
                continue

    def _take(self, line: str | None, epochs: int) -> None:
        if line is None:
            self._has_ended = True
            return
        word = line.strip().lower()
        number = word.removeprefix("to ")
        if word in ("stop", "q", "quit"):
            raise KeyboardInterrupt
        if word in ("all", "pause"):
            self._goal = math.inf if word == "all" else epochs
        elif word == "":  # whoever types while it runs on wants to look at it
            self._goal = epochs if self._goal == math.inf else epochs + 1
        elif number.isdecimal() and number.isascii():
            self._goal = int(number) + (epochs if number == word else 0)
        else:
            self._console.say(f"got {word[:20]!r}: {_OFFER}")


def describe_pause(epochs: int) -> str:
    """The message about a training that waits, with its state on the disk or on its way there."""
    return f"paused after epoch {epochs}"


def _read_in_thread(words: TextIO) -> "queue.SimpleQueue[str | None]":
    """The lines as they come, None after the last; a thread that nobody waits for reads them."""
    told: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        try:
            for line in words:
                told.put(line)
        except (OSError, ValueError):  # closed, or no text
            pass
        told.put(None)

    threading.Thread(target=read, daemon=True).start()
    return told
