"""Starts the workers of this machine, each with the command line of this process and a TF_CONFIG, and waits for them.

The chief has this process's streams and says all there is to say; the others are silent.
"""

import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import nncli
from nncli.config import rules
from nncli.config.reading.document import KeyPath
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.errors import NncliError, UsageError
from nncli.pipeline.training.workers import line
from nncli.pipeline.training.workers.watchdog import Watchdog, Worker, pair
from nncli.run import files
from nncli.run.folder import RunFolder, now

SILENCE_SECONDS = 20.0
BEATS = 20
_PORTS = range(20_000, 30_000)
# How long a chief that is asked to stop may take to record its run.
_STOP_SECONDS = 20.0


def check_workers(
    name: str,
    workers: int,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
) -> None:
    """Raises ConfigError for a config that this many workers cannot train, before one is started."""
    loaded = load_config(name, assignments, options)
    rules.refuse_workers(loaded, loaded.config, workers)


def launch(
    workers: int,
    arguments: Sequence[str],
    *,
    console: Console,
    seconds: float = SILENCE_SECONDS,
    restarts: int = 0,
    if_lost: Callable[[RunFolder], None] | None = None,
) -> int:
    """Runs `nncli` with these arguments in several processes that train together; returns the exit code of the chief.

    A worker that ends, or gives no sign of life for this many `seconds`, ends all; they start again from the last
    checkpoint, at most `restarts` times, and not after one has ended twice with the same error. Raises NncliError that
    names it and says how to go on, after `if_lost` was called with the run, and UsageError where processes cannot be
    started this way.
    """
    if sys.platform == "win32":
        raise UsageError("--workers needs Linux or macOS", hint="train with one worker")
    command = [*python_command("from nncli.cli import main; main()"), *arguments]
    return run_workers(command, workers, seconds=seconds, restarts=restarts, console=console, if_lost=if_lost)


def python_command(code: str) -> list[str]:
    """What runs code that imports nncli, the same as here, in a process of its own.

    `-m nncli` would look for it in the current folder first, or with -P not where this process found it.
    """
    home = str(Path(nncli.__file__).parent.parent)
    return [sys.executable, "-P", "-c", f"import sys; sys.path.append({home!r}); {code}"]


def run_workers(
    command: Sequence[str],
    workers: int,
    *,
    seconds: float,
    restarts: int = 0,
    console: Console | None = None,
    if_lost: Callable[[RunFolder], None] | None = None,
) -> int:
    """The same for any command that opens a `line`."""
    begun, resume = time.monotonic(), None
    error: tuple[int, str] | None = None
    for number in range(restarts + 1):
        more = {"minutes": (time.monotonic() - begun) / 60, "resume": resume}
        ended = _run_once(command, workers, seconds, more)
        if isinstance(ended, int):
            return ended
        repeats = ended.error is not None and ended.error == error
        if number == restarts or repeats:
            raised = (
                replace(ended, reason=f"{ended.reason}\n  as at the start before") if repeats else ended
            ).to_error()
            if if_lost is not None and ended.folder is not None and ended.has_config:
                if_lost(ended.folder)
            raise raised
        error = ended.error
        resume = ended.begin_again()
        begin = "their start" if resume is None else "the last checkpoint"
        if console is not None:
            console.warn(f"{ended.reason}; the workers start again from {begin} (restart {number + 1} of {restarts})")
    raise AssertionError("a loop without a last turn")


def _run_once(command: Sequence[str], workers: int, seconds: float, more: Mapping[str, Any]) -> "int | _Lost":
    """Runs them until the chief ends, or one is lost."""
    from nncli.engine.distributed.cluster import Cluster

    with ExitStack() as stack:
        cluster = Cluster(tuple(f"127.0.0.1:{port}" for port in free_ports(workers)), 0)
        outputs = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(workers)]
        started: list[Worker] = []
        try:
            for index in range(workers):
                started.append(_start(command, cluster, index, outputs[index], {"seconds": seconds / BEATS, **more}))
        except OSError as error:
            Watchdog(started, seconds).kill()
            raise NncliError(f"a worker cannot be started: {error.strerror}", hint="train with fewer workers") from None
        chief = started[0]
        with _stops_passed_on(chief) as check:
            culprit = Watchdog(started, seconds).wait(check)
        if culprit is None:
            return 0
        if culprit is chief and not chief.is_silent and (chief.code or 0) > 0 and "lost" not in chief.messages:
            return int(chief.code or 1)
        return _lost(started, started.index(culprit), outputs, seconds)


def _start(command: Sequence[str], cluster: Any, index: int, output: IO[bytes], told: Mapping[str, Any]) -> Worker:
    from nncli.engine.distributed import cluster as clusters

    ours, theirs = pair()
    variables = {clusters.VARIABLE: cluster.to_variable(index), **line.describe_line(theirs, **told)}
    silent: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": output}
    own = silent if index else {}
    try:
        process = subprocess.Popen(list(command), env={**os.environ, **variables}, pass_fds=[theirs], **own)
    except OSError:
        ours.close()
        raise
    finally:
        os.close(theirs)
    return Worker(cluster.describe(index), process, ours)


def free_ports(number: int, host: str = "127.0.0.1") -> list[int]:
    """Free ports of an address of this machine, from a range that systems give to no connection by themselves.

    TensorFlow opens them only once it is imported, seconds later, and shares none that is held until then.
    """
    ports: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        if len(ports) == number:
            break
        with socket.socket() as tried, suppress(OSError):
            tried.bind((host, port))
            ports.append(port)
    return ports


@contextmanager
def _stops_passed_on(chief: Worker) -> Iterator[Any]:
    """Within the body, Ctrl-C and SIGTERM go to the chief, which records its run and ends; yields a check that raises
    if it does not."""
    asked: list[float] = []

    def stop(number: int, frame: Any) -> None:
        asked.append(time.monotonic())
        with suppress(OSError):
            chief.process.send_signal(number)

    def check() -> None:
        if asked and time.monotonic() - asked[0] > _STOP_SECONDS:
            raise NncliError(f"the training did not stop within {_STOP_SECONDS:g} s, and was killed")

    # One that the caller wants ignored, as a shell does for what it starts in the background, the chief ignores, too.
    caught = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in caught}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class _Lost:
    """How a worker of a training was lost, in words, and the run folder, None before one was begun.

    `error` is which worker had an error of its own, and what it said about it; a loss of another one, a signal and
    silence are none.
    """

    reason: str
    workers: int
    folder: RunFolder | None
    error: tuple[int, str] | None = None

    @property
    def has_config(self) -> bool:
        """Whether the run can be resumed."""
        return self.folder is not None and self.folder.file(files.CONFIG).exists()

    def begin_again(self) -> str | None:
        """The folder that the restarted workers resume, which is noted in its record; None if there is none."""
        if self.folder is None or not self.has_config:
            return None
        with suppress(NncliError), self.folder.locked():
            restarts = [*self.folder.record.get("restarts", []), {"at": now(), "reason": self.reason}]
            self.folder.write_record(restarts=restarts)
        return str(self.folder.path)

    def to_error(self) -> NncliError:
        """The error, with the command that resumes the run; it is also in the run's record."""
        if self.folder is None:
            return NncliError(f"{self.reason}; no run was begun", hint="train again")
        with suppress(NncliError):
            self.folder.lock()
            self.folder.close("failed", reason=self.reason)
        has_checkpoint = self.folder.file(files.CHECKPOINT).exists()
        kept = "the last checkpoint is kept" if has_checkpoint else "there was no checkpoint yet"
        if not self.has_config:
            return NncliError(f"{self.reason}; {kept}", hint="train again")
        word = shlex.quote(str(self.folder.path))
        hint = f"to continue: nncli train --resume {word} --workers {self.workers}"
        return NncliError(f"{self.reason}; {kept}", hint=hint)


def _lost(started: Sequence[Worker], place: int, outputs: Sequence[IO[bytes]], seconds: float) -> _Lost:
    """The report on a worker that was lost, with its last lines."""
    culprit, path = started[place], started[0].messages.get("run")
    told, error = culprit.describe_end(seconds), None
    if place and not culprit.is_silent and (culprit.code or 0) > 0:
        outputs[place].seek(0)
        last = outputs[place].read().decode(errors="replace").strip().splitlines()[-3:]
        told += "".join(f"\n  {each}" for each in last)
        error = None if "lost" in culprit.messages else (place, "\n".join(last))
    return _Lost(told, len(started), None if path is None else RunFolder(Path(path)), error)
