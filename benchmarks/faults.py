"""Does faults to nncli and counts what was wrong afterwards; docs/promises.md has the result.

    python benchmarks/faults.py calls power         # every system call of a checkpoint and an export; power loss
    python benchmarks/faults.py kills --count 1000  # kill -9 at random moments of small trainings
    python benchmarks/faults.py flips --count 1000  # one flipped bit in a run folder

A random fault follows from its seed: `--seed N --count 1` does one again. The exit code is 1 if anything was wrong.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import typer.testing
from faulting import injection
from faulting.scenes import scenes

from nncli.cli import app

Outcome = tuple[str, bool, str]
_RESUMED_EVERY = 5


def main() -> None:
    """Prints a line for each kind of fault: how many, how many were wrong, the seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []], default=list(FAULTS))
    parser.add_argument("--count", type=int, default=100, help="of kills, and of flips")
    parser.add_argument("--seed", type=int, default=1, help="of the first random fault")
    options = parser.parse_args()
    wrong = 0
    for name in options.faults:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="nncli-faults-") as work:
            counted: Counter[str] = Counter()
            for kind, is_right, told in FAULTS[name](Path(work), options.count, options.seed):
                counted[kind] += 1
                if not is_right:
                    wrong += 1
                    print(f"wrong: {name}: {told}", file=sys.stderr)
        for kind, count in counted.items():
            print(f"{name:<8}{kind:<34}{count:>6}")
        print(f"{name:<8}{'seconds':<34}{time.monotonic() - started:>6.0f}", flush=True)
    print(f"wrong: {wrong}")
    sys.exit(1 if wrong else 0)


def _calls(work: Path, count: int, seed: int) -> Iterator[Outcome]:
    _require_strace()
    for scene in scenes():
        for call in injection.CALLS:
            for fault in injection.FAULTS:
                for found in injection.inject_everywhere(scene, call, fault, work):
                    yield f"{scene.name}, {fault}", found.is_right, str(found)


def _power(work: Path, count: int, seed: int) -> Iterator[Outcome]:
    from faulting.power import lose_power

    _require_strace()
    for scene in scenes():
        place = work / scene.name
        place.mkdir()
        for found in lose_power(scene, place):
            yield scene.name, found.is_right, str(found)


def _kills(work: Path, count: int, seed: int) -> Iterator[Outcome]:
    from faulting.kills import Killer

    for killed in Killer(work).kill_many(count, seed):
        for epochs in killed.kills:
            yield f"{killed.config}, {'begun' if epochs else 'no state yet'}", not killed.differing, str(killed)


def _flips(work: Path, count: int, seed: int) -> Iterator[Outcome]:
    from faulting.flips import Flipper

    runner = typer.testing.CliRunner()
    runner.invoke(app, ["init", "--samples", str(work / "samples")])
    trained = runner.invoke(app, ["train", "--epochs", "2", "--json", "--runs-dir", str(work / "runs")])
    run, image = Path(json.loads(trained.stdout)["run"]), next((work / "samples").rglob("*.png"))
    runner.invoke(app, ["eval", str(run)])
    asked, resumed = Flipper(run, [str(image)], work), Flipper(run, [str(image)], work, extend=3)
    for number in range(seed, seed + count):
        for flipper in (asked, resumed) if number % _RESUMED_EVERY == 0 else (asked,):
            flip = flipper.flip(number)
            for command, outcome in flip.outcomes.items():
                yield f"{command} {outcome if flip.is_right else 'wrong'}", flip.is_right, str(flip)


def _require_strace() -> None:
    reason = injection.missing()
    if reason is not None:
        sys.exit(reason)


FAULTS: dict[str, Callable[[Path, int, int], Iterator[Outcome]]] = {
    "calls": _calls,
    "power": _power,
    "kills": _kills,
    "flips": _flips,
}


if __name__ == "__main__":
    main()
