"""Watches worker processes: which one has ended or gives no sign of life; ends the others."""

import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

# Until a worker has joined the others: while Python loads the libraries of TensorFlow, none of its threads runs.
START_SECONDS = 120.0
# How long the others may take to end by themselves after one has: a chief reports its own error, records its run.
_GRACE_SECONDS = 5.0
# The same where one was killed: what the chief can still do is to write its last state.
_KILLED_SECONDS = 2.0


@dataclass
class Worker:
    """A process, the socket on which it gives signs of life, and its `messages`."""

    name: str
    process: "subprocess.Popen[bytes]"
    socket: socket.socket
    sign: float = field(default_factory=time.monotonic)
    messages: dict[str, Any] = field(default_factory=dict)
    rest: bytes = b""
    is_silent: bool = False

    def hear(self, content: bytes) -> None:
        """Takes what it sent as a sign of life, and remembers its messages."""
        self.sign = time.monotonic()
        *lines, self.rest = (self.rest + content).split(b"\n")
        for line in lines:
            with suppress(ValueError):
                self.take(json.loads(line) or {})

    def take(self, message: dict[str, Any]) -> None:
        """Remembers one message."""
        self.messages |= message

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.poll()

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than by itself and in order."""
        return self.code not in (None, 0)

    def describe_end(self, seconds: float) -> str:
        """How it ended, in words."""
        if self.is_silent:
            return f"{self.name} gave no sign of life for {seconds:g} s"
        return f"{self.name} {describe_code(self.code)}"


class Watchdog:
    """Waits for workers, the first of which is the chief; `seconds` without a sign of life mean that one hangs, longer
    ones before it has joined the others."""

    def __init__(self, workers: Sequence[Worker], seconds: float) -> None:
        self._workers, self._seconds = workers, seconds
        self._selector = selectors.DefaultSelector()
        for worker in workers:
            self._selector.register(worker.socket, selectors.EVENT_READ, worker)

    def wait(self, check: Callable[[], None] = lambda: None) -> Worker | None:
        """Waits for the chief to end in order, or for the first trouble; which worker it was, None for none.

        No process runs any more afterwards. `check` is called a few times a second, and may raise.
        """
        last = time.monotonic()
        try:
            while self._workers[0].code != 0:
                check()
                self._receive(self._pause)
                now = time.monotonic()
                if now - last > 2 * self._pause + 1:  # all were suspended, as by Ctrl-Z
                    for worker in self._workers:
                        worker.sign = now
                last = now
                culprit = self._find_culprit()
                if culprit is not None:
                    return culprit
            return None
        finally:
            self.kill()

    def wait_for_chief(self, seconds: float) -> None:
        """Gives the chief this many seconds to end by itself."""
        end = time.monotonic() + seconds
        while self._workers[0].code is None and time.monotonic() < end:
            self._receive(self._pause)

    def kill(self) -> None:
        """Ends all processes; nothing happens to those that have ended."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.wait()
            with suppress(KeyError, ValueError):
                self._selector.unregister(worker.socket)
            worker.socket.close()

    @property
    def _pause(self) -> float:
        return min(0.2, self._seconds / 4)

    def _receive(self, timeout: float) -> None:
        """Receives everything that was sent, so that a suspension of this process is not mistaken for one of theirs."""
        ready = self._selector.select(timeout)
        while ready:
            for key, _ in ready:
                with suppress(OSError):
                    content = key.data.socket.recv(65536)
                    if content:
                        key.data.hear(content)
                        continue
                self._selector.unregister(key.fileobj)  # its process has ended, or is about to
                with suppress(subprocess.TimeoutExpired):
                    key.data.process.wait(_GRACE_SECONDS)
            ready = self._selector.select(0)

    def _find_culprit(self) -> Worker | None:
        """The worker that ended without order, or is silent; among several that ended the one that lost no other."""
        silent = self._find_silent()
        if silent is not None or not self._failed:
            return silent
        first = self._failed
        is_killed = any((worker.code or 0) < 0 for worker in first)
        self.wait_for_chief(_KILLED_SECONDS if is_killed else _GRACE_SECONDS)
        chief = self._workers[0]
        if chief.failed and chief.code is not None and chief.code > 0 and "lost" not in chief.messages:
            return chief  # it has said itself what is wrong
        end = time.monotonic() + self._seconds
        while all("lost" in worker.messages for worker in self._failed) and time.monotonic() < end:
            self._receive(self._pause)  # one that hangs is given up by the others before it is known to be silent
            if (silent := self._find_silent()) is not None:
                return silent
        return first_to_fail(self._workers, first)

    @property
    def _failed(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.failed]

    def _find_silent(self) -> Worker | None:
        now = time.monotonic()
        for worker in self._workers:
            longest = self._seconds if "joined" in worker.messages else max(self._seconds, START_SECONDS)
            if worker.code is None and now - worker.sign > longest:
                worker.is_silent = True
                return worker
        return None


class Ended(Protocol):
    """A worker as it is known here or elsewhere."""

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal."""

    @property
    def messages(self) -> dict[str, Any]:
        """The messages of the worker by name; `lost` says that it has lost another one."""

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than in order."""


_Ended = TypeVar("_Ended", bound=Ended)


def first_to_fail(workers: Sequence[_Ended], first: Sequence[_Ended]) -> _Ended:
    """The one that others ended for: one that was killed, else one of the `first` to end that had lost no other."""
    by_signal = [worker for worker in workers if worker.failed and (worker.code or 0) < 0]
    alone = [worker for worker in first if "lost" not in worker.messages]
    return (by_signal or alone or first)[0]


def describe_code(code: int | None) -> str:
    """How a process ended, in words."""
    if code is not None and code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def pair() -> tuple[socket.socket, int]:
    """A socket, and the inheritable descriptor of its other end."""
    ours, theirs = socket.socketpair()
    descriptor = theirs.detach()
    os.set_inheritable(descriptor, True)
    return ours, descriptor
