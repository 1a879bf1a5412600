"""Measures what speeds up the convolutional network on a CPU, and profiles what its threads do.

    python benchmarks/convolutions.py
    python benchmarks/convolutions.py --rounds 3 --json convolutions.json

The network of configs/mnist_cnn.yaml at batch size 128, one epoch per turn, each variant in its own process:
`model.fit`, the graph loop as Keras builds it, the same with each batch split into parallel parts, and also with bias,
relu and pooling compiled. After the turns, the threads of two variants are profiled.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from measuring.contest import Start, race
from measuring.ratios import Measured
from measuring.task import save_task

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "tfds"
_SHOWN = 14


def main() -> None:
    """Parses the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data-dir", type=Path, default=SHARED, help="folder in which tensorflow-datasets has prepared mnist"
    )
    parser.add_argument("--rounds", type=int, default=5, help="counted epochs of each variant")
    parser.add_argument("--json", type=Path, help="also write the measurements to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        task = save_task(place / "task", "configs/mnist_cnn.yaml", (), arguments.data_dir, place)
        measured = race(starts(place), arguments.rounds, lambda text: print(text, file=sys.stderr))
        profiles = {file.stem: json.loads(file.read_text()) for file in sorted(place.glob("*.json"))}
    steps = -(-len(task.train) // task.batch_size)
    print(table(measured))
    for title, seconds in profiles.items():
        print(profile_table(title.replace("_", " "), seconds, steps))
    if arguments.json:
        result = {"seconds": {name: one.seconds for name, one in measured.items()}, "profiles": profiles}
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


def starts(place: Path) -> dict[str, Start]:
    """The variants, by name."""
    cores = len(os.sched_getaffinity(0))

    def way(parts: int, compiled: bool, profile: str = "") -> Start:
        options: dict[str, Any] = {"threads": cores, "parts": parts, "compiled": compiled}
        file = str(place / f"{profile}.json") if profile else ""
        return Start("convolution", place / "task", {**options, "profile": file})

    return {
        "model.fit": Start("keras_fit", place / "task"),
        "whole batches": way(1, False, "whole_batches"),
        f"{cores} parts": way(cores, False),
        f"{2 * cores} parts": way(2 * cores, False),
        f"{cores} parts, pooling compiled": way(cores, True),
        f"{2 * cores} parts, pooling compiled": way(2 * cores, True, f"{2 * cores}_parts,_pooling_compiled"),
        f"{4 * cores} parts, pooling compiled": way(4 * cores, True),
    }


def table(measured: dict[str, Measured]) -> str:
    """Seconds per epoch of each variant, and the speedup over the first."""
    first = next(iter(measured.values())).seconds
    lines = [f"{'seconds per epoch':<32}{'median':>8}{'min':>8}{'max':>8}{'ratio':>8}"]
    for name, one in measured.items():
        if one.failure is not None:
            lines.append(f"{name:<32}{one.failure}")
            continue
        ratio = statistics.median(theirs / own for theirs, own in zip(first, one.seconds, strict=False))
        median = statistics.median(one.seconds)
        lines.append(f"{name:<32}{median:8.2f}{min(one.seconds):8.2f}{max(one.seconds):8.2f}{ratio:8.2f}")
    return "\n".join(lines)


def profile_table(title: str, seconds: dict[str, float], steps: int) -> str:
    """What the threads did, in thread-milliseconds per step."""
    lines = [f"\n{title}: thread-milliseconds per step, {1000 * sum(seconds.values()) / steps:.2f} in all"]
    for name, value in list(seconds.items())[:_SHOWN]:
        lines.append(f"  {name:<44}{1000 * value / steps:8.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
