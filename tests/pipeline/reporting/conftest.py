"""A headless Chromium, driven through chromedriver by the protocol of https://www.w3.org/TR/webdriver2."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_SECONDS = 30


class Browser:
    """A session of the browser; what it logs and requests is kept by chromedriver until it is asked for."""

    def __init__(self, address: str, profile: str, program: str) -> None:
        self._address = address
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": program, "args": [*FLAGS, f"--user-data-dir={profile}"]},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        made = self._post("/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._address += f"/session/{made['sessionId']}"

    def show(self, path: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Opens a file in a window so wide, in light or dark."""
        self.logged("browser"), self.logged("performance")
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._command("Emulation.setEmulatedMedia", {"media": "", "features": scheme})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._command("Emulation.setDeviceMetricsOverride", size)
        self._post("/url", {"url": path.resolve().as_uri()})
        deadline = time.monotonic() + START_SECONDS
        while self.run("return document.readyState") != "complete" and time.monotonic() < deadline:
            time.sleep(0.05)

    def run(self, script: str) -> Any:
        """What a script returns."""
        return self._post("/execute/sync", {"script": script, "args": []})

    def logged(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since it was last asked for."""
        entries: list[dict[str, Any]] = self._post("/se/log", {"type": kind})
        return entries

    def requests(self) -> list[str]:
        """The addresses that were requested by files since it was last asked for; the browser has pages of its own."""
        events = [json.loads(each["message"])["message"] for each in self.logged("performance")]
        sent = [each["params"] for each in events if each["method"] == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent if each["documentURL"].startswith("file:")]

    def close(self) -> None:
        self._ask("DELETE", "", None)

    def _command(self, name: str, parameters: dict[str, Any]) -> None:
        self._post("/goog/cdp/execute", {"cmd": name, "params": parameters})

    def _post(self, path: str, content: dict[str, Any]) -> Any:
        return self._ask("POST", path, content)

    def _ask(self, method: str, path: str, content: dict[str, Any] | None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(
            self._address + path, body, {"Content-Type": "application/json"}, method=method
        )
        # No proxy: chromedriver is on this machine.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)["value"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("needs a browser: apt-get install chromium chromium-driver")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            session = _started(f"http://127.0.0.1:{port}", profile, program)
            yield session
            session.close()
        finally:
            process.terminate()
            process.wait(timeout=20)


def _started(address: str, profile: str, program: str) -> Browser:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return Browser(address, profile, program)
        except urllib.error.HTTPError as error:
            pytest.fail(f"Chromium does not start: {error.read().decode(errors='replace')[:500]}")
        except OSError:  # chromedriver does not listen yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
