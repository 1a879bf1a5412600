"""How large the page of a run is and how long it takes to write, beside the plots of the training.

    python benchmarks/report.py [--data-dir DIR] [--epochs 2] [--repeats 5] [--keep DIR] [RUN...]

Trains and evaluates shipped configs (MNIST where it is at hand), images of 100 classes (two of the bundled digits
beside each other), a training that diverges and one that is interrupted, and a comparison of 6 variants with 10 seeds,
in a temporary folder or in `--keep`; or takes RUN, folders of runs that are there. Times are medians, in this process,
the first page left out: `processor` is what the page costs, `seconds` what passed on a machine that may be busy,
`command` the whole `nncli report` once, `plots` how long the training drew.
"""

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nncli import pipeline
from nncli.console import Console
from nncli.errors import TrainingDivergedError
from nncli.pipeline.reporting.reporting import make_page
from nncli.run import files
from nncli.run.folder import RunFolder

CONFIGS = (
    "mnist_softmax",
    "mnist_cnn",
    "digits_softmax",
    "shapes_circles",
    "linear_regression",
    "multilabel",
    "binary",
)
LARGEST, LONGEST_SECONDS = 3_000_000, 1.0
PAIRS = """
name: hundred_classes
data: {source: npz, path: pairs.npz, task: multiclass}
model: {layers: [{dense: {units: 64}}, {output: {}}]}
train: {epochs: 8}
"""


def main() -> None:
    """Prints a line for each run; ends with 1 if a page is too large or too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder for the runs, to look at their pages")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        paths = asked.runs or made(pipeline.Folders(asked.keep or Path(place), asked.data_dir), asked.epochs)
        print(f"{'run':<40} {'page, kB':>9} {'processor':>9} {'seconds':>9} {'command':>9} {'plots':>7}")
        told = [measure(RunFolder(path), asked.data_dir, asked.repeats) for path in paths]
    if not all(told):
        sys.exit(f"a page is larger than {LARGEST:,} bytes, or costs more than {LONGEST_SECONDS} s")


def made(folders: pipeline.Folders, epochs: int) -> list[Path]:
    """The folders of new runs."""
    paths = []
    console = Console(quiet=True, stdout=io.StringIO())
    folders.runs_dir.mkdir(parents=True, exist_ok=True)
    for name in (*CONFIGS, write_pairs(folders.runs_dir)):
        run = pipeline.train(name, folders=folders, console=console, assignments=[f"train.epochs={epochs}"])
        pipeline.evaluate(str(run.folder.path), folders=folders, console=console)
        pipeline.add_report(run.folder, console, folders.data_dir)
        paths.append(run.folder.path)
    paths += [diverged(folders, console), interrupted(folders, console)]
    request = pipeline.ComparisonRequest.parse(
        ["digits_softmax"],
        ["model.hidden_activation=sigmoid,tanh,relu", "optimizer.name=sgd,adam"],
        seeds=10,
        assignments=[f"train.epochs={epochs}"],
    )
    compared = pipeline.compare(request, folders=folders, console=console).folder
    pipeline.add_report(compared, console)
    return [*paths, compared.path]


def write_pairs(place: Path) -> str:
    """The config of a set of images of 100 classes: the numbers from 00 to 99, made of the bundled digits."""
    from sklearn.datasets import load_digits

    digits, draw = load_digits(), np.random.default_rng(0)

    def make(count: int, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        left, right = draw.integers(low, high, (2, count))
        images = np.concatenate([digits.images[left], digits.images[right]], axis=2)
        numbers = 10 * digits.target[left] + digits.target[right]
        return np.round(images * 255 / 16).astype(np.uint8), np.array([f"{number:02}" for number in numbers])

    train, test = make(8000, 0, 1400), make(2000, 1400, 1797)
    np.savez_compressed(place / "pairs.npz", x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])
    (place / "pairs.yaml").write_text(PAIRS)
    return str(place / "pairs.yaml")


def diverged(folders: pipeline.Folders, console: Console) -> Path:
    """The folder of a training whose loss became infinite, with its page."""
    found: list[RunFolder] = []
    settings = ["name=diverged", "optimizer.name=sgd", "optimizer.learning_rate=1"]
    try:
        pipeline.train(
            "linear_regression", folders=folders, console=console, assignments=settings, if_stopped=found.append
        )
    except TrainingDivergedError:
        pipeline.add_report(found[0], console)
    return found[0].path


def interrupted(folders: pipeline.Folders, console: Console) -> Path:
    """The folder of a training that was stopped by Ctrl-C after some epochs, with its page."""
    found: list[RunFolder] = []

    def stop(epochs: int, keep: Callable[[], None]) -> None:
        if epochs == 3:
            keep()
            raise KeyboardInterrupt

    settings = ["name=interrupted", "train.epochs=10"]
    try:
        pipeline.train(
            "digits_softmax",
            folders=folders,
            console=console,
            assignments=settings,
            if_stopped=found.append,
            pause=stop,
        )
    except KeyboardInterrupt:
        pipeline.add_report(found[0], console)
    return found[0].path


def measure(folder: RunFolder, data_dir: Path | None, repeats: int) -> bool:
    """Prints the line of a run; whether its page is small and fast enough."""
    folders = pipeline.Folders(folder.path.parent, data_dir)
    size, passed, worked = len(make_page(folder, folders)), [], []
    for _ in range(repeats):
        start, busy = time.perf_counter(), time.process_time()
        make_page(folder, folders)
        passed.append(time.perf_counter() - start)
        worked.append(time.process_time() - busy)
    with tempfile.TemporaryDirectory() as place:
        command = [
            sys.executable,
            "-m",
            "nncli",
            "report",
            str(folder.path),
            "--output",
            str(Path(place) / files.REPORT),
        ]
        start = time.perf_counter()
        subprocess.run(
            [*command, *(["--data-dir", str(data_dir)] if data_dir else [])], check=True, capture_output=True
        )
        whole = time.perf_counter() - start
    plots = folder.record.get("timings", {}).get("parts", {}).get("plots")
    cost, usual = statistics.median(worked), statistics.median(passed)
    beside = "-" if plots is None else f"{plots:.2f}"
    print(
        f"{folder.path.name:<40} {size / 1000:>9.0f} {cost:>9.3f} {usual:>9.3f} {whole:>9.2f} {beside:>7}", flush=True
    )
    return size <= LARGEST and cost <= LONGEST_SECONDS


if __name__ == "__main__":
    main()
