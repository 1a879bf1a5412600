"""Measures how many wrong labels `nncli data CONFIG --suspect-labels` finds: some are made wrong, and looked for.

    python benchmarks/suspects.py --data ../shared/data

For each data set, 2 % of the labels (`--share`) are exchanged for another class, drawn at random, with each of three
seeds. `precision` is the share of the doubted labels that are among these, `recall` the share of these that are
doubted; `first` is the precision among as many of the most doubted labels as were made wrong. Labels that were wrong
before count against the precision.
"""

import argparse
import csv
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from nncli import pipeline
from nncli.config.sections import Data
from nncli.console import Console
from nncli.data import load

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
TABLES = Path(__file__).parent / "tables"
NETWORK = {
    "model": {"layers": [{"dense": {"units": 64}}, "output"]},
    "optimizer": {"name": "adam", "learning_rate": 0.003},
    "train": {"epochs": 40, "early_stopping": {"monitor": "val_loss", "patience": 5}},
}
Flip = Callable[[np.ndarray], np.ndarray]


def flip(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, set[int]]:
    """Labels (n,) with a share exchanged for another of their values, and the numbers of these rows."""
    generator = np.random.default_rng(seed)
    rows = generator.choice(len(labels), max(1, round(share * len(labels))), replace=False)
    classes = np.unique(labels)
    changed = labels.copy()
    for row in rows:
        changed[row] = generator.choice(classes[classes != labels[row]])
    return changed, set(rows.tolist())


def write_arrays(folder: Path, x: np.ndarray, y: np.ndarray) -> dict[str, object]:
    """An archive and the `data` section for it."""
    np.savez(folder / "data.npz", x=x, y=y)
    return {"source": "npz", "path": "data.npz", "task": "multiclass" if len(np.unique(y)) > 2 else "binary"}


def bundled(name: str, share: float, seed: int, folder: Path) -> tuple[dict[str, object], set[int]]:
    """The config for a bundled data set with wrong labels, and the rows of these."""
    loaders = {"digits": load_digits, "iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer}
    bunch = loaders[name]()
    labels, rows = flip(bunch.target, share, seed)
    x = bunch.images.astype(np.uint8) if name == "digits" else bunch.data
    return {**NETWORK, "seed": seed, "data": write_arrays(folder, x, labels)}, rows


def mnist(share: float, seed: int, folder: Path, data: Path, count: int = 10_000) -> tuple[dict[str, object], set[int]]:
    """The same for the first images of MNIST's training set, with convolutions."""
    known = load(Data(source="mnist"), seed=1, data_dir=data / "tfds", progress=lambda *_: None).train
    labels, rows = flip(np.asarray(known.targets[:count]), share, seed)
    network = {
        **NETWORK,
        "model": {"layers": [{"conv2d": {"filters": 16}}, "max_pooling2d", {"conv2d": {"filters": 32}}, "flatten",
                             {"dropout": {"rate": 0.3}}, "output"]},
        "train": {"epochs": 8, "batch_size": 64},
    }  # fmt: skip
    return {**network, "seed": seed, "data": write_arrays(folder, known.inputs["image"][:count], labels)}, rows


def titanic(share: float, seed: int, folder: Path, data: Path) -> tuple[dict[str, object], set[int]]:
    """The same for the passengers of the Titanic, with the network of benchmarks/tables/titanic.yaml."""
    with (data / "csv" / "titanic.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    target = lines[0].index("survived")
    labels, rows = flip(np.array([line[target] for line in lines[1:]]), share, seed)
    for line, label in zip(lines[1:], labels, strict=True):
        line[target] = label
    with (folder / "titanic.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    config = yaml.safe_load((TABLES / "titanic.yaml").read_text())
    return {**config, "seed": seed, "data": {**config["data"], "path": "titanic.csv"}}, rows


def measure(
    make: Callable[[float, int, Path], tuple[dict[str, object], set[int]]], share: float, seed: int
) -> list[float]:
    """Rows, flipped, doubted; precision, recall, precision among the first; seconds."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config, rows = make(share, seed, folder)
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        started = time.perf_counter()
        request = pipeline.SuspectRequest(str(folder / "config.yaml"))
        found = pipeline.suspect_labels(request, folders=pipeline.Folders(), console=Console(quiet=True)).result
        seconds = time.perf_counter() - started
    doubted = [each["row"] - 1 for each in found["suspects"]]
    hits = len(rows & set(doubted))
    first = len(rows & set(doubted[: len(rows)])) / len(rows)
    precision = hits / len(doubted) if doubted else float("nan")
    return [found["rows"], len(rows), len(doubted), precision, hits / len(rows), first, found["accuracy"], seconds]


def main() -> None:
    """Prints a line for each data set: the means over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    data = options.data.resolve()
    makers = {
        name: (lambda s, n, f, name=name: bundled(name, s, n, f))
        for name in ("digits", "iris", "wine", "breast_cancer")
    }
    makers["titanic"] = lambda s, n, f: titanic(s, n, f, data)
    makers["mnist, 10,000"] = lambda s, n, f: mnist(s, n, f, data)
    print("data              rows  wrong  doubted  precision  recall  first  agrees      s")
    for name, make in makers.items():
        found = [measure(make, options.share, seed) for seed in range(1, options.seeds + 1)]
        rows, wrong, doubted, precision, recall, first, agrees, seconds = (
            statistics.fmean(each) for each in zip(*found, strict=True)
        )
        print(
            f"{name:14} {rows:7,.0f} {wrong:6.0f} {doubted:8.1f} {precision:10.2f} {recall:7.2f} {first:6.2f} "
            f"{agrees:7.3f} {seconds:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
