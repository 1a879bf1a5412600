"""Faults at the system calls of whole commands: each call that names a file of the place where the command works.

A first run without a fault, under strace, tells which calls there are. Then one of them fails, or the process gets a
signal at it; strace counts the calls of each thread of its own, so that a fault may meet several processes. Commands
run in forked children of a process that has imported TensorFlow.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faulting import injection
from faulting.flips import without_clock
from faulting.targets import TARGETS, Target, Words, copy_template, make_template, read_all, what_is_made

CALLS = {
    "openat": ("openat", "open"),
    "write": ("write", "pwrite64", "writev"),
    "fsync": ("fsync", "fdatasync"),
    "close": ("close",),
    "rename": ("rename", "renameat", "renameat2"),
    "link": ("link", "linkat"),
    "unlink": ("unlink", "unlinkat", "rmdir"),
    "mkdir": ("mkdir", "mkdirat"),
    "truncate": ("ftruncate", "truncate"),
    "chmod": ("chmod", "fchmod", "fchmodat"),
}
FAULTS = {**injection.FAULTS, "SIGINT": "signal=SIGINT", "SIGTERM": "signal=SIGTERM"}
# A path that is relative to the place, where commands work.
_RELATIVE = re.compile(r'"(?!/)')
_MOST_SECONDS = 120.0
# What commands import beside nncli's own modules.
_OTHERS = (
    "jinja2", "ai_edge_litert.interpreter", "matplotlib.figure", "matplotlib.backends.backend_agg", "sklearn.metrics",
    "pyarrow.csv",
)  # fmt: skip
_LINE = re.compile(r"(\d+) +(\w+)\((.*)")
_RIGHT_CODES = {"SIGKILL": {-signal.SIGKILL}, "SIGINT": {130}, "SIGTERM": {143}}


@dataclass(frozen=True)
class Place:
    """The n-th call of that name in a thread, and what it named when it was seen."""

    call: str
    position: int
    named: str = field(compare=False)


@dataclass
class Hit:
    """A fault done to a command: how it ended, and what was `wrong` then or after the command that went on."""

    target: str
    seed: int
    fault: str
    place: Place
    code: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def wrong(self) -> list[str]:
        """A traceback, a defect, half an answer, an end without a word."""
        found = []
        if "Traceback" in self.stderr or "defect of nncli" in self.stderr or "Error in " in self.stderr:
            found.append(f"it says: {self.stderr[-1500:]}")
        if self.code in (1, 2, 3) and self.stderr.count("error: ") < 1:
            found.append(f"exit code {self.code} without a word: {self.stderr[-500:]}")
        try:
            json.loads(self.stdout or "{}")
        except ValueError:
            found.append(f"half an answer: {self.stdout[-200:]}")
        return found


class Hitter:
    """Hits commands; keeps what each does when it is left alone."""

    def __init__(self, work: Path, targets: Sequence[str] = tuple(TARGETS)) -> None:
        from nncli.engine.process import environment

        environment.prepare(1)
        _import_all()
        self._work, self._place, self._template = work, work / "place", work / "template"
        self._alone: dict[str, tuple[list[Place], Any, dict[str, Any], dict[str, Any]]] = {}
        make_template(self._template, lambda words, place: self._run(words, place).code, targets)

    def hit(self, name: str, seed: int, fault: str | None = None, place: Place | None = None) -> Hit:
        """One fault; what is not given follows from the seed."""
        target, generator = TARGETS[name], random.Random(seed)
        places = self.places(name)
        kinds = sorted({place.call for place in places})
        call = generator.choice(kinds)
        place = place or generator.choice([each for each in places if each.call == call])
        done = Hit(name, seed, fault or generator.choice(list(FAULTS)), place)
        copy_template(self._template, self._place)
        option = f"inject={place.call}:{FAULTS[done.fault]}:when={place.position}"
        try:
            ended = self._run(target.words, self._place, trace=[f"trace={place.call}", option])
            done.code = ended.code
            self._judge(done, target, ended)
        except Exception as error:  # whatever goes wrong is the finding
            done.wrong.append(f"{type(error).__name__}: {error}")
        return done

    def places(self, name: str) -> list[Place]:
        """The calls of a target that name a file of its place."""
        return self._left_alone(name)[0]

    def _left_alone(self, name: str) -> tuple[list[Place], Any, dict[str, Any], dict[str, Any]]:
        """The calls of a target, its answer, what it made, what readers saw afterwards."""
        if name not in self._alone:
            copy_template(self._template, self._place)
            calls = ",".join(call for calls in CALLS.values() for call in calls)
            ended = self._run(TARGETS[name].words, self._place, trace=[f"trace=?{calls.replace(',', ',?')}"])
            if ended.code or ended.wrong:
                raise RuntimeError(f"{name} ended with {ended.code}: {ended.wrong or ended.stderr}")
            places = list(dict.fromkeys(places_in(self._log.read_text(), str(self._place))))
            made, seen = what_is_made(TARGETS[name], self._place), self._read()
            if seen["wrong"] or seen["left"]:
                raise RuntimeError(f"{name} left {seen}")
            self._alone[name] = places, _answer(ended), made, seen
        return self._alone[name]

    def _judge(self, done: Hit, target: Target, ended: Ended) -> None:
        _, answer, made, seen = self._left_alone(target.name)
        done.wrong += ended.wrong
        if ended.code not in {0, 1, 2, 3} | _RIGHT_CODES.get(done.fault, set()):
            done.wrong.append(f"exit code {ended.code}: {ended.stderr[-500:]}")
        if not ended.code and _answer(ended) != answer:
            done.wrong.append(f"another answer: {_differing(answer, _answer(ended))}")
        self._judge_readers(done, target, seen, "afterwards")
        if ended.code:
            again = self._run(target.go_on(self._place), self._place)
            done.wrong += [f"going on: {each}" for each in again.wrong]
            if again.code:
                done.wrong.append(f"{target.go_on(self._place)} ended with {again.code}: {again.stderr[-500:]}")
            self._judge_readers(done, target, seen, "after going on")
        if (differing := _differing(made, what_is_made(target, self._place))) and not done.wrong:
            done.wrong.append(f"what is made differs: {differing}; {ended.stderr[-300:]}")

    def _judge_readers(self, done: Hit, target: Target, seen: dict[str, Any], when: str) -> None:
        found = self._read()
        done.wrong += [f"{when}: {each}" for each in found["wrong"]]
        if found["left"] and done.code != -signal.SIGKILL:
            done.wrong.append(f"{when}: left behind: {found['left']}")
        right = {seen.get("predict")} | ({self._seen_before} if target.may_change or "predict" not in seen else set())
        is_stopped = target.may_change and done.fault in ("SIGINT", "SIGTERM") and when == "afterwards"
        if found.get("predict") not in right and not is_stopped:  # which keeps the best weights until then
            done.wrong.append(f"{when}: predict: {str(found.get('predict'))[:200]}")

    @property
    def _seen_before(self) -> str:
        if "" not in self._alone:
            copied = self._work / "before"
            copy_template(self._template, copied)
            self._alone[""] = [], None, {}, self._ask(lambda: read_all(copied))
        return str(self._alone[""][3]["predict"])

    def _read(self) -> dict[str, Any]:
        return self._ask(lambda: read_all(self._place))

    def _ask(self, question: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer of a child, so that nothing is started in this process."""
        told = self._work / "read.json"
        told.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            try:
                told.write_text(json.dumps(question()))
            finally:
                os._exit(0)
        _wait(child, "reading")
        found: dict[str, Any] = json.loads(told.read_text())
        return found

    @property
    def _log(self) -> Path:
        return self._work / "trace"

    def _run(self, words: Words, place: Path, *, trace: list[str] | None = None) -> Ended:
        """Runs a command in a child, under strace where `trace` has expressions for it."""
        streams = [self._work / name for name in ("stdout", "stderr")]
        child = os.fork()
        if not child:
            _begin(words, place, streams)
        os.waitpid(child, os.WUNTRACED)
        tracer = None
        if trace is not None:
            options = [word for each in trace for word in ("-e", each)]
            words = ["strace", "-f", "-q", "-y", "-s", "300", "-o", str(self._log), *options, "-p", str(child)]
            tracer = subprocess.Popen(words)
            injection.await_tracer(child, tracer)
        os.kill(child, signal.SIGCONT)
        code = _wait(child, "the command")
        if tracer is not None:
            try:
                tracer.wait(_MOST_SECONDS)  # it ends with the last of the processes
            except subprocess.TimeoutExpired:
                tracer.kill()
                raise RuntimeError("a process that it started does not end") from None
        return Ended(code, *(path.read_text(errors="replace") for path in streams))


def hit_many(work: Path, count: int, seed: int, targets: Sequence[str]) -> Iterator[Hit]:
    """`count` faults; each follows from its seed and the targets to choose from, while the calls stay as they are."""
    names = list(targets or TARGETS)
    hitter = Hitter(work, names)
    for number in range(seed, seed + count):
        yield hitter.hit(names[number % len(names)], number)


def places_in(log: str, place: str) -> Iterator[Place]:
    """The calls in a log of strace that name a file of the place, numbered as strace counts them for its faults."""
    counted: dict[tuple[str, str], int] = {}
    for line in log.splitlines():
        if (found := _LINE.match(line)) is None:
            continue
        thread, call, words = found.groups()
        position = counted[thread, call] = counted.get((thread, call), 0) + 1
        words = words.removeprefix(f"AT_FDCWD<{place}>, ")
        if place in words or _RELATIVE.match(words):
            yield Place(call, position, words.partition(" = ")[0][:200])


def _begin(words: Words, place: Path, streams: list[Path]) -> None:
    """Runs the command in this process, which stops before it begins, and ends it."""
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for number, path in enumerate(streams, 1):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            os.dup2(handle, number)
            os.close(handle)
        os.chdir(place)
        sys.argv = ["nncli", *words]
        os.kill(os.getpid(), signal.SIGSTOP)
        from nncli.cli import process

        process.main()
    finally:
        os._exit(70)


def _wait(child: int, what: str) -> int:
    deadline = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise RuntimeError(f"{what} does not end")


def _import_all() -> None:
    """All modules that commands import late, so that each child need not."""
    import importlib
    import pkgutil

    import nncli

    for module in pkgutil.walk_packages(nncli.__path__, "nncli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in _OTHERS:
        importlib.import_module(name)


def _answer(ended: Ended) -> Any:
    return without_clock(json.loads(ended.stdout or "{}"))


def _differing(expected: Any, found: Any) -> str:
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
        return ", ".join(f"{key}: {_differing(expected.get(key), found.get(key))}" for key in keys)
    return "" if expected == found else f"{str(expected)[:80]} is now {str(found)[:80]}"
