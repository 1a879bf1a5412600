"""A worker process of a comparison: receives cells to train and reports their progress and outcome.

Messages to the parent are tuples: ("say" | "warn", text, once), ("progress", fraction of the cell), ("done", outcome)
and ("error", exception). Messages to the worker are (cell, its engine, path of its folder), or None to end.
"""

import io
import os
import signal
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, Protocol

from nncli.console import Console
from nncli.console.training import TrainingView
from nncli.errors import NncliError, StopRequest, Terminated
from nncli.pipeline.comparing.cell_training import CellTrainer, DataSets
from nncli.pipeline.comparing.variants import ComparisonRequest
from nncli.run.folder import RunFolder

STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_REPORT_SECONDS = 0.2
_WATCH_SECONDS = 0.5
# Seconds for a worker without a parent to record in its run folder that it was interrupted.
_GRACE_SECONDS = 10.0


def run_worker(line: Connection, request: ComparisonRequest, data: DataSets) -> None:
    """Runs the worker until it is told to end, then ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which says what follows from it
    signal.signal(signal.SIGTERM, _stop)
    StopRequest.raised = None
    StopRequest.silence_dropped()
    threading.Thread(target=_end_without_parent, args=(os.getppid(),), daemon=True).start()
    try:
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)
        console = LineConsole(line)
        trainer = CellTrainer(request, data, console)
        while (order := line.recv()) is not None:
            cell, engine, path = order
            try:
                line.send(("done", trainer.train(cell, engine, RunFolder(Path(path)))))
            except Exception as error:  # whatever it is, the parent raises it again
                line.send(("error", _portable(error)))
    except (EOFError, OSError, KeyboardInterrupt, Terminated):  # nobody listens, or the comparison is over
        pass
    # Skips Python's own shutdown, which would shut TensorFlow down too.
    os._exit(0)


def _stop(number: int, frame: Any) -> None:
    """The first SIGTERM interrupts the training; a second one must not interrupt the recording of that."""
    if StopRequest.raised is None:
        StopRequest.deliver(Terminated, number, frame)


def _end_without_parent(parent: int) -> None:
    """Ends the worker if its parent is killed."""
    process = parent_process()
    while os.getppid() == parent and (process is None or process.is_alive()):
        time.sleep(_WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


def _portable(error: Exception) -> Exception:
    """The error with its traceback as a note, or a RuntimeError with the same text if it cannot be pickled."""
    if not isinstance(error, NncliError):
        error.add_note("in a worker:\n" + traceback.format_exc())
    try:
        twin = ForkingPickler.loads(ForkingPickler.dumps(error))  # as the pipe does it
    except Exception:  # that raises whatever the error's class does
        twin = None
    return error if type(twin) is type(error) else RuntimeError(f"{type(error).__name__}: {error}")


class Line(Protocol):
    """What takes messages for the parent."""

    def send(self, message: Any, /) -> None:
        """Takes one of the messages above."""


class LineConsole(Console):
    """A console whose messages go to the parent process."""

    def __init__(self, line: Line) -> None:
        super().__init__(stdout=io.StringIO(), stderr=io.StringIO())
        self._line = line

    def say(self, text: str, *, once: bool = False) -> None:
        """Sends a line of talk to the parent."""
        self._line.send(("say", text, once))

    def warn(self, text: str, *, once: bool = False) -> None:
        """Sends a warning to the parent."""
        self._line.send(("warn", text, once))

    def training(
        self, epochs: int, batches: int, *, title: str = "", monitor: str = "", larger_is_better: bool = False
    ) -> TrainingView:
        """A view that reports the training's progress to the parent."""
        return _Reports(epochs * batches, batches, self._line)


class _Reports(TrainingView):
    """The view of one training, without a terminal."""

    def __init__(self, total: int, batches: int, line: Line) -> None:
        self._total, self._per_epoch, self._line = total, batches, line
        self._reported = time.monotonic()

    def on_batch(self, epoch: int, batch: int, metrics: Mapping[str, float]) -> None:
        """Reports the share that is done to the parent, a few times a second."""
        now = time.monotonic()
        if now - self._reported > _REPORT_SECONDS:
            self._reported = now
            self._line.send(("progress", (epoch * self._per_epoch + batch) / self._total))

    def recall(self, records: Sequence[Mapping[str, float]]) -> None:
        """A cell begins with its first epoch."""

    def on_epoch(self, epoch: int, record: Mapping[str, float]) -> None:
        """Says nothing."""

    def remark(self, line: str) -> None:
        """Says nothing; the comparison says it of all trainings together."""

    def close(self) -> None:
        """Has nothing to end."""

    def draw_curves(self) -> None:
        """Draws nothing."""

    def print_sketch(self, lines: Sequence[str]) -> None:
        """Draws nothing."""
