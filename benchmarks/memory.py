"""Measures the peak memory of `nncli train` on MNIST, of reading a CSV into arrays, and of reading large photos.

    python benchmarks/memory.py --data ../shared/data
    python benchmarks/memory.py --only csv --megabytes 200 --repeats 5 --json memory.json

Each figure is the peak resident memory of a separate process as reported by the system, memory-mapped files included.
For comparison, TensorFlow's own memory is measured in a process that imports it and adds two numbers, and in one that
compiles the lecture's network with XLA and trains it on a hundred noise images. The CSV has twenty numeric and four
text columns, and is in the system's file cache when it is read. The photos are 20 JPEG files of 12 megapixels.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
MIB = 1 << 20
MNIST_BYTES = 70_000 * (28 * 28 + 4)

IMPORT = """
from nncli.engine.process import environment
environment.prepare(1)
import tensorflow as tf
tf.reduce_sum(tf.ones([2])).numpy()
"""
AT_WORK = (
    IMPORT
    + """
import keras, numpy as np
layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), *(keras.layers.Dense(n, "relu") for n in (25, 15, 10))]
model = keras.Sequential(layers)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, metrics=["accuracy"], jit_compile=True)
model.fit(np.random.rand(100, 28, 28, 1).astype("float32"), np.zeros(100), epochs=1, verbose=0)
"""
)
LOAD = """
import json, sys, time
import pyarrow.compute, pyarrow.csv
from nncli.config.sections import Data
from nncli.data import load
def resident(key):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(key))
before, start = resident("VmRSS"), time.perf_counter()
dataset = load(Data(source="csv", path=sys.argv[1], target=("y",)), seed=1, data_dir=None, progress=lambda *_: None)
seconds = time.perf_counter() - start
arrays = [a for p in (dataset.train, dataset.validation, dataset.test) for a in (*p.inputs.values(), p.targets, p.rows)]
print(json.dumps([seconds, resident("VmHWM") - before, sum(array.nbytes for array in arrays)]))
"""


def main() -> None:
    """Parses the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder that contains tfds")
    parser.add_argument("--only", choices=("mnist", "csv", "photos"))
    parser.add_argument("--megabytes", type=int, default=200, help="size of the CSV")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the results to this file")
    arguments = parser.parse_args()
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="nncli-memory-") as folder:
        if arguments.only in (None, "mnist"):
            result["mnist"] = measure_training(arguments.data / "tfds", Path(folder), arguments.repeats)
        if arguments.only in (None, "csv"):
            result["csv"] = measure_csv(Path(folder), arguments.megabytes, arguments.repeats)
        if arguments.only in (None, "photos"):
            result["photos"] = measure_photos(Path(folder), arguments.repeats)
    print("\n".join(lines_of(result)))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


def measure_training(prepared: Path, folder: Path, repeats: int) -> dict[str, Any]:
    """Peaks in bytes, in turns: TensorFlow imported, TensorFlow in use, `nncli train` for one epoch."""
    train = ["-m", "nncli", "train", "mnist_softmax", "--epochs", "1", "--runs-dir", str(folder)]
    commands = {
        "imported": ["-c", IMPORT],
        "at_work": ["-c", AT_WORK],
        "train": [*train, "--data-dir", str(prepared)],
    }
    peaks: dict[str, list[int]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, words in commands.items():
            peaks[name].append(peak_of([sys.executable, *words]))
    medians = {name: statistics.median(values) for name, values in peaks.items()}
    return {
        "peaks": peaks,
        "data": MNIST_BYTES,
        "against_imported": medians["train"] / (medians["imported"] + MNIST_BYTES),
        "against_at_work": medians["train"] / (medians["at_work"] + MNIST_BYTES),
    }


def peak_of(command: list[str]) -> int:
    """The peak resident memory of a command in bytes. Raises RuntimeError if it fails."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} exited with code {process.returncode}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure_csv(folder: Path, megabytes: int, repeats: int) -> dict[str, Any]:
    """Seconds and memory for reading a generated table; `columns` is its size as float64 and int32."""
    path = folder / "table.csv"
    rows = write_table(path, megabytes)
    words = [sys.executable, "-c", LOAD, str(path)]
    done = [json.loads(subprocess.run(words, capture_output=True, check=True).stdout) for _ in range(repeats)]
    seconds, peaks, arrays = zip(*done, strict=True)
    size, columns = path.stat().st_size, rows * (21 * 8 + 4 * 4)
    return {
        "bytes": size,
        "rows": rows,
        "seconds": seconds,
        "megabytes_per_second": size / 1e6 / statistics.median(seconds),
        "peak": statistics.median(peaks),
        "arrays": arrays[0],
        "columns": columns,
        "peak_against_file": statistics.median(peaks) / size,
        "peak_against_columns": statistics.median(peaks) / columns,
        "peak_against_arrays": statistics.median(peaks) / arrays[0],
    }


def measure_photos(folder: Path, repeats: int) -> dict[str, list[int]]:
    """Peaks in bytes of `nncli init` and `nncli data` for a folder of 20 photos of 4000 × 3000 pixels."""
    generator = np.random.default_rng(0)
    for index in range(20):
        path = folder / "photos" / "ab"[index % 2] / f"{index}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(generator.integers(0, 256, (30, 40, 3), np.uint8))
        coarse.resize((4000, 3000), Image.Resampling.BICUBIC).save(path, quality=90)
    commands = {"init": ["init", "--output", str(folder / "photos.yaml"), "--force"], "data": ["data"]}
    nncli = [sys.executable, "-m", "nncli"]
    return {
        name: [peak_of([*nncli, *words, str(folder / "photos")]) for _ in range(repeats)]
        for name, words in commands.items()
    }


def write_table(path: Path, megabytes: int) -> int:
    """Writes the table; returns its number of rows."""
    generator = np.random.default_rng(0)
    names = [*(f"n{index}" for index in range(20)), *(f"c{index}" for index in range(4)), "y"]
    texts = [np.array([f"name{value}" for value in range(5 + 10 * index)]) for index in range(4)]
    rows, block = 0, 20_000
    with path.open("w") as file:
        file.write(",".join(names) + "\n")
        while file.tell() < megabytes * 1e6:
            numbers = generator.normal(np.arange(20) * 10, 3, (block, 20))
            columns = [np.char.mod("%.4f", numbers[:, index]) for index in range(20)]
            columns += [choices[generator.integers(0, len(choices), block)] for choices in texts]
            columns.append(np.char.mod("%.3f", numbers[:, 1] * 3 + generator.normal(0, 1, block)))
            file.writelines(",".join(cells) + "\n" for cells in zip(*columns, strict=True))
            rows += block
    return rows


def lines_of(result: dict[str, Any]) -> list[str]:
    """The results as lines of text."""
    lines = []
    if "mnist" in result:
        mnist = result["mnist"]
        lines.append(f"{'peak memory, MiB':<34}{'median':>8}{'min':>8}{'max':>8}")
        told = {"imported": "TensorFlow imported", "at_work": "TensorFlow in use", "train": "nncli train, MNIST"}
        for name, values in mnist["peaks"].items():
            row = "".join(f"{value / MIB:8.0f}" for value in (statistics.median(values), min(values), max(values)))
            lines.append(f"{told[name]:<34}{row}")
        lines.append(f"{'the MNIST arrays':<34}{mnist['data'] / MIB:8.0f}")
        lines.append(f"{'train / (imported + data)':<34}{mnist['against_imported']:8.2f}")
        lines.append(f"{'train / (in use + data)':<34}{mnist['against_at_work']:8.2f}")
    if "csv" in result:
        table = result["csv"]
        lines.append(f"a CSV of {table['bytes'] / 1e6:.0f} MB, {table['rows']:,} rows, 25 columns")
        row = "".join(f"{value:8.2f}" for value in (statistics.median(table["seconds"]), *spread(table["seconds"])))
        lines.append(f"{'seconds: median, min, max':<34}{row}")
        lines.append(f"{'MB per second':<34}{table['megabytes_per_second']:8.0f}")
        lines.append(f"{'peak increase, MB':<34}{table['peak'] / 1e6:8.0f}")
        for name, what in (("file", "file size"), ("columns", "columns in memory"), ("arrays", "resulting arrays")):
            lines.append(f"{'peak / ' + what:<34}{table[f'peak_against_{name}']:8.2f}")
    return lines + (photo_lines(result["photos"]) if "photos" in result else [])


def photo_lines(peaks: dict[str, list[int]]) -> list[str]:
    """The peaks for photos as lines of text."""
    lines = ["20 JPEG files of 12 megapixels: peak memory, MiB"]
    for name, values in peaks.items():
        row = "".join(f"{value / MIB:8.0f}" for value in (statistics.median(values), min(values), max(values)))
        lines.append(f"{f'nncli {name}':<34}{row}")
    return lines


def spread(values: list[float]) -> tuple[float, float]:
    """Minimum and maximum."""
    return min(values), max(values)


if __name__ == "__main__":
    main()
