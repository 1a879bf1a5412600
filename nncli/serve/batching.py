"""Runs requests that arrive together as one batch; does not know what they ask for.

No request waits for others to come: while a batch runs, those that arrive gather, and are the next batch. So a single
client is answered at once, and many share the cost of a run.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from nncli.data.dataset import Inputs
from nncli.serve.model import Outputs

# Rows that are run at once; what a request has beyond it is run in pieces.
MOST_ROWS = 256
# A batch that takes less than this runs in the event loop: handing it to a thread and back would take as long.
_AT_ONCE_SECONDS = 0.0005


class Client:
    """The sender of a request; once it has left, outputs that it waits for are no longer computed."""

    def __init__(self) -> None:
        self.has_left = False
        self._awaited: list[asyncio.Future[Outputs]] = []

    def wait_for(self, outputs: "asyncio.Future[Outputs]") -> None:
        """Notes outputs that only this client waits for; cancels them at once if it has left."""
        self._awaited.append(outputs)
        if self.has_left:
            outputs.cancel()

    def leave(self) -> None:
        """Cancels the outputs when the connection is lost: whoever awaits them gets a CancelledError."""
        self.has_left = True
        for outputs in self._awaited:
            outputs.cancel()


# The client of the request that a task answers.
CLIENT: ContextVar[Client | None] = ContextVar("client", default=None)


@dataclass(frozen=True)
class _Waiting:
    inputs: Inputs
    rows: int
    outputs: "asyncio.Future[Outputs]"


class Batcher:
    """Gathers requests to one model; used from one event loop.

    `observe` is called with the rows and seconds of each batch.
    """

    def __init__(
        self, run: Callable[[Inputs], Outputs], executor: Executor, observe: Callable[[int, float], None]
    ) -> None:
        self._run, self._executor, self._observe = run, executor, observe
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None
        self._seconds_per_row = _AT_ONCE_SECONDS  # not known yet: the first batch goes to a thread

    async def predict(self, inputs: Inputs) -> Outputs:
        """The outputs for arrays (rows, ...) by name, which may run together with those of other requests."""
        rows = len(next(iter(inputs.values())))
        if not rows:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._run, inputs)
        pieces = [
            self._add({name: array[start : start + MOST_ROWS] for name, array in inputs.items()})
            for start in range(0, rows, MOST_ROWS)
        ]
        return join([await piece for piece in pieces])

    def _add(self, inputs: Inputs) -> "asyncio.Future[Outputs]":
        future: asyncio.Future[Outputs] = asyncio.get_running_loop().create_future()
        client = CLIENT.get()
        if client is not None:
            client.wait_for(future)
        self._waiting.append(_Waiting(inputs, len(next(iter(inputs.values()))), future))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return future

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._run_batch(self._take())
        finally:
            self._task = None

    def _take(self) -> list[_Waiting]:
        """As many of those that wait as fit into a batch, the oldest first; none whose client has gone."""
        taken: list[_Waiting] = []
        rows = 0
        while self._waiting and (not taken or rows + self._waiting[0].rows <= MOST_ROWS):
            each = self._waiting.popleft()
            if not each.outputs.cancelled():
                taken.append(each)
                rows += each.rows
        return taken

    async def _run_batch(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        inputs = batch[0].inputs
        if len(batch) > 1:
            inputs = {name: np.concatenate([each.inputs[name] for each in batch]) for name in inputs}
        rows = sum(each.rows for each in batch)
        started = time.perf_counter()
        try:
            if rows * self._seconds_per_row < _AT_ONCE_SECONDS:
                outputs = self._run(inputs)
            else:
                outputs = await asyncio.get_running_loop().run_in_executor(self._executor, self._timed, inputs, rows)
        except Exception as error:  # each of the requests is told, and the next batch runs
            for each in batch:
                if not each.outputs.done():
                    each.outputs.set_exception(error)
            return
        self._observe(rows, time.perf_counter() - started)
        start = 0
        for each in batch:
            if not each.outputs.done():
                each.outputs.set_result(outputs.rows(start, start + each.rows))
            start += each.rows

    def _timed(self, inputs: Inputs, rows: int) -> Outputs:
        started = time.perf_counter()
        outputs = self._run(inputs)
        self._seconds_per_row = (self._seconds_per_row + (time.perf_counter() - started) / rows) / 2
        return outputs


def join(pieces: list[Outputs]) -> Outputs:
    """The outputs of pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    novelty = [piece.novelty for piece in pieces if piece.novelty is not None]
    return Outputs(
        np.concatenate([piece.values for piece in pieces]),
        np.concatenate(novelty) if len(novelty) == len(pieces) else None,
    )
