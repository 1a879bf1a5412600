"""Two trained runs, clients that talk to them in this process or over a socket, and a browser for the pages."""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing
from PIL import Image, ImageDraw

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")

from fastapi.testclient import TestClient

from nncli.cli import app
from nncli.console import Console
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.open_run import open_run
from nncli.pipeline.serving.answering import make_model
from nncli.pipeline.serving.serve import _open_model
from nncli.pipeline.serving.workbench.bench import Workbench
from nncli.serve.app import Settings, make_app
from nncli.serve.metrics import Metrics
from nncli.serve.registry import Registry


def nncli(*arguments: object, stdin: bytes | None = None) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def train(*arguments: object) -> Path:
    outcome = nncli("train", *arguments, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


@pytest.fixture(scope="session")
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def digits(runs_dir: Path) -> Path:
    """A run on the bundled digits."""
    return train("digits_softmax", "--epochs", 15, "--runs-dir", runs_dir)


@pytest.fixture(scope="session")
def shops(runs_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A binary run on a table of a number that may be missing, and a category."""
    here = tmp_path_factory.mktemp("shops")
    generator = np.random.default_rng(2)
    sizes = generator.random(400)
    rows = [
        f"{'' if row % 50 == 7 else f'{size:.4f}'},{'east' if row % 3 else 'west'},"
        f"{'dear' if size + (row % 3 == 0) * 0.3 > 0.6 else 'cheap'}"
        for row, size in enumerate(sizes)
    ]
    (here / "shops.csv").write_text("\n".join(["size,shop,price", *rows]) + "\n")
    (here / "shops.yaml").write_text(
        "data: {source: csv, path: shops.csv, target: price}\nmodel: {layers: [{dense: {units: 8}}, output]}\n"
        "train: {epochs: 12}\n"
    )
    return train(here / "shops.yaml", "--runs-dir", runs_dir)


@pytest.fixture(scope="session")
def serve() -> Callable[..., TestClient]:
    """Makes a client of an application that serves runs, in this process."""

    def make(*runs: Path, base_url: str = "http://127.0.0.1:8765", **settings: Any) -> TestClient:
        opened = [open_run(str(run), Folders(), Console(quiet=True)) for run in runs]
        models = [make_model(run, run.folder.path.name.split("-", 2)[-1], _no_examples) for run in opened]
        guard = make_app(Registry(models, Metrics()), Settings(**settings))
        return TestClient(guard, base_url=base_url, raise_server_exceptions=False)

    return make


def _no_examples() -> Any:
    raise FileNotFoundError


@pytest.fixture(scope="session")
def client(serve: Callable[..., TestClient], digits: Path, shops: Path) -> TestClient:
    return serve(digits, shops)


@pytest.fixture(scope="session")
def draw() -> Callable[..., bytes]:
    """Makes pictures; see `_drawing`."""
    return _drawing


def _drawing(*strokes: Sequence[tuple[float, float]], side: int = 200, form: str = "PNG") -> bytes:
    """A picture of strokes, dark on light paper, whose places are shares of its side."""
    picture = Image.new("L", (side, side), 250)
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        pen.line([(x * side, y * side) for x, y in stroke], fill=20, width=side // 14, joint="curve")
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def start() -> Callable[..., Any]:
    """Starts servers; see `_started`."""
    return _started


@contextmanager
def _started(*arguments: object, **environment: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`nncli serve` as a process of its own with what it prints; killed in the end if it still runs."""
    command = [sys.executable, "-m", "nncli", "serve", *map(str, arguments), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            yield process, json.loads(line)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)


CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
Strokes = Sequence[tuple[float, float]]


class Browser:
    """A session of a browser; what the page did wrong is in `complaints`."""

    def __init__(self, driver: str, profile: Path, width: int) -> None:
        self._driver, self.width = driver, width
        options = {"binary": CHROMIUM, "args": [*OPTIONS, f"--user-data-dir={profile}", f"--window-size={width},900"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._session = ""
        self._session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        # A window of a desktop is at least 500 pixels wide.
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.devtools("Emulation.setDeviceMetricsOverride", screen)
        if width < 500:
            self.devtools("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        address = self._driver + (f"/session/{self._session}{path}" if self._session else path)
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, content, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def devtools(self, command: str, parameters: Any) -> Any:
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address: str) -> None:
        self._ask("POST", "/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script: str, *arguments: Any) -> Any:
        """What the script returns once that is true."""
        for _ in range(1200):
            if value := self.run(f"return {script}", *arguments):
                return value
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}; {self.complaints()}; {self.text('problem')}")

    def text(self, name: str) -> str:
        return str(self.run("return document.getElementById(arguments[0]).innerText", name))

    def place(self, name: str) -> dict[str, float]:
        script = "const e = document.getElementById(arguments[0]); e.scrollIntoView({block: 'center'});"
        found: dict[str, float] = self.run(f"{script} return e.getBoundingClientRect().toJSON()", name)
        return found

    def draw(self, *strokes: Strokes) -> None:
        """Moves a pointer over the pad: a finger's on a phone, else a mouse's."""
        box = self.place("pad")
        kind = "touch" if self.width < 500 else "mouse"
        actions: list[dict[str, Any]] = []
        for stroke in strokes:
            places = [(round(box["x"] + x * box["width"]), round(box["y"] + y * box["height"])) for x, y in stroke]
            for step, (x, y) in enumerate(places):
                actions.append({"type": "pointerMove", "duration": 10, "x": x, "y": y})
                if step == 0:
                    actions.append({"type": "pointerDown", "button": 0})
            actions.append({"type": "pointerUp", "button": 0})
        pointer = {"type": "pointer", "id": "hand", "parameters": {"pointerType": kind}, "actions": actions}
        self._ask("POST", "/actions", {"actions": [pointer]})

    def press(self, name: str) -> None:
        self.run("document.getElementById(arguments[0]).click()", name)

    def choose(self, model: str) -> None:
        script = (
            "const s = document.getElementById('models');"
            "s.value = [...s.options].find(each => each.textContent === arguments[0]).value;"
            "s.dispatchEvent(new Event('change'))"
        )
        self.run(script, model)

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def close(self) -> None:
        self._ask("DELETE", "")


@pytest.fixture(scope="session")
def driver() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([str(DRIVER), f"--port={port}"], stdout=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/status", timeout=10).close()
                break
            time.sleep(0.05)
        yield address
        process.terminate()


@pytest.fixture(scope="session")
def browse(driver: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Opens a browser of a width; closed where the block ends."""

    @contextmanager
    def opened(width: int) -> Iterator[Browser]:
        browser = Browser(driver, tmp_path_factory.mktemp("profile"), width)
        try:
            yield browser
        finally:
            browser.close()

    return opened


class Bench:
    """A client of a workbench, with the page's key."""

    def __init__(self, folders: Folders, *data: Path) -> None:
        self.bench = Workbench(folders, data, lambda path: _open_model(path, folders))
        guard = make_app(Registry([], Metrics()), Settings(bench=self.bench))
        self.client = TestClient(guard, base_url="http://127.0.0.1:8765", raise_server_exceptions=False)
        self.offers = self.get("offers")
        self.headers = {"X-Workbench-Key": self.offers["key"]}

    def get(self, path: str) -> Any:
        return self.client.get(f"/workbench/{path}").json()

    def ask(self, path: str, status: int = 200, **body: Any) -> Any:
        answer = self.client.post(f"/workbench/{path}", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def wait(self, *phases: str) -> dict[str, Any]:
        """The state once it is one of these."""
        for _ in range(1200):
            told: dict[str, Any] = self.get("training?first=0")
            if told["phase"] in phases:
                return told
            time.sleep(0.05)
        raise AssertionError(told)


@pytest.fixture(scope="session")
def open_bench() -> Callable[..., Any]:
    """Makes workbenches; see `Bench`."""
    return Bench
