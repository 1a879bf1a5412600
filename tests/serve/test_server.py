"""`nncli serve` as a process: its port, its connections, its end, and what it does not load."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

ROW = json.dumps([{"size": 0.9, "shop": "east"}]).encode()
Start = Callable[..., Any]


@contextlib.contextmanager
def connected(told: dict[str, Any]) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection("127.0.0.1", urlsplit(told["address"]).port, timeout=20)
    yield client
    client.close()


def test_it_prints_its_address_and_takes_the_next_port_where_one_is_taken(start: Start, shops: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with start(shops, "--port", port) as (_, told):
            assert urlsplit(told["address"]).hostname == "127.0.0.1"
            assert port < (urlsplit(told["address"]).port or 0) <= port + 100
            assert told["runs"] == {"shops": str(shops)} and told["token"] is None
            with connected(told) as client:
                client.request("POST", "/predict", ROW)
                assert json.loads(client.getresponse().read())["run"] == shops.name


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_when_open_requests_are_answered(
    start: Start, shops: Path, number: signal.Signals, code: int
) -> None:
    with start(shops, "--port", 0) as (process, told), connected(told) as idle:
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(ROW)}\r\n\r\n".encode()
        idle.request("GET", "/v2")
        idle.getresponse().read()
        with socket.create_connection(("127.0.0.1", urlsplit(told["address"]).port or 0), timeout=20) as begun:
            begun.sendall(head + ROW[:5])
            while b"in_flight 2" not in _metrics(idle):  # it has arrived
                pass
            process.send_signal(number)
            while _accepts(told):  # until it takes no new connections
                pass
            begun.sendall(ROW[5:])
            answer = b""
            while chunk := begun.recv(4096):
                answer += chunk
        assert answer.startswith(b"HTTP/1.1 200") and b'"prediction"' in answer
        assert process.wait(20) == code
        assert "Traceback" not in process.stderr.read()


def _metrics(client: http.client.HTTPConnection) -> bytes:
    client.request("GET", "/metrics")
    return client.getresponse().read()


def _accepts(told: dict[str, Any]) -> bool:
    try:
        socket.create_connection(("127.0.0.1", urlsplit(told["address"]).port or 0), timeout=20).close()
    except ConnectionError:  # refused, or reset where it waited while the listener was closed
        return False
    return True


def test_clients_at_once_each_get_the_answer_to_their_own_request(start: Start, digits: Path, shops: Path) -> None:
    """Rows and images of 24 clients at a time, wrong ones in between, against the answers to each alone."""
    generator = np.random.default_rng(3)
    requests: list[tuple[str, bytes]] = []
    for _ in range(120):
        row = [{"size": float(generator.random()), "shop": str(generator.choice(["east", "west"]))}]
        image = generator.integers(0, 17, (1, 8, 8)).tolist()
        requests += [("/predict?model=shops", json.dumps(row).encode()), ("/predict", json.dumps(image).encode())]
        requests.append(("/predict?model=shops", b'[{"size": "x", "shop": "east"}]'))
    with start(digits, shops, "--port", 0) as (_, told):

        def ask(request: tuple[str, bytes]) -> tuple[int, bytes]:
            with connected(told) as client:
                client.request("POST", *request)
                answer = client.getresponse()
                return answer.status, answer.read()

        alone = [ask(request) for request in requests]
        with ThreadPoolExecutor(24) as pool:
            together = list(pool.map(ask, requests))
        assert together == alone
        assert {status for status, _ in alone[0::3] + alone[1::3]} == {200} and {
            status for status, _ in alone[2::3]
        } == {400}
        assert len({body for _, body in alone}) > 200


def refused(*arguments: object, code: str = "") -> subprocess.CompletedProcess[str]:
    script = f"import sys\n{code}\nfrom nncli.cli import main\nsys.argv = ['nncli', 'serve', *sys.argv[1:]]\nmain()"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], "add --allow-remote"),
        (["--host", "::"], "add --allow-remote"),
        (["--host", "192.0.2.7", "--allow-remote"], "an address of this machine"),
        (["--host", "no such host", "--allow-remote"], "an address of this machine"),
        (["--token", "short"], "16 or more"),
    ],
)
def test_an_address_or_token_that_will_not_do_is_told(shops: Path, arguments: list[str], told: str) -> None:
    outcome = refused(shops, "--port", 0, *arguments)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert told in outcome.stderr and outcome.stderr.count("\n") == 2


def test_without_the_extra_one_line_says_what_to_install(shops: Path) -> None:
    outcome = refused(shops, code="sys.modules['uvicorn'] = None")
    assert outcome.returncode == 2
    assert "'.[serve]'" in outcome.stderr and outcome.stderr.count("\n") == 2


def test_a_run_without_an_exported_model_is_refused(shops: Path, tmp_path: Path) -> None:
    copy = tmp_path / "20261127-000000-shops"
    shutil.copytree(shops, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["sha256"]["model.tflite"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy / "model.tflite").unlink()
    outcome = refused(copy)
    assert outcome.returncode == 2 and "answers without TensorFlow" in outcome.stderr


def test_a_server_for_others_has_a_token_and_is_closed_without_it(start: Start, shops: Path) -> None:
    with start(shops, "--port", 0, "--host", "0.0.0.0", "--allow-remote") as (_, told):
        assert len(told["token"]) >= 32 and told["page"].endswith(f"/#token={told['token']}")
        for headers, status in (({}, 401), ({"Authorization": f"Bearer {told['token']}"}, 200)):
            with connected(told) as client:
                client.request("POST", "/predict", ROW, headers)
                assert client.getresponse().status == status


CHILD = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from nncli.console import Console
from nncli.pipeline.folders import Folders
from nncli.pipeline.serving import serve
from nncli.serve.app import Settings, make_app
from nncli.serve.metrics import Metrics
from nncli.serve.registry import Registry

folders = Folders(Path("runs"))
runs = serve._open_runs(sys.argv[1:], folders, Console(quiet=True))
client = TestClient(
    make_app(Registry([serve._make_model(name, run, folders) for name, run in runs.items()], Metrics()), Settings()),
    base_url="http://127.0.0.1",
)
pixels = [[[8] * 8] * 8]
row = [{"size": 0.9, "shop": "east"}]
assert client.post("/predict", json=pixels).status_code == 200
assert client.post("/predict?model=shops", json=row).status_code == 200
told = client.post("/page/row?model=shops", json=row).json()
assert told["layers"] and told["contributions"], told
assert client.get("/page/network?model=shops").json()["layers"]
print([name for name in ("tensorflow", "keras", "matplotlib", "torch", "jax") if name in sys.modules])
"""


def test_no_tensorflow_is_loaded_whatever_is_asked(digits: Path, shops: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(digits), str(shops)]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == "[]"


IMPATIENT = """
from nncli.serve import server
from nncli.serve.guard import Guard
from nncli.serve.limits import Limits
from nncli.serve.metrics import Metrics

ended = 0

async def app(scope, receive, send):
    global ended
    is_large = scope["path"] == "/large"
    body = 50_000_000 * b"x" if is_large else str(ended).encode() if scope["path"] == "/ended" else b"ok"
    while scope["path"] != "/early" and (await receive()).get("more_body"):
        pass
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})  # waits until the client has taken it in, or is gone
    ended += is_large

limits = Limits(
    header_seconds=0.3, seconds=0.5, idle_seconds=5, ending_seconds=1, fetching_seconds=0.05, connections=20
)
listening = server.bind("127.0.0.1", 0)
print(listening.getsockname()[1], flush=True)
server.run(Guard(app, limits, Metrics(), print), listening, limits)
"""


@pytest.fixture(scope="module")
def slow_server() -> Iterator[tuple[str, int]]:
    """A server of one route that gives connections little time, in a process of its own."""
    command = [sys.executable, "-c", IMPATIENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield "127.0.0.1", int(process.stdout.readline())
        process.terminate()
        _, said = process.communicate()
        assert [line for line in said.splitlines() if "terminated" not in line] == []  # no request fills the terminal


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: 1\r\n"])
def test_a_connection_that_does_not_say_what_it_wants_is_closed(slow_server: tuple[str, int], sent: bytes) -> None:
    with socket.create_connection(slow_server, timeout=20) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""


def test_a_connection_that_drips_its_header_is_closed_and_one_that_asks_again_is_not(
    slow_server: tuple[str, int],
) -> None:
    whole = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(slow_server, timeout=20) as connection:
        for _ in range(3):
            connection.sendall(whole)
            answer = b""
            while not answer.endswith(b"ok"):
                answer += connection.recv(4096)
        connection.settimeout(0.05)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for letter in 4 * whole:
                connection.sendall(bytes([letter]))
                with contextlib.suppress(TimeoutError):
                    assert connection.recv(100) == b""
                    return
            raise AssertionError("it was not closed")


def test_a_body_that_does_not_come_is_given_up(slow_server: tuple[str, int]) -> None:
    with socket.create_connection(slow_server, timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nab")
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 408") and b"0.5 seconds" in answer


def test_garbage_is_answered_with_an_error_and_the_next_client_is_served(slow_server: tuple[str, int]) -> None:
    for sent in (
        os.urandom(4000),
        b"GET / HTTP/9.9\r\n\r\n",
        b"A" * 200_000,
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ):
        with socket.create_connection(slow_server, timeout=20) as connection:
            try:
                connection.sendall(sent)
                answer = _read(connection)
                assert answer[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 421", b"HTTP/1.0 400")
                assert not answer or json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
            except (BrokenPipeError, ConnectionResetError):
                pass
    host, port = slow_server
    with connected({"address": f"http://{host}:{port}"}) as client:
        client.request("GET", "/", headers={"Host": "127.0.0.1"})
        assert client.getresponse().read() == b"ok"


def _read(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(1 << 16):
            answer += chunk
    return answer


def test_garbage_behind_an_answer_ends_the_connection(slow_server: tuple[str, int]) -> None:
    for head in (b"Transfer-Encoding: chunked\r\nConnection: close", b"Transfer-Encoding: chunked"):
        with socket.create_connection(slow_server, timeout=20) as connection:
            connection.sendall(b"GET /early HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(b"zz\r\n")
            assert b"HTTP" not in _read(connection)


def test_an_answer_that_is_not_taken_in_is_given_up(slow_server: tuple[str, int]) -> None:
    told = {"address": f"http://{slow_server[0]}:{slow_server[1]}"}
    with socket.socket() as connection, connected(told) as client:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(slow_server)
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")  # and nothing is read
        for _ in range(2_000):
            client.request("GET", "/ended", headers={"Host": "127.0.0.1"})
            if client.getresponse().read() == b"1":
                return
        raise AssertionError("it waits for ever")


def test_a_connection_too_many_is_told_to_come_later(slow_server: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(slow_server, timeout=20))
        connection = stack.enter_context(socket.create_connection(slow_server, timeout=20))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = _read(connection)
    assert answer.startswith(b"HTTP/1.1 503") and b"retry-after: 1" in answer.lower()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["fix"] == "send it again in a second"
