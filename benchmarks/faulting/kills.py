"""kill -9 at random moments: a training that goes on afterwards ends in the bits of one that was left alone.

Trainings run in forked children of a process that has imported TensorFlow and started nothing yet, so that a kill costs
a second and not five; `--spawned` starts the program anew each time. Checkpoints are written after every epoch, so that
kills meet them.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from faulting.flips import without_clock
from nncli.pipeline.training.continuing.checkpoint import load_checkpoint
from nncli.run import files
from nncli.run.folder import RunFolder

_HANDLER_SECONDS = 10.0
_LAYERS = [{"dense": {"units": 8, "activation": "relu"}}, {"batch_normalization": {}}, {"dropout": {"rate": 0.2}}]
_IRIS: dict[str, Any] = {"data": {"source": "iris"}, "model": {"layers": [*_LAYERS, "output"]}}


def _train(executor: str, **options: Any) -> dict[str, Any]:
    return {"epochs": 40, "batch_size": 16, "executor": executor, **options}


# Small networks that have between them each executor and all that a training remembers.
CONFIGS: dict[str, dict[str, Any]] = {
    "xla": {**_IRIS, "train": _train("xla")},
    "graph": {**_IRIS, "train": _train("graph"), "optimizer": {"name": "rmsprop"}},
    "keras": {**_IRIS, "train": _train("keras", epochs=12)},
    "averaged": {**_IRIS, "train": _train("graph"), "optimizer": {"name": "adam", "use_ema": True}},
    "stopping": {
        **_IRIS,
        "train": _train("graph", early_stopping={"patience": 6}, reduce_lr_on_plateau={"patience": 2, "factor": 0.5}),
        "optimizer": {"name": "sgd", "learning_rate": 0.5},
    },
    "images": {
        "data": {"source": "digits"},
        "model": {
            "layers": [
                {"random_translation": {"height_factor": 0.1, "width_factor": 0.1}},
                {"conv2d": {"filters": 4, "kernel_size": 3, "activation": "relu"}},
                "flatten",
                "output",
            ]
        },
        "train": {"epochs": 10, "batch_size": 128},
    },
}


@dataclass
class Killed:
    """A training and its kills: how far each let it come, and what differs at its end from the one left alone."""

    config: str
    seed: int
    kills: list[int] = field(default_factory=list)
    begun_again: int = 0
    differing: list[str] = field(default_factory=list)


class Killer:
    """Kills trainings. `spawned` starts a process of its own for each, which takes seconds."""

    def __init__(self, work: Path, *, spawned: bool = False) -> None:
        self.work, self.spawned = work, spawned
        self._alone: dict[str, tuple[RunFolder, float]] = {}
        if not spawned:
            from nncli.engine.process import environment

            environment.prepare(1)

    def kill(self, config: str, seed: int, times: int) -> Killed:
        """Kills a training this many `times`, at moments that follow from the seed, and then lets it end."""
        alone, seconds = self.left_alone(config)
        runs, done = self.work / f"{config}-{seed}", Killed(config, seed)
        try:
            self._kill(done, runs, alone, seconds, times)
        except RuntimeError as error:
            done.differing.append(str(error))
        self.remove(runs)
        return done

    def _kill(self, done: Killed, runs: Path, alone: RunFolder, seconds: float, times: int) -> None:
        config, generator = done.config, random.Random(done.seed)
        while len(done.kills) < times:
            wait = generator.uniform(0.0, seconds)
            run = run_in(runs)
            if not self._start_and_kill(self.words(config, runs, run), wait):
                if run is None and (made := run_in(runs)) is not None:  # it came to its end: a new one, for the rest
                    done.differing += compare_runs(alone, made)
                    self.remove(runs)
                continue
            done.kills.append(_epochs(run_in(runs)))
        run = run_in(runs)
        if run is not None and not run.file(files.CONFIG).exists():
            self.remove(runs)  # killed before there was anything to go on with
            run, done.begun_again = None, done.begun_again + 1
        code = self.run(self.words(config, runs, run))
        final = run_in(runs)
        if code or final is None:
            done.differing.append(f"exit code {code}")
        else:
            done.differing += compare_runs(alone, final)

    def kill_many(self, count: int, seed: int, *, each: int = 4, configs: Sequence[str] = ()) -> Iterator[Killed]:
        """At least `count` kills, `each` of a training, over all configs in turn.

        The seed of a training decides on its config and on the moments, as shares of the time that it takes alone.
        """
        names, left = list(configs or CONFIGS), count
        while left > 0:
            killed = self.kill(names[seed % len(names)], seed, each)
            yield killed
            left, seed = left - max(len(killed.kills), 1), seed + 1

    def left_alone(self, config: str) -> tuple[RunFolder, float]:
        """The finished run of a config, and how long it took."""
        if config not in self._alone:
            path = self.work / f"{config}.yaml"
            path.write_text(yaml.safe_dump({"name": config, **CONFIGS[config]}))
            runs = self.work / f"{config}-alone"
            started = time.monotonic()
            if code := self.run(self.words(config, runs, None)):
                raise RuntimeError(f"{config} ended with {code}")
            found = run_in(runs)
            if found is None:
                raise RuntimeError(f"{config} left no run")
            self._alone[config] = found, time.monotonic() - started
        return self._alone[config]

    def words(self, config: str, runs: Path, run: RunFolder | None, *, quiet: bool = True) -> list[str]:
        """The command that begins a training in `runs`, or goes on with the run that is there."""
        options = ["--quiet", "--json"] if quiet else []
        if run is not None and run.file(files.CONFIG).exists() and run.status != "finished":
            return ["train", "--resume", str(run.path), *options]
        return ["train", str(self.work / f"{config}.yaml"), "--runs-dir", str(runs), *options]

    def _start_and_kill(self, words: list[str], wait: float) -> bool:
        """Kills a training after `wait` seconds; False if it had ended by then."""
        child = self.start(words)
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return self._require_right(words, status)
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status) or self._require_right(words, status)

    def _require_right(self, words: list[str], status: int) -> bool:
        code = os.waitstatus_to_exitcode(status)
        if code:
            raise RuntimeError(f"{' '.join(words)} ended with {code}")
        return False

    def run(self, words: list[str]) -> int:
        """The exit code of a command, or the negative number of the signal that killed it."""
        _, status = os.waitpid(self.start(words), 0)
        return os.waitstatus_to_exitcode(status)

    def start(self, words: list[str], told: int | None = None, *, waiting: bool = False) -> int:
        """Starts a command, whose stderr goes to the descriptor `told`; the number of its process.

        With `waiting`, it returns when that process handles signals.
        """
        if self.spawned:
            command = [sys.executable, "-m", "nncli", *words]
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told, start_new_session=True).pid
        else:
            child = os.fork()
            if not child:
                _run_here(words, told)
            os.waitpid(child, os.WUNTRACED)
            os.kill(child, signal.SIGCONT)
        if waiting:
            _wait_for_handlers(child)
        return child

    @staticmethod
    def remove(folder: Path) -> None:
        """Removes a folder of runs, if it is there."""
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_handlers(child: int) -> None:
    deadline = time.monotonic() + _HANDLER_SECONDS
    while time.monotonic() < deadline:
        caught = Path(f"/proc/{child}/status").read_text().partition("SigCgt:")[2].split()[0]
        if int(caught, 16) >> signal.SIGTERM - 1 & 1:  # that of SIGINT came before it
            return
        time.sleep(0.001)
    raise RuntimeError("no handler for SIGTERM")


def _run_here(words: list[str], told: int | None) -> None:
    """Runs the command in this process, which stops before it begins, and ends it."""
    os.setsid()  # Ctrl-C at the terminal is for the one who counts
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if told is not None:
        os.dup2(told, 2)
    os.kill(os.getpid(), signal.SIGSTOP)
    _train_here(words)


def _train_here(words: list[str]) -> None:
    """Runs the command in this process and ends it."""
    from nncli.engine.callbacks import checkpoint

    checkpoint._CAPTURE_SECONDS = checkpoint._FIRST_SECONDS = 0.0
    defaults = checkpoint.Checkpoints.__init__.__kwdefaults__
    defaults["seconds"] = 0.0
    from nncli.cli import process

    sys.argv = ["nncli", *words]
    try:
        process.main()
    finally:
        os._exit(1)


def run_in(runs: Path) -> RunFolder | None:
    """The newest run in a folder."""
    found = sorted(runs.glob(f"*/{files.RECORD}"))
    return RunFolder(found[-1].parent) if found else None


def _epochs(run: RunFolder | None) -> int:
    state = None if run is None else load_checkpoint(run)
    return 0 if state is None else state.epochs


def compare_runs(alone: RunFolder, other: RunFolder) -> list[str]:
    """What differs between two finished runs beside the clock."""
    if other.status != "finished":
        return [f"status {other.status}"]
    differing = []
    for name in (files.WEIGHTS, files.SPLITS, files.NOVELTY, files.ANSWERS):
        if alone.find_intact(name) != other.find_intact(name):
            differing.append(name)
    for name in (files.METRICS, files.HEALTH):
        if without_clock(alone.read_lines(name)) != without_clock(other.read_lines(name)):
            differing.append(name)
    if without_clock(alone.read_json(files.SUMMARY)) != without_clock(other.read_json(files.SUMMARY)):
        differing.append(files.SUMMARY)
    first, second = load_checkpoint(alone), load_checkpoint(other)
    if (
        first is None
        or second is None
        or (first.numbers, first.epochs) != (second.numbers, second.epochs)
        or any(not np.array_equal(each, second.arrays[key]) for key, each in first.arrays.items())
    ):
        differing.append(files.CHECKPOINT)
    return differing
