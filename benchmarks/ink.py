"""Measures how many digits that a user draws or photographs are predicted right, with and without the preparation.

    python benchmarks/ink.py --data DATA            # trains mnist_softmax and mnist_cnn, then predicts
    python benchmarks/ink.py --data DATA --each 20 --kinds "thin pen" chalk
    python benchmarks/ink.py --data DATA --photos FOLDER    # also images of your own, named 7_anything.jpg

DATA is a folder with MNIST in tfds/, as tensorflow-datasets prepares it. The pictures are digits drawn with a pen by
this script, and test images of MNIST enlarged, on paper, boards and screens of many kinds (benchmarks/handwriting/).
Finally the 10,000 test images are written as PNG files; the last line counts whose answer the preparation changes.
"""

import argparse
import csv
import io
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from handwriting.pictures import KINDS
from handwriting.shapes import draw_digit, enlarge_digit
from PIL import Image

from nncli import data
from nncli.config.sections import Data

CONFIGS = ("mnist_softmax", "mnist_cnn")


def nncli(*words: object) -> str:
    """The answer of a command."""
    done = subprocess.run([sys.executable, "-m", "nncli", *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"nncli {words[0]} failed: {done.stderr}")
    return done.stdout


def predict(folder: Path, run: str, runs: Path, *options: str) -> dict[str, str]:
    """The prediction of each file by its path."""
    text = nncli("predict", folder, "--run", run, "--runs-dir", runs, "--format", "csv", "--quiet", *options)
    return {row["input"]: row["prediction"] for row in csv.DictReader(io.StringIO(text))}


def draw_pictures(folder: Path, kinds: list[str], each: int, pixels: np.ndarray, labels: np.ndarray) -> None:
    """Writes pictures named <digit>_<number> into a folder for each kind and each of the two sources of shapes."""
    for number, name in enumerate(kinds):
        kind = KINDS[name]
        for source in ("pen", "mnist"):
            rng = np.random.default_rng([number, source == "pen"])
            here = folder / f"{name}, {source}"
            here.mkdir(parents=True)
            for place in range(each):
                digit, row = place % 10, int(rng.integers(len(labels)))
                if source == "pen":
                    mask = draw_digit(digit, rng, pen=rng.uniform(*kind.pens))
                else:
                    digit, mask = int(labels[row]), enlarge_digit(pixels[row])
                (here / f"{digit}_{place}.{kind.ending}").write_bytes(kind.draw(mask, rng))


def shares(predictions: dict[str, str]) -> Iterator[tuple[str, int, int]]:
    """For each folder: its name, how many predictions are right, and of how many."""
    found: dict[str, list[bool]] = defaultdict(list)
    for path, prediction in predictions.items():
        found[Path(path).parent.name].append(Path(path).name.startswith(prediction))
    for name, right in found.items():
        yield name, sum(right), len(right)


def report(folder: Path, runs: Path) -> None:
    """Prints the share right of each kind of picture, with and without the preparation."""
    columns = [(config, option) for config in CONFIGS for option in ("prepared", "as is")]
    results: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for config, option in columns:
        options = ["--as-is"] if option == "as is" else []
        for name, right, count in shares(predict(folder, config, runs, *options)):
            results[name].append((right, count))
    print(f"{'right':28}" + "".join(f"{f'{config} {option}':>24}" for config, option in columns))
    totals = {f"all, {source}": [row for name, row in results.items() if name.endswith(source)] for source in SOURCES}
    for name, rows in results.items():
        print(f"{name:28}" + "".join(f"{right / count:24.3f}" for right, count in rows))
    for name, several in totals.items():
        if several:
            sums = np.array(several).sum(axis=0)
            print(f"{name:28}" + "".join(f"{right / count:24.3f}" for right, count in sums))


SOURCES = ("pen", "mnist")


def main() -> None:
    """Trains, draws, predicts and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=100, help="pictures of each kind and source")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--photos", type=Path, help="a folder of images that are named by their digit")
    parser.add_argument("--runs-dir", type=Path, help="use the runs in this folder instead of training")
    wanted = parser.parse_args()
    os.environ["NNCLI_DATA_DIR"] = str(wanted.data / "tfds")
    section, quiet = Data(source="mnist"), lambda what, share: None
    test = data.load(section, seed=1, data_dir=wanted.data / "tfds", progress=quiet).test
    pixels = test.inputs["image"][..., 0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        runs = wanted.runs_dir or folder / "runs"
        for config in CONFIGS if wanted.runs_dir is None else ():
            nncli("train", config, "--runs-dir", runs, "--quiet")
        draw_pictures(folder / "drawn", wanted.kinds, wanted.each, pixels, test.targets)
        report(folder / "drawn", runs)
        if wanted.photos is not None:
            report(wanted.photos, runs)
        plain = folder / "plain"
        plain.mkdir()
        for row, image in enumerate(pixels):
            Image.fromarray(image).save(plain / f"{row}.png")
        for config in CONFIGS:
            prepared, as_is = predict(plain, config, runs), predict(plain, config, runs, "--as-is")
            changed = sum(prepared[name] != as_is[name] for name in as_is)
            print(f"{config}: {changed} of {len(as_is):,} plain test images change their answer")


if __name__ == "__main__":
    main()
