"""Measures what checkpoints cost: the time that a training spends on them, and the size of checkpoint.npz.

    python benchmarks/checkpoints.py --data ../shared/data

Each network is trained as `nncli train` does, in this process; the time of capturing the state after each epoch and of
writing it is summed up and compared with that of all epochs. Of several repeats, the median by share is told, and the
smallest and largest share.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nncli import pipeline
from nncli.console import Console
from nncli.engine.process import environment
from nncli.run import files

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
ROWS = [
    ("digits_softmax", 20, []),
    ("mnist_softmax", 20, []),
    ("mnist_softmax", 5, ["model.layers=[{dense: {units: 512}}, {dense: {units: 512}}, {dense: {units: 10}}]"]),
    ("mnist_cnn", 2, []),
]


def main() -> None:
    """Prints a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--networks", default="", help="comma-separated names, instead of all")
    options = parser.parse_args()
    data = options.data.resolve() / "tfds"
    environment.prepare(None)
    spent = watch_checkpoints()
    print(f"{'network':34}{'epochs':>7}{'training s':>12}{'checkpoints s':>15}{'share':>8}{'MB':>8}  shares")
    for name, epochs, settings in ROWS:
        if options.networks and name not in options.networks.split(","):
            continue
        measured = sorted(
            (measure(name, epochs, settings, data, spent) for _ in range(options.repeats)),
            key=lambda each: each[1] / each[0],
        )
        (seconds, taken, size), shares = measured[len(measured) // 2], [each[1] / each[0] for each in measured]
        told = f"{name} {'512-512-10' if settings else ''}"
        print(
            f"{told:34}{epochs:>7}{seconds:>12.2f}{taken:>15.4f}{taken / seconds:>8.1%}{size:>8.2f}"
            f"  {shares[0]:.1%} to {shares[-1]:.1%}",
            flush=True,
        )


def measure(name: str, epochs: int, settings: list[str], data: Path, spent: list[float]) -> tuple[float, float, float]:
    """The seconds of a training's epochs, those spent on checkpoints, and the size of checkpoint.npz in MB."""
    spent[0] = 0.0
    with tempfile.TemporaryDirectory() as folder:
        run = pipeline.train(
            name,
            folders=pipeline.Folders(Path(folder), data),
            console=Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO()),
            assignments=settings,
            options=[(("train", "epochs"), epochs, f"--epochs {epochs}")],
        )
        seconds = sum(record["seconds"] for record in run.folder.read_lines(files.METRICS))
        return seconds, spent[0], run.folder.file(files.CHECKPOINT).stat().st_size / 1e6


def watch_checkpoints() -> list[float]:
    """A list of one number, to which the seconds spent on checkpoints are added from now on."""
    from nncli.engine.callbacks.checkpoint import Checkpoints

    spent, depth = [0.0], [0]

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def measure(*args: Any, **options: Any) -> Any:
            depth[0] += 1
            start = time.perf_counter()
            try:
                return method(*args, **options)
            finally:
                depth[0] -= 1
                if not depth[0]:  # a flush inside on_epoch_end counts once
                    spent[0] += time.perf_counter() - start

        return measure

    for name in ("on_train_begin", "on_epoch_end", "begin_writing", "flush"):
        setattr(Checkpoints, name, timed(getattr(Checkpoints, name)))
    return spent


if __name__ == "__main__":
    main()
