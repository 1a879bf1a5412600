"""Compares what `nncli train --dry-run` estimates with what the training then takes.

    python benchmarks/estimates.py --configs digits_softmax,mnist_softmax

For each config a dry run and a training of the same number of epochs, each in a process of its own, without early
stopping; a ratio is the time that was estimated divided by the time that was taken,
for an epoch the median.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CONFIGS = "digits_softmax,gradient_descent,linear_regression,digits_recurrent,mnist_softmax,mnist_cnn"


def main() -> None:
    """Parses the arguments, measures and prints a row for each config."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--configs", default=CONFIGS, help="comma-separated names")
    parser.add_argument("--epochs", type=int, help="instead of those of the configs")
    arguments = parser.parse_args()
    print(
        f"{'config':<20} {'epoch, estimated':>16} {'taken':>9} {'ratio':>6} {'total, estimated':>16} {'taken':>9} ratio"
    )
    for name in arguments.configs.split(","):
        options = [] if arguments.epochs is None else ["--epochs", str(arguments.epochs)]
        options += ["--set", "train.early_stopping=null"]
        estimate = run(["train", name, *options, "--dry-run"])
        taken = run(["train", name, *options, "--timings"])
        epoch = statistics.median(taken["seconds"])
        total = taken["timings"]["total"]
        print(
            f"{name:<20} {estimate['epoch_seconds']:>16.4f} {epoch:>9.4f} {estimate['epoch_seconds'] / epoch:>6.2f} "
            f"{estimate['total_seconds']:>16.2f} {total:>9.2f} {estimate['total_seconds'] / total:>5.2f}",
            flush=True,
        )


def run(words: list[str]) -> Any:
    """The JSON answer of a command, with the `seconds` of each epoch of its run, which is thrown away."""
    with tempfile.TemporaryDirectory(prefix="nncli-benchmark-") as folder:
        command = [sys.executable, "-m", "nncli", *words, "--json", "--quiet", "--runs-dir", folder]
        answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        lines = [line for path in Path(folder).glob("*/metrics.jsonl") for line in path.read_text().splitlines()]
        return {**answer, "seconds": [json.loads(line)["seconds"] for line in lines]}


if __name__ == "__main__":
    main()
