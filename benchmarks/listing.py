"""How long `nncli runs` takes with 1,000 runs, start of Python included.

    python benchmarks/listing.py [--runs 1000] [--repeats 5]

The runs are copies of one that is trained first, with other names, times and scores; a tenth of them are marked as
interrupted, ten are comparisons with four trainings each. The files are in the memory of the file system after the
first of the repeats, which is left out. Printed is the median with the fastest and the slowest.
"""

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nncli.run.sealing import seal

COMMANDS = (
    (),
    ("--json",),
    ("--filter", "status=interrupted"),
    ("--sort", "test"),
    ("--filter", "optimizer.name=adam"),
    ("show", "latest"),
    ("diff", "20260101-000000-digits", "20260101-000100-digits"),
)
# Weights and models are not read; leaving them out saves the disk a gigabyte.
COPIED = ("config.yaml", "run.json", "metrics.jsonl", "summary.json", "inputs.json", "manifest.json")


def nncli(*words: object) -> None:
    """Runs the command; raises if it fails."""
    subprocess.run([sys.executable, "-m", "nncli", *map(str, words)], check=True, capture_output=True)


def copy_run(model: Path, place: Path, number: int, **record: object) -> None:
    """A copy of the run that claims to have started that many minutes after the first."""
    place.mkdir(parents=True)
    for name in COPIED:
        shutil.copy(model / name, place)
    started = f"2026-01-{1 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00+00:00"
    told = {**json.loads((place / "run.json").read_text()), "started": started, "ended": started, **record}
    (place / "run.json").write_text(json.dumps(seal(told), indent=2))
    summary = json.loads((place / "summary.json").read_text())
    summary["test"]["metrics"]["accuracy"] = number * 7919 % 1000 / 1000
    content = json.dumps(summary, indent=2).encode()
    (place / "summary.json").write_bytes(content)
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["sha256"]["summary.json"] = hashlib.sha256(content).hexdigest()
    (place / "manifest.json").write_text(json.dumps(manifest))


def fill(folder: Path, model: Path, count: int) -> None:
    """The folder of runs."""
    for number in range(count):
        stamp = f"202601{1 + number // 1440:02}-{number // 60 % 24:02}{number % 60:02}00"
        if number % 100 == 99:
            comparison = folder / f"{stamp}-compare-digits"
            for cell in range(4):
                copy_run(model, comparison / f"relu-seed{cell}", number, kind="cell")
            told = {
                "kind": "compare",
                "status": "finished",
                "started": f"2026-01-01T{number // 60 % 24:02}:00:00+00:00",
            }
            (comparison / "run.json").write_text(json.dumps(told))
            continue
        status = "interrupted" if number % 10 == 5 else "finished"
        copy_run(model, folder / f"{stamp}-digits", number, status=status)


def main() -> None:
    """Trains, copies, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        nncli("train", "--epochs", 30, "--name", "model", "--runs-dir", f"{place}/model", "--quiet")
        [model] = Path(place, "model").iterdir()
        runs = Path(place, "runs")
        fill(runs, model, options.runs)
        print(f"{options.runs:,} runs; seconds: median (fastest to slowest) of {options.repeats}")
        for words in COMMANDS:
            taken = []
            for _ in range(options.repeats + 1):
                started = time.perf_counter()
                nncli("runs", *words, "--runs-dir", runs)
                taken.append(time.perf_counter() - started)
            rest = taken[1:]
            told = f"{statistics.median(rest):.2f} ({min(rest):.2f} to {max(rest):.2f})"
            print(f"nncli {' '.join(('runs', *words)):<70}  {told}")


if __name__ == "__main__":
    main()
