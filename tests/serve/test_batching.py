"""Requests that arrive together run together, and each gets its own rows."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import uvicorn
from uvicorn.server import ServerState

from nncli.serve import server
from nncli.serve.batching import CLIENT, MOST_ROWS, Batcher, Client
from nncli.serve.guard import Guard
from nncli.serve.limits import Limits
from nncli.serve.metrics import Metrics
from nncli.serve.model import Outputs


class Slow:
    """A model that doubles numbers, once it is let; it keeps the sizes of its batches."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.may_run, self.runs = threading.Event(), threading.Event()

    def __call__(self, inputs: dict[str, np.ndarray]) -> Outputs:
        self.runs.set()
        self.may_run.wait(10)
        self.sizes.append(len(inputs["x"]))
        return Outputs(2 * inputs["x"], inputs["x"][:, 0])


def batch_of(rows: int, start: int = 0) -> dict[str, np.ndarray]:
    return {"x": np.arange(start, start + rows, dtype=np.float32)[:, None]}


def run(story: Callable[[Batcher], Any], model: Any) -> list[tuple[int, float]]:
    """Runs a story of requests in an event loop of its own; returns what was observed of the batches."""
    observed: list[tuple[int, float]] = []

    async def tell() -> None:
        with ThreadPoolExecutor(1) as executor:
            await story(Batcher(model, executor, lambda rows, seconds: observed.append((rows, seconds))))

    asyncio.run(tell())
    return observed


def test_requests_that_arrive_while_a_batch_runs_are_the_next_batch() -> None:
    model = Slow()

    async def story(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.predict(batch_of(1, 100)))
        while not model.runs.is_set():
            await asyncio.sleep(0)
        others = [asyncio.create_task(batcher.predict(batch_of(rows, 10 * rows))) for rows in range(1, 6)]
        await asyncio.sleep(0)
        model.may_run.set()
        assert (await first).values.tolist() == [[200]]
        for rows, other in enumerate(others, start=1):
            outputs = await other
            np.testing.assert_array_equal(outputs.values, 2 * batch_of(rows, 10 * rows)["x"])
            np.testing.assert_array_equal(outputs.novelty, batch_of(rows, 10 * rows)["x"][:, 0])

    assert [rows for rows, _ in run(story, model)] == [1, 15]
    assert model.sizes == [1, 15]


def test_a_large_request_is_run_in_pieces_and_answered_whole() -> None:
    model = Slow()
    model.may_run.set()
    rows = 2 * MOST_ROWS + 5

    async def story(batcher: Batcher) -> None:
        np.testing.assert_array_equal((await batcher.predict(batch_of(rows))).values, 2 * batch_of(rows)["x"])
        assert len(await batcher.predict(batch_of(0))) == 0

    run(story, model)
    assert model.sizes == [MOST_ROWS, MOST_ROWS, 5, 0]


def test_an_error_reaches_each_request_of_its_batch_and_no_other() -> None:
    def fail(inputs: dict[str, np.ndarray]) -> Outputs:
        if (inputs["x"] < 0).any():
            raise ValueError("a negative number")
        return Outputs(inputs["x"])

    async def story(batcher: Batcher) -> None:
        together = [batcher.predict(batch_of(1, -1)), batcher.predict(batch_of(1, 1))]
        assert [str(each) for each in await asyncio.gather(*together, return_exceptions=True)] == [
            "a negative number"
        ] * 2
        assert (await batcher.predict(batch_of(1, 3))).values.tolist() == [[3]]

    run(story, fail)


def test_a_client_that_has_gone_takes_no_place_in_a_batch() -> None:
    model = Slow()

    async def story(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.predict(batch_of(1)))
        while not model.runs.is_set():
            await asyncio.sleep(0)
        gone, stays = (asyncio.create_task(batcher.predict(batch_of(rows))) for rows in (2, 3))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        model.may_run.set()
        await first
        assert len(await stays) == 3
        with pytest.raises(asyncio.CancelledError):
            await gone

    run(story, model)
    assert model.sizes == [1, 3]


def test_what_a_client_asks_for_after_it_has_left_is_not_computed() -> None:
    model = Slow()
    model.may_run.set()

    async def story(batcher: Batcher) -> None:
        client = Client()
        CLIENT.set(client)
        client.leave()  # as while its input was decoded
        with pytest.raises(asyncio.CancelledError):
            await batcher.predict(batch_of(2))
        CLIENT.set(None)
        await batcher.predict(batch_of(3))

    run(story, model)
    assert model.sizes == [3]


def test_what_a_client_that_has_left_waits_for_is_not_computed() -> None:
    model = Slow()
    statuses: list[int] = []

    async def story(batcher: Batcher) -> None:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            statuses.append(len((await batcher.predict(batch_of(int(scope["path"][1:])))).values))
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

        metrics = Metrics()
        guard = Guard(answer, Limits(), metrics, lambda error: pytest.fail(str(error)))
        async with served(guard) as port:
            first, gone, stays = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            for rows, (_, writer) in zip((1, 2, 3), (first, gone, stays), strict=True):
                writer.write(f"GET /{rows} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                while metrics.in_flight < rows or not model.runs.is_set():  # the others wait for the first
                    await asyncio.sleep(0.001)
            gone[1].close()
            while metrics.in_flight == 3:
                await asyncio.sleep(0.001)
            model.may_run.set()
            for reader, writer in (first, stays):
                assert b" 200 " in await reader.readline()
                writer.close()

    run(story, model)
    assert model.sizes == [1, 3] == statuses


@contextlib.asynccontextmanager
async def served(guard: Guard) -> AsyncIterator[int]:
    """The port at which the server's own protocol asks a guard."""
    config = uvicorn.Config(guard, ws="none", lifespan="off", log_config=None, log_level="critical")
    config.load()
    make = server.protocol(guard, guard.limits)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: make(config, ServerState(), {}), "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
