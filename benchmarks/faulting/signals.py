"""SIGINT and SIGTERM at random moments of `nncli train`: each leaves a run that can be read, and that ends in the bits
of a training that was left alone once it goes on.

A stop may come while data is read, TensorFlow starts, the network is traced or trained, and while it is tested and
exported. Of a spawned process, it comes at any moment from the first that has nncli's own handlers.
"""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import typer.testing

from faulting.kills import CONFIGS, Killer, compare_runs, run_in
from nncli.cli import app
from nncli.errors import RunError
from nncli.run import files
from nncli.run.folder import RunFolder

# A second signal that comes sooner than 0.3 s after the first is taken for the same.
_SECOND_AFTER_SECONDS = 0.35
_SECOND_IN = 5
# The smallest of the trainings that differ in their executor; a spawned one takes seconds for its imports.
_SPAWNED = ("xla", "graph", "images")


@dataclass
class Stop:
    """A stop: the signal, at which share of the time that the training takes alone it came, how the process ended, what
    the run was then, and what is `wrong` with it."""

    number: int
    share: float
    was_twice: bool = False
    code: int = 0
    status: str = "no run"
    wrong: list[str] = field(default_factory=list)


@dataclass
class Stopped:
    """A training, its stops, and what differs at its end from the one left alone."""

    config: str
    seed: int
    spawned: bool
    stops: list[Stop] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


class Stopper(Killer):
    """Stops trainings. `spawned` starts a process of its own for each, which takes seconds."""

    def stop(self, config: str, seed: int, times: int) -> Stopped:
        """Stops a training this many `times`, at moments that follow from the seed, and then lets it end."""
        alone, seconds = self.left_alone(config)
        generator, runs = random.Random(seed), self.work / f"{config}-{seed}-stopped"
        done = Stopped(config, seed, self.spawned)
        while len(done.stops) < times:
            number = generator.choice((signal.SIGINT, signal.SIGTERM))
            stop = Stop(number, generator.random(), was_twice=not generator.randrange(_SECOND_IN))
            before = run_in(runs)
            was_in_time = self._begin_and_stop(self.words(config, runs, before, quiet=False), stop, seconds)
            may_lack_weights = any(each.was_twice for each in done.stops)
            self._judge(stop, run_in(runs), had_none=before is None, may_lack_weights=may_lack_weights)
            if was_in_time or stop.wrong:
                done.stops.append(stop)
            if stop.wrong or stop.status == "finished":
                break
        if (run := run_in(runs)) is None or run.status != "finished":
            code = self.run(self.words(config, runs, run))
            done.differing += [f"exit code {code}"] * bool(code)
        if (final := run_in(runs)) is None:
            done.differing.append("no run")
        else:
            done.differing += compare_runs(alone, final)
        self.remove(runs)
        return done

    def _begin_and_stop(self, words: list[str], stop: Stop, seconds: float) -> bool:
        """Starts a training, sends the signal when it is time, and waits for the end; False if that came before."""
        with self._told.open("wb") as told:
            child = self.start(words, told.fileno(), waiting=True)
        deadline = time.monotonic() + stop.share * seconds
        signals, was_in_time = [(deadline, stop.number)], False
        if stop.was_twice:
            signals.append((deadline + _SECOND_AFTER_SECONDS, stop.number))
        ended, status = 0, 0
        while not ended:
            if signals and time.monotonic() >= signals[0][0]:
                os.kill(child, signals.pop(0)[1])
                was_in_time = True
            time.sleep(0.002)
            ended, status = os.waitpid(child, os.WNOHANG)
        stop.code = os.waitstatus_to_exitcode(status)
        stop.was_twice &= not signals
        return was_in_time

    @property
    def _told(self) -> Path:
        return self.work / "stderr"

    def _judge(self, stop: Stop, run: RunFolder | None, *, had_none: bool, may_lack_weights: bool) -> None:
        """Notes what is wrong with a stop: its exit code, what it said, the status, and what cannot be read."""
        told = self._told.read_text(errors="replace")
        stop.status = "no run" if run is None else run.status
        if "Traceback" in told or "defect" in told:
            stop.wrong.append(told[-1500:])
        if stop.code != (0 if stop.code == 0 and stop.status == "finished" else 128 + stop.number):
            stop.wrong.append(f"exit code {stop.code}: {told[-300:]}")
        if run is None:
            return
        expected = {"interrupted", "finished"} | ({"dead"} if stop.was_twice else set())
        if stop.status not in expected:
            stop.wrong.append(f"status {stop.status}")
        elif stop.status == "interrupted":
            # A process that is stopped before it has found its run has nothing to say of it.
            has_found = had_none or "continuing " in told
            if has_found and not stop.was_twice and run.file(files.CONFIG).exists() and _go_on(run) not in told:
                stop.wrong.append(f"no way to continue: {told[-300:]}")
            stop.wrong += self._read_interrupted(run, may_lack_weights=may_lack_weights or stop.was_twice)

    def _read_interrupted(self, run: RunFolder, *, may_lack_weights: bool) -> Iterator[str]:
        """What a reader of a run that was interrupted finds wrong; once an epoch is trained, it has weights."""
        shown = typer.testing.CliRunner().invoke(app, ["runs", "show", "--json", str(run.path)])
        if shown.exit_code or json.loads(shown.stdout)["damaged"]:
            yield f"runs show: {shown.output[-300:]}"
        try:
            has_weights = run.find_intact(files.WEIGHTS) is not None
        except RunError as error:
            yield f"weights: {error.message}"
            return
        if has_weights and (code := self.run(["eval", str(run.path), "--json", "--quiet"])):
            yield f"eval ended with {code}"
        elif not has_weights and not may_lack_weights and run.read_lines(files.METRICS):
            yield "epochs were trained, and there are no weights"


def _go_on(run: RunFolder) -> str:
    return f"nncli train --resume {run.path}"


def stop_many(work: Path, count: int, seed: int, *, each: int = 4) -> Iterator[Stopped]:
    """At least `count` stops, `each` of a training at most, over all configs in turn; every fourth training is spawned.

    The seed of a training decides on its config, its signals and their moments, as shares of the time that the training
    takes when it is left alone; so one that is done again from its seed is stopped at the same shares.
    """
    (work / "spawned").mkdir()
    forked, spawned = Stopper(work), Stopper(work / "spawned", spawned=True)
    left = count
    while left > 0:
        if seed % 4 == 3:
            stopper, config = spawned, _SPAWNED[seed // 4 % len(_SPAWNED)]
        else:
            stopper, config = forked, list(CONFIGS)[seed % len(CONFIGS)]
        stopped = stopper.stop(config, seed, each)
        yield stopped
        left, seed = left - max(len(stopped.stops), 1), seed + 1
