"""Measures `nncli serve` with one, eight and 64 clients, beside FastAPI with Keras, and asks it for too much.

    python benchmarks/serve.py --data ../shared/data
    python benchmarks/serve.py --requests 500 --soak 100000

Trains a softmax classifier on MNIST for one epoch (on the bundled digits without MNIST), serves it, and sends the same
digit again and again over connections that stay open, from a process of its own: as a tensor in JSON, and as a PNG file
that is decoded and prepared. The other servers are `scripts/serve_keras.py`, once with `model.predict` and once with
the model called, which is quicker for one image. Every answer is compared with the first. `--soak` sends that many
requests by eight clients and shows the resident memory before and after; then come connections that drip, bodies that
are too large, and noise, while one client measures how long its answers take.
"""

import argparse
import asyncio
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
KERAS = Path(__file__).parent / "scripts" / "serve_keras.py"
CLIENTS = (1, 8, 64)
DRIPPING, NOISE, LARGE = 300, 300, 50


@dataclass(frozen=True)
class Request:
    """A request to send again and again: bytes, header and body together."""

    port: int
    path: str
    body: bytes
    content_type: str = "application/json"

    @property
    def content(self) -> bytes:
        """What goes over the socket."""
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {self.content_type}\r\n"
        return f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body


def main() -> None:
    """Prints a line for each server and number of clients, and what the rest of it found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--requests", type=int, default=2_000, help="for each number of clients")
    parser.add_argument("--soak", type=int, default=100_000, help="requests in a row; 0 for none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(train(Path(folder), options.data.resolve()), options.requests, options.soak)


def train(folder: Path, data: Path) -> Path:
    """The folder of a run of one epoch."""
    command = [sys.executable, "-m", "nncli", "train", "mnist_softmax", "--epochs", "1", "--json"]
    command += ["--runs-dir", str(folder), "--data-dir", str(data / "tfds")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(json.loads(outcome.stdout)["run"])


def measure(run: Path, requests: int, soak: int) -> None:
    """Starts each server in turn."""
    shape = json.loads((run / "inputs.json").read_text())["inputs"]
    height, width, full = shape["height"], shape["width"], round(1 / shape["scale"])
    pixels = np.zeros((height, width), np.uint8)
    pixels[height // 5, width // 4 : -width // 4] = pixels[height // 5 : -height // 5, width // 2] = full
    print(f"{'':<38}clients  requests/s  p50 ms  p99 ms")
    with nncli(run) as (port, process, seconds):
        flat = {"name": "image", "shape": [1, height, width, 1], "datatype": "UINT8", "data": pixels.ravel().tolist()}
        tensor = Request(
            port, f"/v2/models/{run.name.split('-', 2)[-1]}/infer", json.dumps({"inputs": [flat]}).encode()
        )
        report("nncli serve, a tensor (V2)", tensor, requests)
        picture = io.BytesIO()
        Image.fromarray((pixels * (255 // full)).astype(np.uint8)).save(picture, "PNG")
        report(
            "nncli serve, a PNG file (/predict)", Request(port, "/predict", picture.getvalue(), "image/png"), requests
        )
        print(f"nncli serve is ready after {seconds:.2f} s, with {memory(process.pid):.0f} MB")
        if soak:
            endure(tensor, process.pid, soak)
        attack(tensor, process.pid)
    body = json.dumps({"instances": pixels[None, ..., None].tolist()}).encode()
    for way in ("predict", "call"):
        with keras(run / "model.keras", way) as (port, process, seconds):
            name = "FastAPI, Keras " + ("model.predict" if way == "predict" else "model(x)")
            report(name, Request(port, "/predict", body), max(64, requests // 4))
            print(f"{name} is ready after {seconds:.2f} s, with {memory(process.pid):.0f} MB")


@contextmanager
def nncli(run: Path) -> Any:
    """The port and process of a server that is ready, and how long that took."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "nncli", "serve", str(run), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        port = int(json.loads(process.stdout.readline())["address"].rpartition(":")[2])  # type: ignore[union-attr]
        yield port, process, wait_for(port, started)
        process.terminate()


@contextmanager
def keras(model: Path, way: str) -> Any:
    """The same for the server written by hand."""
    started = time.perf_counter()
    port = random.randrange(20_000, 30_000)
    command = [sys.executable, str(KERAS), str(model), str(port), way]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as process:
        yield port, process, wait_for(port, started)
        process.terminate()


def wait_for(port: int, started: float) -> float:
    """Seconds from `started` until the port takes connections."""

    async def connect() -> None:
        while time.perf_counter() - started < 120:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
        raise SystemExit(f"no server at port {port}")

    asyncio.run(connect())
    return time.perf_counter() - started


def report(name: str, request: Request, requests: int) -> None:
    """Prints a line for each number of clients."""
    in_child(load, request, 1, 20)  # the first ones build what the others use
    for clients in CLIENTS:
        seconds, times = in_child(load, request, clients, requests)
        p50, p99 = (1000 * float(np.quantile(times, share)) for share in (0.5, 0.99))
        print(f"{name:<38}{clients:>7}{len(times) / seconds:>12.0f}{p50:>8.2f}{p99:>8.2f}", flush=True)


def in_child(work: Callable[..., Any], *arguments: Any) -> Any:
    """The work of clients in a process of its own, so that they do not share a lock with anything."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def load(request: Request, clients: int, requests: int) -> tuple[float, list[float]]:
    """Seconds in all, and those of each request; raises where an answer is not that of the first request."""
    return asyncio.run(_load(request, clients, requests))


async def _load(request: Request, clients: int, requests: int) -> tuple[float, list[float]]:
    times: list[float] = []
    expected = await send(request, 1, [])
    started = time.perf_counter()
    counts = [requests // clients + (place < requests % clients) for place in range(clients)]
    answers = await asyncio.gather(*(send(request, count, times) for count in counts if count))
    if set(answers) != {expected} or len(times) != requests:
        raise SystemExit(f"{request.path}: an answer is missing or another one than the first")
    return time.perf_counter() - started, times


async def send(request: Request, count: int, times: list[float]) -> bytes:
    """The answer, which must be the same each time, over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
    content, first = request.content, b""
    for _ in range(count):
        started = time.perf_counter()
        writer.write(content)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        answer = await reader.readexactly(int(length))
        if not head.startswith(b"HTTP/1.1 200") or (first and answer != first):
            raise SystemExit(f"{head.decode()}{answer[:300].decode()}")
        first = answer
        times.append(time.perf_counter() - started)
    writer.close()
    return first


def memory(process: int) -> float:
    """The resident memory of a process in MB."""
    [line] = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def endure(request: Request, process: int, requests: int) -> None:
    """Many requests in a row: all are answered, and the memory stays as it is."""
    in_child(load, request, 8, max(1, requests // 20))
    before = memory(process)
    seconds, times = in_child(load, request, 8, requests)
    print(
        f"{len(times):,} of {requests:,} answered in {seconds:.0f} s; "
        f"memory {before:.1f} MB before, {memory(process):.1f} after"
    )


def attack(request: Request, process: int) -> None:
    """What clients should not do, while one that behaves measures its answers."""
    calm = in_child(load, request, 1, 300)[1]
    before = memory(process)
    hostile = subprocess.Popen([sys.executable, "-c", HOSTILE, str(request.port), *map(str, (DRIPPING, NOISE, LARGE))])
    time.sleep(0.5)
    stormy = in_child(load, request, 1, 300)[1]
    hostile.terminate()
    hostile.wait()
    calm_ms, stormy_ms = (1000 * float(np.quantile(times, 0.5)) for times in (calm, stormy))
    print(
        f"beside {DRIPPING} dripping connections, noise and bodies of 64 MB: "
        f"p50 {stormy_ms:.2f} ms ({calm_ms:.2f} alone), "
        f"all 300 answered; memory {before:.1f} MB before, {memory(process):.1f} after"
    )


HOSTILE = """
import asyncio, os, sys
port, dripping, noise, large = map(int, sys.argv[1:])

async def drip():
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    for letter in b"POST /predict HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nX-Slow: " + b"a" * 10_000:
        writer.write(bytes([letter]))
        await asyncio.sleep(0.2)

async def shout(content):
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(content)
    await writer.drain()
    writer.close()

async def again(count, make):
    while True:
        await asyncio.gather(*(shout(make()) for _ in range(count)), return_exceptions=True)
        await asyncio.sleep(0.2)

head = b"POST /predict HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: "

async def main():
    await asyncio.gather(
        *(drip() for _ in range(dripping)),
        again(noise // 10, lambda: os.urandom(2000)),
        again(noise // 10, lambda: head + b"500\\r\\n\\r\\n" + os.urandom(500)),
        again(large // 10, lambda: head + b"67108864\\r\\n\\r\\n" + bytes(1 << 20)),
        return_exceptions=True,
    )

asyncio.run(main())
"""

if __name__ == "__main__":
    main()
