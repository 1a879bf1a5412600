"""Does faults to nncli and counts what was wrong afterwards; docs/promises.md has the result.

    python benchmarks/faults.py calls power         # every system call of a checkpoint and an export; power loss
    python benchmarks/faults.py commands --count 200 --of eval report  # a call, or a signal at one, of whole commands
    python benchmarks/faults.py kills --count 1000  # kill -9 at random moments of small trainings
    python benchmarks/faults.py signals --count 200 # Ctrl-C and SIGTERM at random moments
    python benchmarks/faults.py flips --count 1000  # one flipped bit in a run folder

A random fault follows from its seed, which is printed where something is wrong: `--seed N --count 1` does it again (of
`commands`, with `--of` the command). Kills and signals come at the same shares of the time that their training takes
alone, all of one training again; what the machine does meanwhile is not repeated. The exit code is 1 if anything was
wrong. Counts so far go to stderr from time to time; Ctrl-C and SIGTERM end after the fault that is being done, and the
table of what was done until then is printed.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer.testing
from faulting import injection
from faulting.scenes import scenes
from faulting.targets import TARGETS

from nncli.cli import app

Outcome = tuple[str, bool, str]


@dataclass(frozen=True)
class Asked:
    """How many random faults, the seed of the first, and the commands that are hit (all if none is named)."""

    count: int
    seed: int
    targets: Sequence[str] = ()


_RESUMED_EVERY = 5
_TOLD_EVERY_SECONDS = 20.0


def main() -> None:
    """Prints a line for each kind of fault: how many, how many were wrong, the seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []], default=list(FAULTS))
    parser.add_argument("--count", type=int, default=100, help="of kills, signals, flips and faults in commands")
    parser.add_argument("--of", nargs="+", default=[], choices=list(TARGETS), help="the commands that are hit")
    parser.add_argument("--seed", type=int, default=1, help="of the first random fault")
    options = parser.parse_args()
    stopped = Stopped()
    tallies = [do_faults(name, Asked(options.count, options.seed, options.of), stopped) for name in options.faults]
    wrong = sum(tally.wrong for tally in tallies)
    print(f"wrong: {wrong}")
    sys.exit(1 if wrong else stopped.exit_code)


class Stopped:
    """Whether Ctrl-C or SIGTERM came; a second one ends the process as usual."""

    def __init__(self) -> None:
        self.exit_code = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: Any) -> None:
        self.exit_code = 128 + number
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@dataclass
class Tally:
    """What was counted of one kind of fault."""

    name: str
    started: float = field(default_factory=time.monotonic)
    counted: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    told: float = field(default_factory=time.monotonic)

    def add(self, kind: str, is_right: bool, told: str) -> None:
        """Counts an outcome; tells of a wrong one at once, of the others from time to time."""
        self.counted[kind] += 1
        if not is_right:
            self.wrong += 1
            print(f"wrong: {self.name}: {told}", file=sys.stderr, flush=True)
        if time.monotonic() - self.told > _TOLD_EVERY_SECONDS:
            self.told = time.monotonic()
            seconds = f"{self.told - self.started:.0f} s"
            print(
                f"{self.name}: {self.counted.total()} judged, {self.wrong} wrong, {seconds}",
                file=sys.stderr,
                flush=True,
            )

    def print(self) -> None:
        """The table."""
        for kind, count in sorted(self.counted.items()):
            print(f"{self.name:<10}{kind:<34}{count:>6}")
        print(f"{self.name:<10}{'seconds':<34}{time.monotonic() - self.started:>6.0f}", flush=True)


def do_faults(name: str, asked: Asked, stopped: Stopped) -> Tally:
    """Does one kind of fault until all are done, or a signal came; prints and returns what was counted."""
    tally = Tally(name)
    with tempfile.TemporaryDirectory(prefix="nncli-faults-") as work:
        try:
            for outcome in () if stopped.exit_code else FAULTS[name](Path(work), asked):
                tally.add(*outcome)
                if stopped.exit_code:
                    break
        finally:
            tally.print()
    return tally


def _calls(work: Path, asked: Asked) -> Iterator[Outcome]:
    _require_strace()
    for scene in scenes():
        for call in injection.CALLS:
            for fault in injection.FAULTS:
                for found in injection.inject_everywhere(scene, call, fault, work):
                    yield f"{scene.name}, {fault}", found.is_right, str(found)


def _commands(work: Path, asked: Asked) -> Iterator[Outcome]:
    from faulting.commands import hit_many

    _require_strace()
    for hit in hit_many(work, asked.count, asked.seed, asked.targets):
        yield f"{hit.target}, {hit.fault}", not hit.wrong, str(hit)


def _power(work: Path, asked: Asked) -> Iterator[Outcome]:
    from faulting.power import lose_power

    _require_strace()
    for scene in scenes():
        place = work / scene.name
        place.mkdir()
        for found in lose_power(scene, place):
            yield scene.name, found.is_right, str(found)


def _kills(work: Path, asked: Asked) -> Iterator[Outcome]:
    from faulting.kills import Killer

    for killed in Killer(work).kill_many(asked.count, asked.seed):
        for epochs in killed.kills or [0]:
            yield f"{killed.config}, {'begun' if epochs else 'no state yet'}", not killed.differing, str(killed)


def _signals(work: Path, asked: Asked) -> Iterator[Outcome]:
    from faulting.signals import stop_many

    for stopped in stop_many(work, asked.count, asked.seed):
        for stop in stopped.stops:
            how = f"{'spawned, ' if stopped.spawned else ''}{'twice, ' if stop.was_twice else ''}"
            is_right = not stop.wrong and not stopped.differing
            yield f"{how}{stop.status}", is_right, f"{stop} in {stopped}"


def _flips(work: Path, asked: Asked) -> Iterator[Outcome]:
    from faulting.flips import Flipper

    runner = typer.testing.CliRunner()
    runner.invoke(app, ["init", "--samples", str(work / "samples")])
    trained = runner.invoke(app, ["train", "--epochs", "2", "--json", "--runs-dir", str(work / "runs")])
    run, image = Path(json.loads(trained.stdout)["run"]), next((work / "samples").rglob("*.png"))
    runner.invoke(app, ["eval", str(run)])
    asked, resumed = Flipper(run, [str(image)], work), Flipper(run, [str(image)], work, extend=3)
    for number in range(asked.seed, asked.seed + asked.count):
        for flipper in (asked, resumed) if number % _RESUMED_EVERY == 0 else (asked,):
            flip = flipper.flip(number)
            for command, outcome in flip.outcomes.items():
                yield f"{command} {outcome if flip.is_right else 'wrong'}", flip.is_right, str(flip)


def _require_strace() -> None:
    reason = injection.missing()
    if reason is not None:
        sys.exit(reason)


FAULTS: dict[str, Callable[[Path, Asked], Iterator[Outcome]]] = {
    "calls": _calls,
    "commands": _commands,
    "power": _power,
    "kills": _kills,
    "signals": _signals,
    "flips": _flips,
}


if __name__ == "__main__":
    main()
