"""Measures `nncli predict` on the 10,000 test images of MNIST as PNG files, and on a CSV of a million rows.

    python benchmarks/predicting.py --data ../shared/data
    python benchmarks/predicting.py --data ../shared/data --rows 200000 --repeats 3

Trains a softmax classifier on MNIST and a network on diamonds for one epoch each, writes the files into a temporary
folder, and then runs the whole command, start included, once for each output format. The peak is the resident memory
of the process as reported by the system, files mapped into memory included; beside it is the size of the input.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
MIB = 1 << 20


def main() -> None:
    """Prints one line for each measured command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.data.resolve(), options.rows, options.repeats)


def measure(folder: Path, data: Path, rows: int, repeats: int) -> None:
    """Makes the runs and the files in a folder, and measures."""
    train(folder, "images", ["mnist_softmax", "--set", "data.fallback=null", "--data-dir", str(data / "tfds")])
    (folder / "diamonds.yaml").write_text(
        f"data: {{source: csv, path: {data}/csv/diamonds.csv, target: price}}\n"
        "model: {layers: [dense: {units: 32, activation: relu}, dense: {units: 1}]}\n"
    )
    train(folder, "table", ["diamonds.yaml"])
    write_images(folder / "png", data)
    write_table(folder / "rows.csv", data / "csv" / "diamonds.csv", rows)
    print(f"{'command':34}{'seconds':>16}{'peak MiB':>10}{'input MiB':>11}")
    for form in ("csv", "jsonl", "json", "parquet"):
        report(folder, "images", "png", form, repeats)
    for form in ("csv", "jsonl", "json", "parquet"):
        report(folder, "table", "rows.csv", form, repeats)


def train(folder: Path, name: str, words: list[str]) -> None:
    """One epoch into a run of that name."""
    command = [sys.executable, "-m", "nncli", "train", *words, "--epochs", "1", "--set", f"name={name}", "-q"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def write_images(folder: Path, data: Path) -> None:
    """The test images of MNIST, one PNG each."""
    from nncli.config.sections import Data
    from nncli.data import load

    dataset = load(Data(source="mnist"), seed=1, data_dir=data / "tfds", progress=lambda *_: None)
    folder.mkdir()
    for index, pixels in enumerate(dataset.test.inputs["image"]):
        Image.fromarray(np.asarray(pixels)[:, :, 0]).save(folder / f"{index:05}.png")


def write_table(file: Path, source: Path, rows: int) -> None:
    """The rows of a table repeated until there are that many."""
    header, *lines = source.read_text().splitlines(keepends=True)
    with file.open("w") as table:
        table.write(header)
        for start in range(0, rows, len(lines)):
            table.writelines(lines[: rows - start])


def report(folder: Path, run: str, given: str, form: str, repeats: int) -> None:
    """Prints the median and the range of the seconds, and the largest peak."""
    words = ["predict", given, "--run", run, "--output", f"out.{form}", "-q"]
    measured = [run_once(folder, words) for _ in range(repeats)]
    seconds = [each[0] for each in measured]
    path = folder / given
    size = sum(each.stat().st_size for each in path.iterdir()) if path.is_dir() else path.stat().st_size
    told = f"{statistics.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"
    print(f"{given + ' to ' + form:34}{told:>16}{max(each[1] for each in measured) / MIB:>10.0f}{size / MIB:>11.0f}")


def run_once(folder: Path, words: list[str]) -> tuple[float, int]:
    """Seconds and peak resident bytes of one command. Raises CalledProcessError where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "nncli", *words], cwd=folder, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), words)
    return time.perf_counter() - start, usage.ru_maxrss * 1024


if __name__ == "__main__":
    main()
