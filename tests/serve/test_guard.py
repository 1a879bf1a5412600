"""Who may ask, and what every answer carries."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nncli.serve.guard import Guard
from nncli.serve.limits import LEAST_SENT, Limits
from nncli.serve.metrics import Metrics

ROW = [{"size": 0.9, "shop": "east"}]


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8765", "127.9.9.9:80"])
def test_the_names_of_this_machine_are_served(client: TestClient, host: str) -> None:
    assert client.get("/v2", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8765", "", "localhost@evil.example", "[::"])
def test_another_host_is_refused_as_a_name_may_be_made_to_point_here(client: TestClient, host: str) -> None:
    for path in ("/", "/v2", "/page/models", "/metrics"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421, path
        assert "Host" in answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://127.0.0.1:8765.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_a_page_of_another_site_sends_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    for path in ("/predict?model=shops", "/invocations?model=shops", "/v2/models/shops/infer", "/page/row?model=shops"):
        assert client.post(path, json=ROW, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}])
def test_what_the_own_page_or_a_program_sends_is_answered(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/predict?model=shops", json=ROW, headers=headers).status_code == 200


def test_no_answer_lets_another_site_read_it(client: TestClient) -> None:
    for answer in (
        client.get("/", headers={"Origin": "https://evil.example"}),
        client.get("/nothing"),
        client.post("/predict", content=b""),
        client.options("/predict", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_without_the_token_only_probes_and_the_page_itself_are_served(
    serve: Callable[..., TestClient], shops: Path
) -> None:
    client = serve(shops, base_url="http://models.example", token="a-long-secret-token")
    assert {client.get(path).status_code for path in ("/", "/v2/health/live", "/v2/health/ready")} == {200}
    right = {"Authorization": "Bearer a-long-secret-token"}
    for header in ({}, {"Authorization": "Bearer a-long-secret-toke"}, {"Authorization": "a-long-secret-token"}):
        answer = client.post("/predict", json=ROW, headers=header)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert "secret" not in answer.text
        assert client.get("/page/models?token=a-long-secret-token", headers=header).status_code == 401
    assert client.post("/predict", json=ROW, headers=right).status_code == 200
    evil = client.post("/predict", json=ROW, headers={**right, "Origin": "https://evil.example"})
    assert evil.status_code == 403


def test_an_unknown_path_or_method_is_told_as_json(client: TestClient) -> None:
    assert client.get("/../../etc/passwd").json()["expected"].startswith("a path that exists")
    answer = client.get("/predict")
    assert answer.status_code == 405 and answer.json()["error"].startswith("got GET /predict")
    assert "/docs" not in client.get("/openapi.json").json()["paths"]


class Broken:
    """An application that fails, or waits for ever."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.error is None:
            await asyncio.Event().wait()
        else:
            raise self.error


def test_a_defect_is_told_to_the_operator_and_not_to_the_client() -> None:
    told: list[BaseException] = []
    error = ZeroDivisionError("/home/somebody/secret.py")
    client = TestClient(Guard(Broken(error), Limits(), Metrics(), told.append), base_url="http://127.0.0.1")
    answer = client.get("/")
    assert answer.status_code == 500 and told == [error]
    assert "secret" not in answer.text and "Zero" not in answer.text and answer.json()["error"]


def test_a_request_that_takes_too_long_is_given_up() -> None:
    guard = Guard(Broken(None), Limits(seconds=0.05), Metrics(), lambda error: None)
    answer = TestClient(guard, base_url="http://127.0.0.1").get("/")
    assert answer.status_code == 408 and "0.05 seconds" in answer.json()["error"]


def test_bodies_that_are_too_much_together_are_sent_away() -> None:
    async def keep(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guard = Guard(keep, Limits(held_bytes=100), Metrics(), lambda error: None)
    client = TestClient(guard, base_url="http://127.0.0.1")
    assert [client.post("/", content=bytes(size)).status_code for size in (100, 101, 100, 100)] == [200, 503, 200, 200]
    assert guard.held == 0


def test_more_requests_than_can_wait_are_sent_away() -> None:
    guard = Guard(Broken(None), Limits(waiting=0), Metrics(), lambda error: None)
    answer = TestClient(guard, base_url="http://127.0.0.1").get("/")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"


def ask(guard: Guard, receive: Callable[[], Any], method: str = "POST") -> Any:
    """The status that a request is answered with, as a coroutine."""
    scope = {"type": "http", "method": method, "path": "/", "headers": [(b"host", b"127.0.0.1")]}

    async def answer() -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await guard(scope, receive, send)
        return int(sent[0]["status"])

    return answer()


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    """Answers what has been read to its end."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_bodies_that_still_arrive_take_no_place_from_others() -> None:
    async def talk() -> tuple[list[int], list[int], int]:
        may_end = asyncio.Event()

        async def late() -> Any:
            await may_end.wait()
            return {"type": "http.request", "body": b"x"}

        async def whole() -> Any:
            return {"type": "http.request", "body": b"x"}

        guard = Guard(read_all, Limits(waiting=1), Metrics(), lambda error: None)
        slow = [asyncio.create_task(ask(guard, late)) for _ in range(20)]
        await asyncio.sleep(0)
        others = [await ask(guard, whole), await ask(guard, whole, "GET")]
        may_end.set()
        return others, list(await asyncio.gather(*slow)), guard.working

    others, slow, working = asyncio.run(talk())
    assert others == [200, 200] and 200 in slow and set(slow) <= {200, 503} and working == 0


@pytest.mark.parametrize(("piece", "status"), [(1, 408), (LEAST_SENT, 200)])
def test_a_body_that_drips_is_refused_and_one_that_comes_slowly_is_not(
    piece: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    async def drip() -> Any:
        """A piece after six of the ten seconds, three times."""
        nonlocal now
        for _ in range(5):
            await asyncio.sleep(0)  # what is late is given up here
        now += 6
        return {"type": "http.request", "body": bytes(piece), "more_body": now < 18}

    monkeypatch.setattr("nncli.serve.guard.time.perf_counter", lambda: now)
    guard = Guard(read_all, Limits(sending_seconds=10), Metrics(), lambda error: None)
    assert asyncio.run(ask(guard, drip)) == status
