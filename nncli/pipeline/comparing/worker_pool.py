"""The pool of worker processes that train the cells of a comparison in parallel."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from nncli.console import Console
from nncli.errors import NncliError
from nncli.pipeline.comparing.cell_training import Cell, DataSets, Report
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.comparing.worker import STOPPING_SIGNALS, run_worker
from nncli.pipeline.training.planning import Engine
from nncli.run.folder import RunFolder

_STOP_SECONDS = 10.0
# Seconds between two redraws of the bar without a message.
_REDRAW_SECONDS = 0.5
_FEWER = "train fewer at a time: --jobs 1"


@dataclass
class _Worker:
    """A process, the connection to it, and the cell it is training."""

    process: BaseProcess
    line: Connection
    cell: Cell | None = None
    folder: RunFolder | None = None
    share_done: float = 0.0
    is_dismissed: bool = False

    def give(self, cell: Cell, engine: Engine, folder: RunFolder) -> None:
        self.cell, self.folder, self.share_done = cell, folder, 0.0
        self.line.send((cell, engine, str(folder.path)))

    def dismiss(self) -> None:
        self.cell, self.folder, self.is_dismissed = None, None, True
        with suppress(OSError):  # it may be gone already; its work is done
            self.line.send(None)


class WorkerPool:
    """Some workers; use it in a `with` statement, so that none is left running.

    With `fork` they share the import of TensorFlow and the data that was read, else each begins with an import.
    """

    def __init__(self, size: int, request: ComparisonRequest, data: DataSets, *, fork: bool) -> None:
        from nncli.engine.process.forking import accepting_threads

        context: Any = multiprocessing.get_context("fork" if fork else "spawn")
        self._workers: list[_Worker] = []
        data = (
            data if fork else DataSets(data.folders, says_notes=data.says_notes)
        )  # arrays do not travel: reading them again is faster
        try:
            with accepting_threads(), _signals_held():
                for _ in range(size):
                    line, end = context.Pipe()
                    process = context.Process(target=run_worker, args=(end, request, data))
                    process.start()
                    end.close()  # so that the line ends when the worker does
                    self._workers.append(_Worker(process, line))
        except BaseException as error:  # Ctrl-C included: no worker may stay behind
            self.stop()
            if isinstance(error, OSError):
                raise NncliError(f"a worker process cannot be started: {error.strerror}", hint=_FEWER) from None
            raise

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def train(
        self,
        cells: Sequence[Cell],
        engines: Mapping[Variant, Engine],
        folder: RunFolder,
        console: Console,
        report: Report,
        *,
        before: int = 0,
        total: int | None = None,
        when_idle: Callable[[], None] | None = None,
    ) -> Mapping[Cell, dict[str, Any]]:
        """Trains every cell in a folder inside `folder`; returns the outcomes.

        `report` says how a cell ended, while its worker is at the next one already. `before` cells of the `total` were
        trained earlier. `when_idle` is called when the first worker has nothing left to do. Raises what a worker
        raised, and NncliError where one died.
        """
        pending, outcomes = list(cells), dict[Cell, dict[str, Any]]()
        total = total or len(cells)
        at_once = f", {len(self._workers)} at a time" if len(self._workers) > 1 else ""
        with console.step(f"0 of {total} trainings done{at_once}") as progress:
            for worker in self._workers:
                self._assign(worker, pending, engines, folder)
            while busy := [worker for worker in self._workers if worker.cell is not None]:
                for line in wait([worker.line for worker in busy], _REDRAW_SECONDS):
                    worker = next(worker for worker in busy if worker.line is line)
                    outcome = self._handle_message(worker, console)
                    if outcome is not None and worker.cell is not None:
                        ended, outcomes[worker.cell] = worker.cell, outcome
                        self._assign(worker, pending, engines, folder)
                        report(ended, outcome)
                if when_idle is not None and any(each.is_dismissed for each in self._workers):
                    when_idle()
                    when_idle = None
                done = before + len(outcomes)
                share = done + sum(worker.share_done for worker in busy if worker.cell)
                progress(f"{done} of {total} trainings done{at_once}", share / total)
        return outcomes

    def _assign(
        self, worker: _Worker, pending: list[Cell], engines: Mapping[Variant, Engine], folder: RunFolder
    ) -> None:
        """Gives a worker its next cell, or dismisses it."""
        cell = next_cell(pending, worker.cell, [other.cell for other in self._workers if other.cell])
        try:
            if cell is None:
                worker.dismiss()
            else:
                pending.remove(cell)
                worker.give(cell, engines[cell.variant], cell.make_folder(folder))
        except OSError:  # nobody is at the other end of the line
            raise _error_of_death(worker) from None

    def _handle_message(self, worker: _Worker, console: Console) -> dict[str, Any] | None:
        """Handles a message; returns the outcome of the worker's cell if it is one."""
        try:
            kind, *content = worker.line.recv()
        except (EOFError, OSError):
            raise _error_of_death(worker) from None
        if kind == "done":
            return dict(content[0])
        if kind == "error":
            raise content[0]
        if kind == "progress":
            worker.share_done = content[0]
        else:
            text, once = content
            (console.warn if kind == "warn" else console.say)(text, once=once)
        return None

    def stop(self) -> None:
        """Ends all workers; a training in progress is recorded as interrupted."""
        try:
            for worker in self._workers:
                if not worker.is_dismissed:
                    worker.process.terminate()
            for worker in self._workers:
                worker.process.join(_STOP_SECONDS)
        finally:  # a second Ctrl-C included
            for worker in self._workers:
                worker.process.kill()
            for worker in self._workers:
                worker.process.join()
                worker.line.close()
                _note_interrupted(worker)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Blocks signals until a new worker has installed its handlers; the worker unblocks them itself."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def next_cell(pending: Sequence[Cell], last: Cell | None, others: Sequence[Cell]) -> Cell | None:
    """What a worker trains after `last`: the same variant, whose loops it has compiled, else the one most neglected.

    `others` are the cells that are being trained. A variant with many pending cells and few workers comes first.
    """
    if not pending:
        return None
    same = [cell for cell in pending if last is not None and cell.variant == last.variant]
    if same:
        return same[0]

    def load(cell: Cell) -> float:
        waiting = sum(other.variant == cell.variant for other in pending)
        workers = sum(other.variant == cell.variant for other in others)
        return waiting / (workers + 1)

    return max(pending, key=load)


def _error_of_death(worker: _Worker) -> NncliError:
    """The error for a worker that ended during a training; the training is recorded as failed."""
    worker.process.join(_STOP_SECONDS)
    code = worker.process.exitcode
    how = f"ended with code {code}"
    if code is not None and code < 0:
        with suppress(ValueError):
            how = f"was killed by {signal.Signals(-code).name}"
    was_killed = code == -getattr(signal, "SIGKILL", 9)
    error = NncliError(
        f"the process that trained {worker.cell} {how}",
        hint=f"the system kills processes when memory runs out; {_FEWER}" if was_killed else None,
    )
    if worker.folder is not None:
        with suppress(NncliError):
            worker.folder.close("failed", reason=error.message)
    return error


def _note_interrupted(worker: _Worker) -> None:
    """Records an interruption for a worker that could not do so itself."""
    if worker.cell is None or worker.folder is None:
        return
    with suppress(NncliError):
        if worker.folder.record.get("status") == "running":
            worker.folder.close("interrupted")
