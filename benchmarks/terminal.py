"""Runs commands many times while TensorFlow is being imported, and counts lost messages and foreign lines.

    python benchmarks/terminal.py --errors 300 --trainings 20

An error must be reported with its message every time, even while a stand-in for TensorFlow that writes to descriptor 2
is being imported; and no line of TensorFlow may appear on a pseudo-terminal during whole trainings.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.cli.test_terminal import COMMAND, SLOW_IMPORT, lines_on_screen, run_in_terminal


def count_lost_errors(runs: int, folder: Path) -> int:
    """How many of `runs` failing commands ended without their message or with a foreign line."""
    stub = folder / "stub" / "tensorflow"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text(SLOW_IMPORT)
    (folder / "empty.csv").write_text("a,b\n")
    config = folder / "config.yaml"
    config.write_text("data: {source: csv, path: empty.csv, target: b}\nmodel: {layers: [output]}\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(stub.parent), *sys.path])}
    lost = 0
    for _ in range(runs):
        command = [*COMMAND, "train", str(config), "--runs-dir", str(folder / "runs")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        lost += done.returncode != 2 or "no rows" not in done.stderr or "absl" in done.stderr
    return lost


def count_foreign_lines(runs: int, folder: Path) -> int:
    """How many of `runs` trainings in a terminal of 80 columns showed a line of a C++ logger."""
    foreign = 0
    for _ in range(runs):
        received, _ = run_in_terminal(["train", "--epochs", "2", "--runs-dir", str(folder / "runs")], 80)
        foreign += any("absl" in line or re.match(r"[IWEF]\d{4} ", line) for line in lines_on_screen(received))
    return foreign


def main() -> None:
    """Prints both counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", type=int, default=300)
    parser.add_argument("--trainings", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(f"errors lost: {count_lost_errors(options.errors, Path(name))} of {options.errors}")
        foreign = count_foreign_lines(options.trainings, Path(name))
        print(f"trainings with a foreign line: {foreign} of {options.trainings}")


if __name__ == "__main__":
    main()
