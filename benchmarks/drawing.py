"""Counts how often the page of `nncli serve` answers while somebody draws, in headless Chromium.

    python benchmarks/drawing.py                      # a network for the bundled digits
    python benchmarks/drawing.py --run runs/20261123-021507-mnist_cnn --seconds 10

A pointer is moved over the canvas 60 times a second, as a hand does without lifting it. Prints the answers that the
page showed in each second, and how long it waited for one (from the browser's own timing of its requests). Server,
browser and driver share the machine's cores. Debian's packages: apt-get install chromium chromium-driver.
"""

import argparse
import json
import math
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
MOVES = 60  # a second
WATCH = """
    window.shown = []; let last = state.answer; performance.clearResourceTimings();
    performance.setResourceTimingBufferSize(100000);
    (function look() {
        if (state.answer !== last) { last = state.answer; shown.push(performance.now()); }
        requestAnimationFrame(look);
    })();"""
RESULT = """
    const waits = performance.getEntriesByType("resource").filter(each => each.name.includes("/page/image"));
    return [shown, waits.map(each => each.duration)];"""


def main() -> None:
    """Prints the answers a second and the waits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="a run on images")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run = arguments.run or train(folder)
        server = start(stack, [sys.executable, "-m", "nncli", "serve", str(run), "--port", "0", "--json"])
        page = json.loads(server.stdout.readline())["page"]
        browser = Browser(stack, folder / "profile", arguments.width)
        browser.ask("/url", {"url": page})
        while not browser.run("return state.network !== null"):
            time.sleep(0.05)
        browser.run(WATCH)
        started = browser.run("return performance.now()")
        browser.draw(round(MOVES * arguments.seconds))
        shown, waits = browser.run(RESULT)
    took = (shown[-1] - started) / 1000
    print(f"{len(shown)} answers while drawing for {took:.1f} s: {len(shown) / took:.1f} a second")
    slow = sorted(waits)[-len(waits) // 10]
    print(f"wait for one: median {statistics.median(waits):.0f} ms, slowest tenth from {slow:.0f} ms")


def train(folder: Path) -> Path:
    """A run on the bundled digits."""
    command = [sys.executable, "-m", "nncli", "train", "digits_softmax", "--json", "--runs-dir", str(folder / "runs")]
    return Path(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["run"])


def start(stack: ExitStack, command: list[str]) -> Any:
    """A process that is ended with the stack."""
    process = stack.enter_context(
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    )
    stack.callback(process.terminate)
    return process


class Browser:
    """Headless Chromium over WebDriver (https://www.w3.org/TR/webdriver2/)."""

    def __init__(self, stack: ExitStack, profile: Path, width: int) -> None:
        driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
        if driver is None or chromium is None:
            raise SystemExit("needs chromium and chromedriver: apt-get install chromium chromium-driver")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        start(stack, [driver, f"--port={port}"])
        self._address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            with suppress(OSError):
                urllib.request.urlopen(f"{self._address}/status").close()
                break
            time.sleep(0.05)
        flags = [*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},900"]
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"binary": chromium, "args": flags}}}}
        self._address += f"/session/{self.ask('/session', wanted)['sessionId']}"
        stack.callback(lambda: urllib.request.urlopen(urllib.request.Request(self._address, method="DELETE")).close())

    def ask(self, path: str, body: Any) -> Any:
        """The answer of the driver."""
        content = json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, content, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["value"]

    def run(self, script: str) -> Any:
        """What a script returns."""
        return self.ask("/execute/sync", {"script": script, "args": []})

    def draw(self, moves: int) -> None:
        """Moves a pressed pointer round and round over the canvas."""
        found = "const e = document.getElementById('pad'); e.scrollIntoView({block: 'center'});"
        box = self.run(f"{found} return e.getBoundingClientRect().toJSON()")
        actions: list[dict[str, Any]] = []
        for step in range(moves):
            turn = step / 12
            x, y = 0.5 + 0.25 * math.cos(turn) * math.cos(turn / 9), 0.5 + 0.35 * math.sin(turn)
            place = {"x": round(box["x"] + x * box["width"]), "y": round(box["y"] + y * box["height"])}
            actions.append({"type": "pointerMove", "duration": round(1000 / MOVES), **place})
            if step == 0:
                actions.append({"type": "pointerDown", "button": 0})
        actions.append({"type": "pointerUp", "button": 0})
        pointer = {"type": "pointer", "id": "hand", "parameters": {"pointerType": "mouse"}, "actions": actions}
        self.ask("/actions", {"actions": [pointer]})


if __name__ == "__main__":
    main()
