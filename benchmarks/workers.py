"""Measures `nncli train --workers 2` on this machine: python benchmarks/workers.py [--faults [--on ray]] [--epochs N].

Prints for a small and a large network the seconds an epoch of one worker and of two, beside what `--plan` expects of
them, the largest difference of a weight between one worker and two, and whether three starts of two workers end in
equal bits. With `--faults`, a worker, the chief and the caller are killed or stopped in the middle of a training; it
prints how long it took until all processes had ended, and whether the training that goes on ends in the bits of one
that was not disturbed. With `--on`, the workers are those of a Ray cluster of this machine (its extra is needed),
which start again by themselves after a worker or the chief is disturbed.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SMALL = "[dense: {units: 25}, output: {}]"
LARGE = "[dense: {units: 1024}, dense: {units: 1024}, output: {}]"
# What happens to whom, and whether all is to be over within the seconds of --worker-timeout or at once.
FAULTS = [
    ("worker", signal.SIGKILL),
    ("worker", signal.SIGSTOP),
    ("chief", signal.SIGKILL),
    ("chief", signal.SIGSTOP),
    ("caller", signal.SIGKILL),
    ("caller", signal.SIGINT),
    ("caller", signal.SIGTERM),
]
_TIMEOUT = 5


def command(*arguments: str) -> list[str]:
    """A training without a page."""
    return [sys.executable, "-m", "nncli", "train", *arguments]


def train(folder: Path, name: str, *arguments: str) -> Path:
    """Runs it to the end; its run folder."""
    options = ["--runs-dir", str(folder / "runs"), "--no-report", "--json", "--quiet"]
    done = subprocess.run(command(name, *arguments, *options), capture_output=True, text=True, cwd=folder)
    if done.returncode:
        sys.exit(done.stderr)
    return Path(json.loads(done.stdout)["run"])


def weights(run: Path) -> dict[str, np.ndarray]:
    """The arrays of weights.npz."""
    with np.load(run / "weights.npz") as stored:
        return dict(stored)


def sum_of(run: Path) -> str:
    """The sha256 of all weights."""
    return hashlib.sha256(b"".join(value.tobytes() for value in weights(run).values())).hexdigest()[:12]


def epoch_seconds(run: Path, key: str = "seconds") -> float:
    """The seconds of the fastest epoch, with its validation: what else runs on the machine makes others slower."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return float(min(line[key] for line in lines))


def write_config(folder: Path, name: str, layers: str, batch_size: int, epochs: int) -> str:
    """A config of the digits."""
    file = f"{name}.yaml"
    train = f"{{epochs: {epochs}, batch_size: {batch_size}}}"
    (folder / file).write_text(f"data: {{source: digits}}\nmodel: {{layers: {layers}}}\ntrain: {train}\n")
    return file


def measure(folder: Path, name: str, layers: str, batch_size: int, epochs: int) -> None:
    """One worker, two, and what was expected of them."""
    file = write_config(folder, name, layers, batch_size, epochs)
    planned = subprocess.run(
        command(file, "--workers", "2", "--plan", "--json"), capture_output=True, text=True, cwd=folder, check=True
    )
    plan = json.loads(planned.stdout)
    expected = {each["workers"]: each["seconds"] for each in plan["epochs"]}
    alone, graph = train(folder, file), train(folder, file, "--set", "train.executor=graph")
    starts = [train(folder, file, "--workers", "2") for _ in range(3)]
    for workers, run in ((1, alone), (2, starts[0])):
        print(
            f"{name}, batch {batch_size}: {workers} worker(s) {epoch_seconds(run):.3f} s an epoch, "
            f"--plan said {expected[workers]:.3f} s",
            flush=True,
        )
    steps = -(-2 * plan["rows_per_epoch"] // batch_size)
    exchange = epoch_seconds(starts[0], "train_seconds") / steps - plan["compute_seconds"]
    print(f"{name}: an exchange took {1e3 * exchange:.2f} ms, --plan said {1e3 * plan['exchange_seconds']:.2f} ms")
    one, two = weights(graph), weights(starts[0])
    largest = max(float(np.abs(one[key] - two[key]).max()) for key in one)
    print(f"{name}: largest difference of a weight between 1 and 2 workers after {epochs} epochs: {largest:.2g}")
    print(f"{name}: three starts of two workers gave {len({sum_of(run) for run in starts})} sum(s) of their weights")


def workers_of(caller: int, on: str | None) -> list[int]:
    """The processes of the workers, the chief first: children of the caller, or of actors on the cluster."""
    if on is None:
        return [int(child) for child in Path(f"/proc/{caller}/task/{caller}/children").read_text().split()]
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            if not any(b"clustered.worker" in word for word in words):
                continue
            variables = dict(
                pair.split(b"=", 1) for pair in (place / "environ").read_bytes().split(b"\0") if b"=" in pair
            )
            found[json.loads(variables[b"TF_CONFIG"])["task"]["index"]] = int(place.name)
        except (OSError, KeyError):  # it has ended meanwhile, or is not ours to read
            continue
    return [found[index] for index in sorted(found)]


def disturb(folder: Path, file: str, whom: str, number: signal.Signals, undisturbed: str, on: str | None) -> None:
    """One fault, once the training has a checkpoint; then the training goes on, by itself or when it is resumed."""
    runs = folder / f"{whom}-{number.name}"
    shared = ["--workers", "2", "--worker-timeout", str(_TIMEOUT), *(["--on", on] if on else [])]
    options = ["--runs-dir", str(runs), "--no-report", "--quiet"]
    caller = subprocess.Popen(command(file, *shared, *options), cwd=folder, stderr=subprocess.PIPE, text=True)
    while not list(runs.glob("*/checkpoint.npz")):
        if caller.poll() is not None:
            sys.exit(f"the training ended before it had a checkpoint: {caller.communicate()[1]}")
        time.sleep(0.05)
    processes = workers_of(caller.pid, on)
    start = time.perf_counter()
    os.kill({"chief": processes[0], "worker": processes[1], "caller": caller.pid}[whom], number)
    said = caller.communicate()[1] if on is None or whom == "caller" else ""
    while any(_lives(process) for process in processes):
        time.sleep(0.02)
    taken = time.perf_counter() - start
    said = said or caller.communicate()[1]
    (run,) = runs.iterdir()
    told: Any = next((line for line in said.splitlines() if line.startswith(("error", "warning"))), "")
    if caller.returncode:
        again = command("--resume", str(run), *shared, "--no-report", "--quiet")
        subprocess.run(again, check=True, capture_output=True)
    verdict = "equal bits" if sum_of(run) == undisturbed else "OTHER BITS"
    print(f"{number.name} to the {whom}: exit {caller.returncode}, all ended after {taken:.1f} s; gone on: {verdict}")
    print(f"  {told}")


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def main() -> None:
    """Measures, or disturbs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--on", help="with --faults: ray, or HOST:6379 of a cluster whose nodes are on this machine")
    parser.add_argument("--epochs", type=int, default=None)
    arguments = parser.parse_args()
    if arguments.on and not arguments.faults:
        parser.error("--on goes with --faults")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if not arguments.faults:
            measure(folder, "small", SMALL, 32, arguments.epochs or 5)
            measure(folder, "large", LARGE, 512, arguments.epochs or 5)
            return
        file = write_config(folder, "net", SMALL, 32, arguments.epochs or 120)
        on = arguments.on
        undisturbed = sum_of(train(folder, file, "--workers", "2", *(["--on", on] if on else [])))
        for whom, number in FAULTS:
            disturb(folder, file, whom, number, undisturbed, on)


if __name__ == "__main__":
    main()
