"""Compares nncli with the tools it replaces in one run: a table of ratios with median, minimum and maximum.

    pip install -r benchmarks/requirements.txt
    python benchmarks/run.py --json ratios.json
    python benchmarks/run.py --rows dense_32,train --quick

Every contender runs in its own process with its own choice of threads, and all take turns, so that a busy machine slows
them alike; the first turn, which compiles, is not counted. A ratio is the time of a contender divided by that of nncli.
Everything runs on the CPU, in about twenty minutes. The exit code is 1 if a median is below the required ratio.
"""

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from measuring.contest import ContenderError, Tell
from measuring.floor import floor_of
from measuring.kinds import OWN, measure, task_folder
from measuring.outcome import Outcome, conclude, to_json
from measuring.peak import Peak, best_peak, cores, measure_peak
from measuring.ratios import Measured
from measuring.rows import ROWS, Row, TrainingRow, find_rows
from measuring.table import block, header, peaks
from measuring.task import load_task
from measuring.workspace import Workspace

from nncli.errors import NncliError

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
# The fraction of cores that may be busy before the first row.
BUSY = 0.3
PEAK_TRIES = 3
_PACKAGES = ("nncli", "tensorflow", "keras", "tensorflow-datasets", "numpy", "scikit-learn", "torch", "jax", "optax")


def main() -> None:
    """Parses the arguments, measures and prints; exits with 1 if a required ratio is missed."""
    arguments = parse_arguments()
    if arguments.list:
        print("\n".join(f"{row.name:<17}{row.title}" for row in ROWS))
        return
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    warn_of_other_work()
    peak = find_peaks() if any(isinstance(row, TrainingRow) for row in arguments.rows) else []
    print("\n".join([*([peaks(peak), ""] if peak else []), header()]), flush=True)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="nncli-benchmark-") as folder:
        place = Workspace(Path(folder), arguments.data, tell)
        for row in arguments.rows:
            place.tell = teller(row)
            outcomes.append(measure_row(row, arguments.quick, place))
            print("\n" + block(outcomes[-1], peak[-1] if peak else None), flush=True)
            if arguments.json:  # after each row: an interrupted run keeps what it has
                arguments.json.write_text(json.dumps(describe(outcomes, peak, arguments.quick), indent=2) + "\n")
    sys.exit(1 if any(outcome.missed for outcome in outcomes) else 0)


def parse_arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line; `rows` becomes the rows it names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder that contains tfds and csv")
    parser.add_argument("--rows", type=chosen_rows, default=ROWS, help="comma-separated names; default: all")
    parser.add_argument("--list", action="store_true", help="list the rows")
    parser.add_argument("--quick", action="store_true", help="count one turn of each contender")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    arguments = parser.parse_args(given)
    if arguments.json and not arguments.json.resolve().parent.is_dir():
        parser.error(f"--json: there is no folder {arguments.json.parent}")
    return arguments


def chosen_rows(text: str) -> tuple[Row, ...]:
    """The rows with these names. Raises argparse.ArgumentTypeError."""
    try:
        return find_rows(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def warn_of_other_work() -> None:
    """Warns if the machine is busy, which slows contenders with many threads more than those with one."""
    with contextlib.suppress(OSError, AttributeError):  # the system does not report its load
        load = os.getloadavg()[0]
        if load > BUSY * cores():
            tell(f"this machine is busy (load {load:.1f} on {cores()} cores): the ratios will be unreliable")


def find_peaks() -> list[Peak]:
    """The peaks of one core and of all cores, the best of several processes, as other work lowers them."""
    tell("measuring the machine's peak")
    return [best_peak([measure_peak(threads) for _ in range(PEAK_TRIES)]) for threads in sorted({1, cores()})]


def measure_row(row: Row, quick: bool, place: Workspace) -> Outcome:
    """Measures a row with the peers that are installed; a row that cannot be measured gets the reason."""
    peers = tuple(peer for peer in row.peers if peer.package is None or find_spec(peer.package))
    try:
        measured = measure(row, peers, 1 if quick else row.rounds, place)
    except NncliError as error:
        return Outcome(row, Measured(), failure=error.message)
    except ContenderError as error:  # from a command that prepares the measurement
        return Outcome(row, Measured(failure=str(error)), failure=str(error))
    floor = floor_of(load_task(task_folder(row, place))) if isinstance(row, TrainingRow) else None
    return conclude(row, measured, OWN, floor)


def describe(outcomes: list[Outcome], peak: list[Peak], quick: bool) -> dict[str, Any]:
    """The results as JSON."""
    return {
        "quick": quick,
        "machine": {
            "system": platform.platform(),
            "cores": cores(),
            "peaks": [vars(found) for found in peak],
        },
        "versions": {"python": platform.python_version()} | {name: installed(name) for name in _PACKAGES},
        "rows": [to_json(outcome, peak[-1] if peak else None) for outcome in outcomes],
    }


def installed(package: str) -> str | None:
    """The version of a package; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def tell(text: str) -> None:
    """Prints progress to stderr."""
    print(text, file=sys.stderr, flush=True)


def teller(row: Row) -> Tell:
    """Prints progress with the name of the row."""
    return lambda text: tell(f"{row.name}: {text}")


if __name__ == "__main__":
    main()
