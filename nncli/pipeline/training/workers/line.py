"""A worker's connection to the process that started it: signs of life, reports of the chief, and how it ends with its
parent.

Each line of text is a JSON value: null is a sign of life, {"joined": true} says that the training can begin,
{"run": path} names the run folder, {"lost": message} says that this worker has lost another one.
"""

import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from nncli.errors import NncliError

# A JSON object with the arguments of Line.
VARIABLE = "NNCLI_WORKER_LINE"
# Seconds for a chief without a parent to record in its run folder that it was interrupted.
_GRACE_SECONDS = 10.0
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


class LostWorkerError(NncliError):
    """Another worker is gone, so that this one cannot continue."""


class Line:
    """The connection to the nncli process that started this worker; ends this process when that one ends.

    It has the number of the inherited descriptor, and gives a sign of life every `seconds` seconds. A chief that
    `records` its run does so before it ends. Where workers start again, `resume` is the run folder to continue with,
    after this many `minutes`.
    """

    def __init__(
        self,
        descriptor: int,
        seconds: float,
        *,
        is_chief: bool,
        records: bool = True,
        resume: str | None = None,
        minutes: float = 0.0,
    ) -> None:
        os.set_inheritable(descriptor, False)
        self.resume, self.minutes = resume, minutes
        self._socket, self._seconds, self._records = socket.socket(fileno=descriptor), seconds, is_chief and records
        self._lock = threading.Lock()
        if not is_chief:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the chief too, which ends the training
        if not self._records:
            _die_with_parent()
        threading.Thread(target=self._send_heartbeats, daemon=True, name="signs of life").start()
        threading.Thread(target=self._listen, daemon=True, name="end of the parent").start()

    def tell(self, message: Mapping[str, Any] | None) -> None:
        """Sends a message; nothing happens if nobody listens any more."""
        with suppress(OSError), self._lock:
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def _send_heartbeats(self) -> None:
        while True:
            self.tell(None)
            time.sleep(self._seconds)

    def _listen(self) -> None:
        """Waits for the other end to close, which it does when its process ends, however that comes."""
        with suppress(OSError):
            while self._socket.recv(1024):
                pass
        if self._records:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(_GRACE_SECONDS)
        os._exit(1)


def describe_line(descriptor: int, seconds: float, **more: Any) -> dict[str, str]:
    """The environment variable by which a process opens its line."""
    return {VARIABLE: json.dumps({"descriptor": descriptor, "seconds": seconds, **more})}


def open_line(*, is_chief: bool) -> Line | None:
    """The connection of this process, if it was started by another one of nncli."""
    value = os.environ.pop(VARIABLE, "")
    if not value:
        return None
    return Line(**json.loads(value), is_chief=is_chief)


def _die_with_parent() -> None:
    """Asks Linux to kill this process with its parent, also while it is stopped; elsewhere the line has to do."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
