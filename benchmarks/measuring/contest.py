"""Runs contenders in turns, so that a busy machine slows them all alike."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measuring.ratios import Measured

HERE = Path(__file__).resolve().parent.parent
Tell = Callable[[str], None]
# Works once and returns the seconds it took; the argument is whether the turn counts. Raises ContenderError.
Turn = Callable[[bool], float]

# Some libraries' threads keep polling for work after a turn and would disturb the next.
PAUSE_SECONDS = 0.1
_LINES_OF_A_FAILURE = 8


class ContenderError(Exception):
    """A contender's process or command failed; the message ends with its last output."""


@dataclass(frozen=True)
class Start:
    """The first order to a contender's process: the module to run, the folder of its task, and its options."""

    contender: str
    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)


class Contender:
    """A process that works on request and is idle in between."""

    def __init__(self, start: Start, turns: int) -> None:
        self.detail = ""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "measuring.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        order = {
            "contender": start.contender,
            "folder": str(start.folder),
            "turns": turns,
            "options": dict(start.options),
        }
        self._send(order)

    def wait(self) -> None:
        """Blocks until it is ready. Raises ContenderError."""
        self._receive()

    def turn(self, counted: bool = True) -> float:
        """Has it work once, counted or not; returns the seconds it took. Raises ContenderError."""
        self._send("turn")
        return float(self._receive()["seconds"])

    def score(self) -> float | None:
        """The score of its result. Raises ContenderError."""
        self._send("score")
        score = self._receive()["score"]
        return None if score is None else float(score)

    def close(self) -> None:
        """Kills the process."""
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def _send(self, order: Any) -> None:
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(order) + "\n")
                self._process.stdin.flush()
        except BrokenPipeError:
            raise ContenderError(self._last_words()) from None

    def _receive(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise ContenderError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        self.detail = answer.get("detail", self.detail)
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        self._log.seek(0)
        return f"its process exited with code {code}: {last_lines(self._log.read())}"


def last_lines(output: bytes) -> str:
    """The last lines of a process's output."""
    return "\n".join(output.decode(errors="replace").strip().splitlines()[-_LINES_OF_A_FAILURE:])


def race(starts: Mapping[str, Start], rounds: int, tell: Tell) -> dict[str, Measured]:
    """Starts a process for each name, runs them in turns, and asks each for its score.

    The first turn of each, which compiles, is not counted. If one fails, the others continue.
    """
    measured = {name: Measured() for name in starts}
    contenders: dict[str, Contender] = {}
    try:
        for name, start in starts.items():
            contenders[name] = Contender(start, rounds + 1)
        for name in contenders:
            with _noting_failure(measured[name]):
                contenders[name].wait()
        take_turns({name: contender.turn for name, contender in contenders.items()}, rounds, measured, tell)
        for name in contenders:
            if measured[name].failure is None:
                with _noting_failure(measured[name]):
                    measured[name].score = contenders[name].score()
                    measured[name].detail = contenders[name].detail
    finally:
        for contender in contenders.values():
            contender.close()
    return measured


def take_turns(turns: Mapping[str, Turn], rounds: int, measured: Mapping[str, Measured], tell: Tell) -> None:
    """Runs one turn of each in every round; the first round is not counted, and each starts with another contender."""
    names = list(turns)
    for number in range(rounds + 1):
        shift = number % len(names)
        for name in [*names[shift:], *names[:shift]]:
            if measured[name].failure is not None:
                continue
            time.sleep(PAUSE_SECONDS)
            with _noting_failure(measured[name]):
                seconds = turns[name](number > 0)
                if number:
                    measured[name].seconds.append(seconds)
                tell(f"{f'round {number} of {rounds}' if number else 'warming up'}: {name} {seconds:.4g} s")


@contextmanager
def _noting_failure(measured: Measured) -> Iterator[None]:
    try:
        yield
    except ContenderError as error:
        measured.failure = str(error)
