"""One flipped bit in a run folder: every command refuses the run, or answers as if nothing had happened.

What each command says of the whole folder is known; a command that ends with 0 after the flip must say the same.
"""

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.testing

from nncli.cli import app
from nncli.run import files
from nncli.run.folder import RunFolder

# What differs between two runs of a command on the same run: the clock, the folder, and how often it was looked at.
_CLOCK = {
    "run", "path", "name", "ended", "started", "seconds", "train_seconds", "duration_seconds", "seconds_per_epoch",
    "timings", "test_evaluations", "files", "comparison", "runs", "again", "command", "bytes", "resumed", "verified",
}  # fmt: skip


@dataclass(frozen=True)
class Flip:
    """A flipped bit: of which file, and what each command made of it: "same", "refused", or what went wrong."""

    seed: int
    file: str
    bit: int
    outcomes: dict[str, str]

    @property
    def is_right(self) -> bool:
        """Whether nothing was changed in silence, and nothing crashed."""
        return set(self.outcomes.values()) <= {"same", "refused"}


class Flipper:
    """Flips bits in copies of a run folder. `inputs` are what `predict` is given; `extend` adds a resumed training,
    to that many epochs, to the commands."""

    def __init__(self, run: Path, inputs: Sequence[str], work: Path, *, extend: int | None = None) -> None:
        self._run, self._work = run, work
        self._commands = {
            "predict": ["predict", *inputs, "--json", "--run"],
            "eval": ["eval", "--json"],
            "show": ["runs", "show", "--json"],
        }
        if extend is not None:
            self._commands = {"resume": ["train", "--epochs", str(extend), "--json", "--resume"]}
        self._paths = sorted(
            path for path in run.rglob("*") if path.is_file() and path.stat().st_size and path.name != files.LOCK
        )
        self._whole = {name: self._ask(name, self._copy())[1] for name in self._commands}

    def flip(self, seed: int) -> Flip:
        """Flips the bit that belongs to a seed: in a random file, at a random place."""
        generator = random.Random(seed)
        path = generator.choice(self._paths)
        content = bytearray(path.read_bytes())
        bit = generator.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        name = path.relative_to(self._run).as_posix()
        outcomes = {}
        for command in self._commands:
            copy = self._copy()
            (copy / name).write_bytes(content)
            outcomes[command] = self._judge(command, *self._ask(command, copy))
        return Flip(seed, name, bit, outcomes)

    def _copy(self) -> Path:
        copy = self._work / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._run, copy)
        return copy

    def _ask(self, command: str, copy: Path) -> tuple[typer.testing.Result, Any]:
        outcome = typer.testing.CliRunner().invoke(app, [*self._commands[command], str(copy)])
        if outcome.exit_code:
            return outcome, None
        told = without_clock(json.loads(outcome.stdout))
        if command == "resume":
            told = [told, without_clock(RunFolder(copy).read_lines(files.METRICS)), weights_of(copy)]
        return outcome, told

    def _judge(self, command: str, outcome: typer.testing.Result, told: Any) -> str:
        if outcome.exit_code == 0:
            if told == self._whole[command]:
                return "same"
            return "refused" if command == "show" and told["damaged"] else f"another answer: {str(told)[:200]}"
        is_told = any(line.startswith("error: ") for line in outcome.stderr.splitlines())
        is_refused = isinstance(outcome.exception, SystemExit) and is_told and "defect" not in outcome.stderr
        return "refused" if is_refused else f"crashed: {outcome.stderr[:300]}"


def weights_of(run: Path) -> str:
    """The bytes of a run's weights, in hexadecimal."""
    return RunFolder(run).read_intact(files.WEIGHTS).hex()


def without_clock(value: Any) -> Any:
    """A JSON value without what differs from time to time."""
    if isinstance(value, dict):
        return {key: without_clock(each) for key, each in value.items() if key not in _CLOCK}
    return [without_clock(each) for each in value] if isinstance(value, list) else value
